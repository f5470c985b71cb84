import Discovery
import LLVM
import RuntimeABI

/// Translates the functions of one guest program: analyses them once, then fills any number of LLVM
/// modules with them.
///
///     let translator = Translator(discovery)
///     for shard in translator.shards(count: 8) { try translator.translate(shard, into: module, for: traits) }
///     translator.emitStubs(image, into: lastModule, for: traits)
public struct Translator {
  let analysis: SignatureAnalysis
  /// Functions that are left to the interpreter, by index.
  public var excluded: Set<Int> = []

  public init(_ discovery: Discovery) {
    let entries = Set(discovery.functions.map(\.entry))
    analysis = SignatureAnalysis(
      discovery.functions.map { FunctionFacts($0, entries: entries) },
      addressTaken: Set(discovery.functions.filter(\.isAddressTaken).map(\.entry)),
      isGo: discovery.isGo)
  }

  /// Nothing is translated: the interpreter runs everything.
  public static var nothing: Translator { Translator(SignatureAnalysis([], addressTaken: [], isGo: false)) }

  private init(_ analysis: SignatureAnalysis) { self.analysis = analysis }

  public var functionCount: Int { analysis.functions.count }
  public func entry(of function: Int) -> UInt64 { analysis.functions[function].entry }

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

  /// Splits the functions into about `count` runs of similar size, in address order: those with loops
  /// apart from the others, for which fewer passes do.
  public func shards(count: Int) -> [[Int]] {
    let weights = analysis.functions.map { f in f.blocks.reduce(0) { $0 + $1.instructions.count } }
    let share = max(1, (weights.reduce(0, +) + count - 1) / count)
    let withLoops = Set(weights.indices.filter(hasLoop))
    func runs(_ functions: [Int]) -> [[Int]] {
      var runs: [[Int]] = []
      var room = 0
      for f in functions {
        if room <= 0 {
          runs.append([])
          room = share
        }
        runs[runs.count - 1].append(f)
        room -= weights[f]
      }
      return runs
    }
    return runs(weights.indices.filter(withLoops.contains))
      + runs(weights.indices.filter { !withLoops.contains($0) })
  }

  private var codeMapMask: UInt64 { StubEmitter.mask(forCount: functionCount) }

  /// Lifts `functions` into `module`.
  public func translate(_ functions: [Int], into module: Module, for target: TargetTraits)
    throws
  {
    let unit = TranslationUnit(
      module: module, analysis: analysis, target: target, codeMapMask: codeMapMask)
    Emission.current = unit.emission
    defer { Emission.current = nil }
    for f in functions where !excluded.contains(f) {
      try FunctionLifter(unit, number: f).lift()
    }
  }

  /// Emits what the artifact has once: code map, image description, adapters.
  public func emitStubs(_ image: ImageFacts, into module: Module, for target: TargetTraits) {
    let unit = TranslationUnit(
      module: module, analysis: analysis, target: target, codeMapMask: codeMapMask)
    Emission.current = unit.emission
    defer { Emission.current = nil }
    // Code that changes callee-saved registers is for the interpreter's checks when it is reached
    // from outside.
    let reachable = analysis.functions.indices.filter {
      !excluded.contains($0)
        && analysis.signatures[$0].changed.intersection(.calleeSaved).isEmpty
    }
    StubEmitter(unit: unit).emit(image, translated: reachable)
    // A function that was left out is still called by those that were not.
    for f in excluded.sorted() { StubEmitter(unit: unit).emitLeftOut(f) }
  }
}
