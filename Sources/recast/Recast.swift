import ArgumentParser
import Commands
import Driver
import Foundation

@main
struct Recast: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recast",
    abstract: "Recompiles static x86-64 Linux programs for other instruction sets.",
    discussion: """
      An artifact is one static executable that needs nothing installed. What cannot be \
      translated ahead of time is run by an interpreter inside it.

      EXAMPLES:
        recast build /bin/busybox --target aarch64-linux-gnu -o busybox-arm
        recast run ./prog --its-own-option
        recast inspect ./prog

      EXIT STATUS: 0 success; otherwise a number of sysexits.h: 64 usage, 65 bad input, 66 no \
      input, 69 not supported or a tool is missing, 70 a bug, 71 system, 73 cannot create, 74 \
      input or output failed, 77 no permission. `recast run` exits as the program does.

      Shell completion: recast --generate-completion-script bash|zsh|fish
      """,
    version: "recast \(Version.text) (\(Version.identity))",
    subcommands: [
      Build.self, Run.self, Inspect.self, Slice.self, Select.self, FleetCommand.self, Targets.self, Doctor.self,
    ])

  static func main() {
    signal(SIGPIPE, SIG_DFL)
    Temporary.removeAtInterrupts()
    self.main(nil)
  }
}

/// Runs a command's body and turns its error into a line and a status.
func reporting(_ body: () throws(BuildError) -> Void) throws {
  do {
    try body()
  } catch {
    Diagnostics.report(error)
    throw ExitCode(error.kind.rawValue)
  }
}

func output(_ data: Data) { FileHandle.standardOutput.write(data) }
func output(_ text: String) { output(Data(text.utf8)) }
