import ArgumentParser
import Driver
import Foundation
import Slices

struct Slice: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Cut out of a run what its time goes into, as a program that replays it.",
    usage: "recast slice [<options>] <input> [-- <args> ...]",
    discussion: """
      The program runs three times on this machine, so it must be one that can be repeated. What \
      comes out is one static executable for x86-64 with the program's code, the memory and registers \
      at the beginning of hot stretches, and what they end with. Run, it gives their times; \
      recompiled with recast build, it gives the times of the translation.
      """)

  @Argument(help: "A static x86-64 Linux executable.", completion: .file())
  var input: String

  @Argument(parsing: .postTerminator, help: "The program's own arguments.")
  var arguments: [String] = []

  @Option(name: .shortAndLong, help: "Where the replay program goes.", completion: .file())
  var output: String?

  @OptionGroup var slicing: SlicingOptions

  @Flag(help: "Print the report as JSON on standard output.")
  var json = false

  func run() throws {
    try reporting { () throws(BuildError) in
      let file: OutputFile?
      if let output { file = try OutputFile(output, replacing: input) } else { file = nil }
      let progress = Progress(quiet: json)
      let set = try slice(slicing.options(input, arguments), progress: progress)
      progress.finish()
      if let file {
        try file.write(set.replay)
        try file.commit(executable: true)
      }
      if json { recast.output(set.report.json()) } else { recast.output(set.report.text) }
    }
  }
}

/// How slices are cut; `slice` and `select` share it.
struct SlicingOptions: ParsableArguments {
  @Option(help: "What the program reads as standard input.", completion: .file())
  var stdin: String = "/dev/null"

  @Option(help: "Seconds that one run of the program may take.")
  var runLimit: Int = 120

  @Option(help: "Longest stretch that is cut, in milliseconds.")
  var longest: Double = 20

  func validate() throws {
    if runLimit < 1 { throw ValidationError("--run-limit must be at least 1") }
    if !(longest >= 0.1 && longest <= 1000) {
      throw ValidationError("--longest must be from 0.1 to 1000")
    }
  }

  func options(_ input: String, _ arguments: [String]) -> SliceOptions {
    var options = SliceOptions(input: input)
    options.arguments = arguments
    options.standardInput = stdin
    options.limit = runLimit
    options.longest = longest / 1000
    return options
  }
}
