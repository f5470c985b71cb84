import Discovery
import LLVM
import RuntimeABI

/// Translates the functions of one guest program: analyses them once, then fills any number of LLVM
/// modules with them.
///
///     let translator = Translator(discovery)
///     for shard in translator.shards(span: 4096) { try translator.translate(shard, into: module, for: traits) }
///     translator.emitStubs(image, into: lastModule, for: traits)
public struct Translator {
  let analysis: SignatureAnalysis
  /// Functions that are left to the interpreter, by index.
  public var excluded: Set<Int> = []

  /// - Parameter disabled: passes that are left out; the targets' traits have to say the same.
  public init(_ discovery: Discovery, without disabled: Set<OwnPass> = []) {
    let all = Set(discovery.functions.map(\.entry))
    let entries = Set(discovery.functions.lazy.filter { !$0.isResume }.map(\.entry))
    let likely = disabled.contains(.likelyTargets) ? [:] : LikelyTargets.all(of: discovery)
    codeTable = disabled.contains(.codeTable) ? nil : CodeTable(entries: Array(entries))
    analysis = SignatureAnalysis(
      discovery.functions.map {
        FunctionFacts($0, entries: $0.isResume ? all : entries, likely: likely)
      },
      addressTaken: Set(discovery.functions.filter(\.isAddressTaken).map(\.entry)),
      language: discovery.language, exit: discovery.exit)
  }

  /// Nothing is translated: the interpreter runs everything.
  public static var nothing: Translator { Translator(SignatureAnalysis([], addressTaken: [], language: .systemV)) }

  private init(_ analysis: SignatureAnalysis) {
    self.analysis = analysis
    codeTable = nil
  }

  /// A translated function's symbol is this and its guest address in hexadecimal.
  public static let symbolPrefix = "f_"

  public var functionCount: Int { analysis.functions.count }
  public func entry(of function: Int) -> UInt64 { analysis.functions[function].entry }

  /// Whether a function starts at this guest address.
  public func isEntry(_ address: UInt64) -> Bool { analysis.function(at: address) != nil }

  /// Of RAX, RDX, YMM0 and YMM1, what callers of the function at `entry` may look at: masks of general registers, and
  /// of words of vector registers, four each. All of them when there is no such function.
  public func results(of entry: UInt64) -> (registers: UInt64, vectors: UInt64) {
    guard let f = analysis.functions.firstIndex(where: { $0.entry == entry }) else { return (0b101, 0xff) }
    let returned = analysis.signatures[f].returned
    var masks: (registers: UInt64, vectors: UInt64) = (0, 0)
    for n in [0, 2] where returned.contains(.gpr(n)) { masks.registers |= 1 << UInt64(n) }
    for n in 0..<2 {
      if returned.contains(.vector(n, half: 0)) { masks.vectors |= 0b0011 << UInt64(4 * n) }
      if returned.contains(.vector(n, half: 1)) { masks.vectors |= 0b1100 << UInt64(4 * n) }
    }
    return masks
  }

  /// Leaves every function to the interpreter whose entry is not one of `entries`. What the analyses know is still
  /// about the whole program, so that the others are translated as they would be with it.
  public mutating func leaveOut(allBut entries: Set<UInt64>) {
    excluded.formUnion(analysis.functions.indices.filter { !entries.contains(entry(of: $0)) })
  }

  /// Whether function f has a loop of its own.
  public func hasLoop(_ f: Int) -> Bool { CountedLoops(analysis.functions[f]).hasLoop }

  /// How much there is to translate in function f, in instructions.
  public func size(of f: Int) -> Int {
    analysis.functions[f].blocks.reduce(0) { $0 + $1.instructions.count }
  }

  /// Guest addresses from the first of `functions`, which are in address order, to the last instruction
  /// of any of them.
  public func addresses(of functions: [Int]) -> Range<UInt64> {
    let start = entry(of: functions[0])
    let ends = functions.lazy.flatMap { analysis.functions[$0].blocks }.compactMap(\.instructions.last?.next)
    return start..<max(start, (ends.max() ?? start) &+ 1)
  }

  /// Splits the functions into runs of about `span` bytes of code in address order, and these into
  /// functions with loops and others, for which fewer passes do.
  ///
  /// What functions look like decides where a run ends, and not where they are: a change of one function
  /// changes its own shard, and at most its neighbours.
  public func shards(span: Int) -> [[Int]] {
    var shards: [[Int]] = []
    var current: (loops: [Int], others: [Int]) = ([], [])
    var bytes = 0
    for f in analysis.functions.indices {
      let shape = shape(of: f)
      if bytes >= 2 * span || bytes >= span / 2 && shape.hash & 7 == 0 {
        shards += [current.loops, current.others].filter { !$0.isEmpty }
        (current, bytes) = (([], []), 0)
      }
      if hasLoop(f) { current.loops.append(f) } else { current.others.append(f) }
      bytes += shape.bytes
    }
    return shards + [current.loops, current.others].filter { !$0.isEmpty }
  }

  /// A hash over the lengths of function f's instructions (FNV-1a), and their sum.
  private func shape(of f: Int) -> (hash: UInt64, bytes: Int) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    var bytes = 0
    for block in analysis.functions[f].blocks {
      for i in block.instructions {
        hash = (hash ^ UInt64(i.length)) &* 0x100_0000_01b3
        bytes += Int(i.length)
      }
    }
    return (hash ^ hash >> 32, bytes)
  }

  private var codeMapMask: UInt64 { StubEmitter.mask(forCount: functionCount) }
  private let codeTable: CodeTable?

  /// Lifts `functions` into `module`.
  public func translate(_ functions: [Int], into module: Module, for target: TargetTraits)
    throws
  {
    let unit = TranslationUnit(
      module: module, analysis: analysis, target: target, codeMapMask: codeMapMask,
      codeTable: codeTable)
    Emission.current = unit.emission
    defer { Emission.current = nil }
    for f in functions where !excluded.contains(f) {
      var otherwise: Function?
      if analysis.functions[f].isTrampoline {
        let other = unit.addFunction()
        try FunctionLifter(unit, number: f, in: other).lift()
        otherwise = other
      }
      try FunctionLifter(unit, number: f, otherwise: otherwise).lift()
    }
  }

  /// Emits what the artifact has once: code map, image description, adapters.
  public func emitStubs(_ image: ImageFacts, into module: Module, for target: TargetTraits) {
    let unit = TranslationUnit(
      module: module, analysis: analysis, target: target, codeMapMask: codeMapMask,
      codeTable: codeTable)
    Emission.current = unit.emission
    defer { Emission.current = nil }
    // Code that changes registers which callers rely on is for the interpreter's checks when it is reached
    // from outside.
    let kept = RegisterSet.calleeSaved.subtracting(analysis.convention.resultsInKept)
    let reachable = analysis.functions.indices.filter {
      !excluded.contains($0)
        && analysis.signatures[$0].changed.intersection(kept).isEmpty
    }
    StubEmitter(unit: unit).emit(image, translated: reachable)
    // A function that was left out is still called by those that were not.
    for f in excluded.sorted() { StubEmitter(unit: unit).emitLeftOut(f) }
  }
}
