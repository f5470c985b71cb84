import ArgumentParser
import Driver
import Foundation

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Translate for this machine, keep the artifact, and run it.",
    usage: "recast run [<options>] <input> [<args> ...]",
    discussion: """
      Everything after <input> is the program's own. Artifacts are kept in \
      $XDG_CACHE_HOME/recast (or ~/.cache/recast).
      """)

  @OptionGroup var translation: TranslationOptions

  // One list, so that capturing begins at INPUT and no option of the program is taken for ours.
  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The program and its arguments.", valueName: "input"))
  var command: [String] = []

  func validate() throws {
    if command.isEmpty || command[0] == "--" && command.count == 1 {
      throw ValidationError("Missing expected argument '<input>'")
    }
    if command[0] == "--help" || command[0] == "-h" { throw CleanExit.helpRequest(self) }
    if command[0] != "--" && command[0].hasPrefix("-") {
      throw ValidationError("Unknown option '\(command[0])'")
    }
  }

  func run() throws {
    try reporting { () throws(BuildError) in
      let words = command[0] == "--" ? Array(command.dropFirst()) : command
      guard let target = Target.host else {
        throw .unsupported(
          Target.hostArchitecture, "artifacts cannot be made for this machine",
          remedy: "use recast build with a target of recast targets")
      }
      var options = translation.options(input: words[0])
      let input = try readInput(words[0])
      let path = try Cache().path(input: input, options: options, target: target)
      if access(path, X_OK) != 0 {
        options.outputs = [.init(target: target, path: path)]
        options.cacheFolder = Cache.defaultFolder
        let progress = Progress()
        _ = try build(options, progress: progress)
        progress.finish()
      }
      throw execute(path, arguments: words)
    }
  }
}
