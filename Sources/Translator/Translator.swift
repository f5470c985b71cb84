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

  /// Whether function f has a loop of its own.
  public func hasLoop(_ f: Int) -> Bool { CountedLoops(analysis.functions[f]).hasLoop }

  /// How much there is to translate in function f, in instructions.
  public func size(of f: Int) -> Int {
    analysis.functions[f].blocks.reduce(0) { $0 + $1.instructions.count }
  }

  /// Splits the functions by where they start: those in one window of `span` bytes of guest addresses
  /// are together, in address order; those with loops apart from the others, for which fewer passes do.
  ///
  /// What one function is has no effect on the shards of others, so that a change spoils one object
  /// of a cache.
  public func shards(span: UInt64) -> [[Int]] {
    struct Place: Hashable { var window: UInt64, hasLoop: Bool }
    var shards: [[Int]] = []
    var numbers: [Place: Int] = [:]
    for f in analysis.functions.indices {
      let place = Place(window: entry(of: f) / span, hasLoop: hasLoop(f))
      if let n = numbers[place] {
        shards[n].append(f)
      } else {
        numbers[place] = shards.count
        shards.append([f])
      }
    }
    return shards
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
