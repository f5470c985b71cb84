import Commands
import Foundation

/// What an artifact's executor says that it had to interpret (`RECAST_LOG=stats`), in one run.
struct ExecutorFindings {
  /// Blocks, the most interpreted first.
  private(set) var addresses: [UInt64] = []

  init(artifact: String, target: Target, arguments: [String], input: String, limit: Int) {
    var words = [artifact.contains("/") ? artifact : "./" + artifact] + arguments
    switch target.execution {
    case .native: break
    case .emulator(let path): words.insert(path, at: 0)
    case .none: return
    }
    let bytes = FileManager.default.contents(atPath: input) ?? Data()
    var environment = ProcessInfo.processInfo.environment
    environment["RECAST_LOG"] = "stats"
    let result = Command.run(
      words, input: [UInt8](bytes), limit: Double(limit),
      environment: environment.map { "\($0.key)=\($0.value)" })
    for line in String(decoding: result.errors, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: " ")
      if parts.count == 3, parts[0] == "recast:", parts[1].hasPrefix("0x"),
        let address = UInt64(parts[1].dropFirst(2), radix: 16)
      {
        addresses.append(address)
      }
    }
  }
}
