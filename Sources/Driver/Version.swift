import Foundation

/// Which Recast this is.
public enum Version {
  public static let text = "0.1.0"

  /// Changes with every change of the tool or of the runtime module: a hash over both files. It is
  /// part of every cache key, so that no artifact of an older translator is ever used.
  public static let identity: String = {
    var parts = [text]
    for path in ["/proc/self/exe"] + [try? Locate.runtime()].compactMap({ $0 }) {
      if let bytes = try? Data(contentsOf: URL(fileURLWithPath: path)) {
        parts.append(SHA256.hex(bytes))
      }
    }
    return String(SHA256.hex(parts.joined(separator: " ")).prefix(16))
  }()
}
