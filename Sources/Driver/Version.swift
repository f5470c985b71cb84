import CProcess
import Commands
import Foundation

/// Which Recast this is.
public enum Version {
  public static let text = "0.1.0"

  /// Changes with every change of the tool or of the runtime module: a hash over the tool's build id,
  /// or its file if it was linked without one, and over the module's files. It is part of every cache
  /// key, so that no artifact of an older translator is ever used.
  public static let identity: String = {
    var buildID = [UInt8](repeating: 0, count: 64)
    buildID.removeLast(64 - recast_build_id(&buildID, 64))
    var parts = [text, SHA256.hex(buildID)]
    var paths = buildID.isEmpty ? ["/proc/self/exe"] : []
    if let runtime = try? Locate.runtime() {
      let folder = runtime.folder
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      paths += names.filter { $0.hasSuffix(".bc") || $0.hasSuffix(".s") }.sorted()
        .map { "\(folder)/\($0)" }
    }
    for path in paths {
      if let bytes = try? Data(contentsOf: URL(fileURLWithPath: path)) {
        parts.append(SHA256.hex(bytes))
      }
    }
    return String(SHA256.hex(parts.joined(separator: " ")).prefix(16))
  }()
}
