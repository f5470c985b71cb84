import Translator

/// What a build was asked for. Everything that can change an artifact's bytes is in `key`.
public struct BuildOptions: Codable, Sendable {
  public enum Flow: String, Codable, Sendable, CaseIterable {
    /// Translate all that is found; the interpreter runs the rest.
    case `static`
    /// Translate nothing: the interpreter runs everything.
    case interpret
  }

  public var input: String
  /// Output path for each target, in the order asked for.
  public var outputs: [Output] = []
  public var optimisation = 2
  /// LLVM's processor name; empty means the triple's baseline.
  public var cpu = ""
  /// LLVM's feature string, added to the triple's baseline: "+a,-b".
  public var features = ""
  public var flow = Flow.static
  public var jobs = 1
  /// Where the modules are kept as textual IR, one directory for all targets.
  public var keepIR: String?
  /// Keep the names of translated functions in the artifact's symbol table.
  public var symbols = false
  /// LLVM's passes of the level's pipeline, or `OwnPass`es.
  public var disabledPasses: [String] = []
  /// Raise #GP for misaligned operands where the host's instructions do not.
  public var checksAlignment = false
  /// Guest addresses that earlier runs had to interpret.
  public var learnt: [UInt64] = []
  /// Where objects of earlier builds are kept (`ObjectStore`); nil: every function is translated anew.
  public var cacheFolder: String?
  /// How much of them is kept, in MiB.
  public var cacheLimit = 1024
  /// Entries of the functions to translate, the others being the interpreter's; nil: all.
  public var entries: [UInt64]?

  public struct Output: Codable, Sendable {
    public var target: Target
    public var path: String
    public init(target: Target, path: String) {
      self.target = target
      self.path = path
    }
  }

  public init(input: String) { self.input = input }

  /// The options in one canonical line, for cache keys. `jobs`, paths, caches and reports are not in it:
  /// an artifact must not depend on them.
  public func key(for target: Target) -> String {
    [
      "target=\(target.triple)", "O\(optimisation)", "cpu=\(cpu)", "features=\(features)",
      "flow=\(flow.rawValue)", "symbols=\(symbols)",
      "disabled=\(disabledPasses.sorted().joined(separator: ","))",
    ].joined(separator: " ")
      + (checksAlignment ? " checks-alignment" : "")
      + (entries.map { " entries=\($0.sorted().map { String($0, radix: 16) })" } ?? "")
      + (learnt.isEmpty ? "" : " learnt=\(learnt.sorted().map { String($0, radix: 16) })")
  }
}

extension BuildOptions {
  var disabledOwnPasses: Set<OwnPass> { Set(disabledPasses.compactMap(OwnPass.init)) }
}
