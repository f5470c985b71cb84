import Commands
import Foundation
import LLVM

/// A triple that artifacts can be made for, and what is needed to run one here.
public struct Target: Codable, Sendable, Hashable {
  public var triple: String
  public init(known triple: String) { self.triple = triple }

  public static let all: [Target] = [
    "x86_64-linux-gnu", "aarch64-linux-gnu", "riscv64-linux-gnu", "loongarch64-linux-gnu",
  ].map { Target(known: $0) }

  /// Accepts a triple of the list, its architecture alone, or the same with a vendor
  /// (`aarch64-unknown-linux-gnu`).
  public init(parsing text: String) throws(BuildError) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    let system = parts.dropFirst().drop { $0 == "unknown" || $0 == "pc" }.joined(separator: "-")
    guard let match = Self.all.first(where: { $0.architecture == String(parts.first ?? "") }),
      parts.count == 1 || system == "linux-gnu" || system == "linux"
    else {
      throw Self.unknown(text)
    }
    self = match
  }

  /// What is missing for it: LLVM's backend, or what Recast itself has for an architecture.
  private static func unknown(_ text: String) -> BuildError {
    let choice = "choose from " + all.map(\.triple).joined(separator: ", ")
    let triple = text.contains("-") ? text : text + "-linux-gnu"
    if TargetMachine.hasBackend(for: triple) {
      return BuildError(.usage, text, "unknown target: Recast has no runtime for it", remedy: choice)
    }
    return BuildError(
      .usage, text,
      "unknown target: LLVM \(TargetMachine.version), which this recast is built with, has no backend for it",
      remedy: choice + "; another LLVM is taken by building Recast with RECAST_LLVM (docs/SELECTOR.md)")
  }

  public var architecture: String { String(triple.prefix { $0 != "-" }) }

  public static var hostArchitecture: String {
    var name = utsname()
    guard uname(&name) == 0 else { return "" }
    return withUnsafeBytes(of: &name.machine) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
  /// The machine the tool runs on, if artifacts can be made for it.
  public static var host: Target? { all.first { $0.architecture == hostArchitecture } }

  public enum Execution: Sendable, Equatable {
    case native
    case emulator(String)
    case none
  }
  /// How an artifact for this target can be run here.
  public var execution: Execution {
    if architecture == Self.hostArchitecture { return .native }
    for name in ["qemu-\(architecture)-static", "qemu-\(architecture)"] {
      if let path = Locate.executable(name) { return .emulator(path) }
    }
    return .none
  }
}

/// Finds tools and the runtime module.
public enum Locate {
  public static func executable(_ name: String) -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(name)" }
      .first { access($0, X_OK) == 0 && !isDirectory($0) }
  }

  /// The directory of the running executable, symbolic links resolved.
  public static var toolDirectory: String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes {
      readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    return path.folder
  }

  /// Where the runtime module is looked for, in order. `RECAST_RUNTIME` alone counts when it is set.
  public static var runtimeCandidates: [String] {
    if let named = getenv("RECAST_RUNTIME"), named.pointee != 0 { return [String(cString: named)] }
    return ["../../recast-runtime", "../recast-runtime", "../lib/recast", "."].map {
      URL(fileURLWithPath: "\(toolDirectory)/\($0)/runtime.bc").standardizedFileURL.path
    }
  }
  public static func runtime() throws(BuildError) -> String {
    if let path = runtimeCandidates.first(where: { access($0, R_OK) == 0 }) { return path }
    throw BuildError(
      .unavailable, "runtime.bc", "the runtime module is missing",
      remedy: "run Scripts/build-runtime, or name the file in RECAST_RUNTIME")
  }

  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}

extension Locate {
  /// The QEMU plugin that counts instructions: what RECAST_INSNCOUNT names, or beside the tool.
  public static var instructionCounter: String? {
    if let named = getenv("RECAST_INSNCOUNT"), named.pointee != 0 {
      return String(cString: named)
    }
    return ["librecast-insncount.so", "../lib/recast/librecast-insncount.so"]
      .map { "\(toolDirectory)/\($0)" }.first { access($0, R_OK) == 0 }
  }
}
