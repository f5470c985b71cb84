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

  func run() throws {
    try reporting { () throws(BuildError) in
      let progress = Progress(quiet: json)
      let report = try inspect(input, function: function, progress: progress)
      progress.finish()
      if json { output(report.json()) } else { output(report.text) }
    }
  }
}
