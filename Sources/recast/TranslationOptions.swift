import ArgumentParser
import Driver
import Foundation

enum Level: Int, EnumerableFlag {
  case o0, o1, o2, o3
  static func name(for value: Level) -> NameSpecification {
    .customLong("O\(value.rawValue)", withSingleDash: true)
  }
  static func help(for value: Level) -> ArgumentHelp? {
    switch value {
    case .o0: "Hardly optimise: fastest build."
    case .o1: "Optimise a little."
    case .o2: "Optimise (the default)."
    case .o3: "Optimise more, at the cost of build time."
    }
  }
}

extension BuildOptions.Flow: ExpressibleByArgument {}

/// What `build` and `run` share: everything that changes an artifact.
struct TranslationOptions: ParsableArguments {
  @Flag(exclusivity: .chooseLast)
  var level: Level = .o2

  @Option(help: "LLVM's name of the processor to emit for.")
  var cpu: String = ""

  @Option(help: "LLVM features to add or leave out: +a,-b.")
  var features: String = ""

  @Option(help: "static: translate ahead of time; interpret: translate nothing.")
  var flow: BuildOptions.Flow = .static

  @Option(name: .shortAndLong, help: "Processes that emit code (default: one per processor).")
  var jobs: Int?

  @Option(
    name: .customLong("disable-pass"),
    help: ArgumentHelp("Leave out one of Recast's passes; may be repeated.", valueName: "name"))
  var disabledPasses: [String] = []

  @Flag(
    name: .customLong("check-alignment"),
    help: "Raise #GP (SIGSEGV) for misaligned MOVAPS and its kin on targets whose own instructions do not.")
  var checksAlignment = false

  func options(input: String) -> BuildOptions {
    var options = BuildOptions(input: input)
    options.optimisation = level.rawValue
    options.cpu = cpu
    options.features = features
    options.flow = flow
    options.jobs = jobs ?? max(1, ProcessInfo.processInfo.activeProcessorCount)
    options.disabledPasses = disabledPasses
    options.checksAlignment = checksAlignment
    return options
  }

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") }
  }
}
