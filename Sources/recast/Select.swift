import ArgumentParser
import Driver
import Foundation
import Selector

struct Select: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure slices on the systems of a fleet, and build for the one that suits best.",
    usage: "recast select [<options>] <input> --fleet <file> [-- <args> ...]",
    discussion: """
      V = E − (λ1·C + λ2·M + λ3·S), with E = 1 − (t2 − t1)/t1: see docs/SELECTOR.md. The program \
      runs three times on this machine. Exit status 75 when no system can take the program.
      """)

  @Argument(help: "A static x86-64 Linux executable.", completion: .file())
  var input: String

  @Argument(parsing: .postTerminator, help: "The program's own arguments.")
  var arguments: [String] = []

  @Option(help: "The fleet file (recast fleet init writes one).", completion: .file())
  var fleet: String

  @Option(name: .shortAndLong, help: "The artifact's path.", completion: .file())
  var output: String?

  @Flag(help: "Build nothing: T/C is what discovery says.")
  var dryRun = false

  @Option(help: "λ of cpu,memory,storage.")
  var lambda: String?

  @Option(help: "V from which the flow is dynamic.")
  var lower: Double?

  @Option(help: "V above which the flow is static.")
  var upper: Double?

  @Option(help: "T/C up to which the interpreter runs the program.")
  var a1: Double?

  @Option(help: "T/C from which a translation is taken.")
  var a2: Double?

  @Flag(help: "Rank by V over cost.")
  var perCost = false

  @OptionGroup var slicing: SlicingOptions
  @OptionGroup var translation: TranslationOptions

  @Option(help: "Write the story: FILE.json or FILE.html.", completion: .file())
  var report: String?

  @Flag(help: "Print the story as JSON on standard output.")
  var json = false

  func validate() throws {
    if !translation.cpu.isEmpty || !translation.features.isEmpty {
      throw ValidationError("cpu and features are the fleet file's")
    }
    if let report, !report.hasSuffix(".json") && !report.hasSuffix(".html") {
      throw ValidationError("--report must end in .json or .html")
    }
  }

  func run() throws {
    var isChosen = false
    try reporting { () throws(BuildError) in
      let options = try self.options()
      let file: OutputFile?
      if let report { file = try OutputFile(report) } else { file = nil }
      let progress = Progress(quiet: json)
      let selection = try select(options, progress: progress)
      progress.finish()
      if let file, let report {
        try file.write(
          report.hasSuffix(".html") ? Data(selection.html.utf8) : encoded(selection))
        try file.commit(executable: false)
      }
      if json { recast.output(encoded(selection)) } else { recast.output(selection.text) }
      isChosen = selection.chosen != nil
    }
    if !isChosen { throw ExitCode(75) }
  }

  private func options() throws(BuildError) -> SelectOptions {
    var fleet = try Fleet(path: self.fleet)
    do throws(MethodError) {
      if let lambda {
        let parts = lambda.split(separator: ",").map { Double($0) }
        guard parts.count == 3, let cpu = parts[0], let memory = parts[1], let storage = parts[2]
        else { throw MethodError("--lambda needs three numbers with commas") }
        fleet.weights = try OccupancyWeights(cpu: cpu, memory: memory, storage: storage)
      }
      let t = fleet.thresholds
      fleet.thresholds = try Thresholds(
        lower: lower ?? t.lower, upper: upper ?? t.upper, poor: a1 ?? t.poor, good: a2 ?? t.good)
    } catch {
      throw BuildError(.usage, "", error.description)
    }
    if perCost { fleet.isPerCost = true }
    var options = SelectOptions(
      slicing: slicing.options(input, arguments), fleet: fleet,
      translation: translation.options(input: input))
    options.isDryRun = dryRun
    options.output = output ?? ""
    return options
  }
}
