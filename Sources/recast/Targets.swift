import ArgumentParser
import Driver

struct Targets: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the targets and which of them can run here.")

  @Flag(help: "Print JSON.")
  var json = false

  private struct Row: Encodable {
    var triple: String
    var runs: Bool
    var emulator: String?
  }

  func run() {
    let rows = Target.all.map { target in
      switch target.execution {
      case .native: Row(triple: target.triple, runs: true, emulator: nil)
      case .emulator(let path): Row(triple: target.triple, runs: true, emulator: path)
      case .none: Row(triple: target.triple, runs: false, emulator: nil)
      }
    }
    if json {
      output(encoded(rows))
      return
    }
    for row in rows {
      let how =
        row.emulator.map { "runs here under \($0)" }
        ?? (row.runs ? "runs here" : "does not run here (apt-get install qemu-user-static)")
      output(row.triple + String(repeating: " ", count: 24 - row.triple.count) + how + "\n")
    }
  }
}
