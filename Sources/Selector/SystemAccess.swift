// Running programs on a system, whichever way it is reached. Every call has a time limit; what goes
// wrong is a `SystemFailure` that says so in words, and costs nothing but that system.
import Commands
import Foundation

package struct SystemFailure: Error, CustomStringConvertible {
  package var description: String
  init(_ description: String) { self.description = description }
}

/// A program on a system, to be run there any number of times.
struct PlacedProgram {
  /// Where it lies, there.
  var path: String
  /// The folder that was made for it.
  var folder: String
}

final class SystemAccess {
  let system: Fleet.System
  private var deadline: Date

  init(_ system: Fleet.System) {
    self.system = system
    deadline = Date(timeIntervalSinceNow: system.limit)
  }

  /// Its time begins again: those that share a machine wait for each other.
  func begin() { deadline = Date(timeIntervalSinceNow: system.limit) }

  /// Seconds that are left of its time.
  func left() throws(SystemFailure) -> Double {
    let left = deadline.timeIntervalSinceNow
    if left <= 0 { throw SystemFailure("its time limit of \(Int(system.limit)) s is over") }
    return left
  }

  /// A shell's command line there.
  private func shell(_ script: String, input: [UInt8] = [], atMost seconds: Double? = nil)
    throws(SystemFailure) -> CommandResult
  {
    let limit = min(try left(), seconds ?? .infinity)
    let words: [String]
    switch system.run {
    case .local, .qemu: words = ["sh", "-c", script]
    case .command(let prefix): words = prefix + ["sh", "-c", script]
    case .ssh(let host):
      words =
        ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5",
          "-o", "ServerAliveCountMax=3"] + host + ["sh -c \(quoted(script))"]
    }
    return Command.run(words, input: input, limit: limit)
  }

  private func quoted(_ text: String) -> String {
    "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }

  private var folder: String { system.folder }

  func askAgent() throws(SystemFailure) -> AgentReport {
    let script = "set -- \(quoted(folder))\n[ -n \"$1\" ] || set --\n" + AgentReport.script
    let result = try shell(script, atMost: 30)
    guard result.isGood else { throw SystemFailure("cannot be asked: \(result.complaint)") }
    guard let report = AgentReport(result.text) else {
      throw SystemFailure("answers nonsense: \(result.text.prefix(60).debugDescription)")
    }
    let wanted = system.target.prefix { $0 != "-" }
    if !system.isEmulated, report.machine != wanted {
      throw SystemFailure("is a \(report.machine) machine, not \(wanted)")
    }
    return report
  }

  /// Puts a program there.
  func place(_ bytes: [UInt8]) throws(SystemFailure) -> PlacedProgram {
    let base = folder.isEmpty ? "${TMPDIR:-/tmp}" : quoted(folder)
    let script = """
      umask 077
      d=$(mktemp -d \(base)/recast-XXXXXX) || exit 73
      if cat > "$d/replay" && chmod 700 "$d/replay" && [ $(wc -c < "$d/replay") = \(bytes.count) ]
      then echo "folder $d"
      else rm -rf "$d"; echo "the file does not fit there" >&2; exit 74
      fi
      """
    let result = try shell(script, input: bytes, atMost: 120)
    guard result.isGood else { throw SystemFailure("takes no program: \(result.complaint)") }
    let lines = result.text.split(separator: "\n")
    guard let line = lines.last(where: { $0.hasPrefix("folder /") }) else {
      throw SystemFailure("answers nonsense: \(result.text.prefix(60).debugDescription)")
    }
    let path = String(line.dropFirst("folder ".count))
    return PlacedProgram(path: path + "/replay", folder: path)
  }

  /// Runs it; its processor time is limited there as well, for the case that the line breaks.
  func run(_ program: PlacedProgram, _ arguments: [Int], wrapper: [String] = [])
    throws(SystemFailure) -> String
  {
    let words = wrapper.map(quoted) + [quoted(program.path)] + arguments.map(String.init)
    let seconds = Int(system.limit) + 1
    let result = try shell("ulimit -t \(seconds); exec \(words.joined(separator: " "))")
    guard result.isGood else { throw SystemFailure("a replay fails: \(result.complaint)") }
    return result.text
  }

  func remove(_ program: PlacedProgram) {
    _ = try? shell("rm -rf \(quoted(program.folder))", atMost: 20)
  }
}
