import ArgumentParser
import Driver

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what a program is and what of it can be translated.")

  @Argument(help: "A static x86-64 Linux executable.", completion: .file())
  var input: String

  @Flag(help: "Print JSON.")
  var json = false

  @Option(
    help: ArgumentHelp("Show one function's blocks: a symbol or 0xADDRESS.", valueName: "name"))
  var function: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("With --function: show its translation for this target.", valueName: "triple"),
    completion: .list(Target.all.map(\.triple)))
  var target: String?

  @Flag(exclusivity: .chooseLast)
  var level: Level = .o2

  @Option(
    name: .customLong("disable-pass"),
    help: ArgumentHelp("With --target: leave out one of Recast's passes; may be repeated.", valueName: "name"))
  var disabledPasses: [String] = []

  func validate() throws {
    if target == nil && !disabledPasses.isEmpty {
      throw ValidationError("--disable-pass leaves something out of a translation: ask for one with --target")
    }
    if target != nil && function == nil {
      throw ValidationError("--target shows one function's translation: name it with --function")
    }
  }

  func run() throws {
    try reporting { () throws(BuildError) in
      let progress = Progress(quiet: json)
      let target = try self.target.map { text throws(BuildError) in try Target(parsing: text) }
      let report = try inspect(
        input, function: function, target: target, optimisation: level.rawValue,
        disabledPasses: disabledPasses, progress: progress)
      progress.finish()
      if json { output(report.json()) } else { output(report.text) }
    }
  }
}
