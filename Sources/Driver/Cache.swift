import Codegen
import Foundation

/// Artifacts that `recast run` keeps.
///
/// A key holds the input's hash, the translator's identity, the target and every option that can
/// change the artifact; nothing in the directory is ever valid for anything else.
public struct Cache: Sendable {
  public let directory: String

  /// $XDG_CACHE_HOME/recast or ~/.cache/recast; nil with neither variable, or a home that is not there.
  public static var defaultFolder: String? { defaultCacheFolder() }

  public init() throws(BuildError) {
    guard let folder = Self.defaultFolder else {
      throw BuildError(
        .osError, "", "no place for the cache", remedy: "set XDG_CACHE_HOME, or HOME to a directory that is there")
    }
    directory = folder
  }

  /// Where the artifact of `options` for `target` is or will be; the directory exists afterwards.
  public func path(input: Data, options: BuildOptions, target: Target) throws(BuildError) -> String {
    var parts = [SHA256.hex(input), Version.identity, options.key(for: target)]
    if options.cpu == "native" { parts.append(Self.processor) }
    let key = SHA256.hex(parts.joined(separator: "\n"))
    let folder = directory + "/" + key.prefix(2)
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw BuildError(
        .cannotCreate, folder, "the cache cannot be made",
        remedy: "set XDG_CACHE_HOME to a place you may write to")
    }
    return folder + "/" + key
  }

  /// The model and features of this machine's processor.
  private static var processor: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let wanted = ["model name", "flags", "CPU part", "Features", "isa", "Model Name"]
    return Set(
      text.split(separator: "\n").filter { line in wanted.contains { line.hasPrefix($0) } }
    ).sorted().joined(separator: "\n")
  }
}
