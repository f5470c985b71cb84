import CProcess
import Commands
import Foundation
import LLVM

/// Which Recast this is.
public enum Version {
  public static let text = "0.1.0"

  /// Changes with every change of the tool, of LLVM or of the runtime module: a hash over the build ids
  /// of the first two, over the tool's file if it was linked without one, and over the module's files.
  /// It is part of every cache key, so that no artifact of an older translator is ever used.
  public static let identity: String = {
    let buildID = Self.buildID(of: nil)
    var parts = [text, SHA256.hex(buildID), SHA256.hex(Self.buildID(of: "/libLLVM")), llvmVersion]
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

  private static func buildID(of library: String?) -> [UInt8] {
    var id = [UInt8](repeating: 0, count: 64)
    id.removeLast(64 - recast_build_id(library, &id, 64))
    return id
  }
}
