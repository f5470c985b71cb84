import Codegen
import Commands
import Foundation
import LLVM
import Translator

/// Objects of earlier builds, by a hash of everything that they were made from.
///
/// An entry appears whole, by renaming, so that builds may share a folder; one that was damaged since
/// is as good as none. Nothing here ever fails a build.
public struct ObjectStore: Sendable {
  public let folder: String
  /// In bytes.
  public let limit: Int

  /// - Parameter folder: made when something is kept there.
  public init(folder: String, limit: Int) { (self.folder, self.limit) = (folder, limit) }

  /// Hexadecimal digits of the content's SHA-256 stand between this and the content.
  private static let magic = Array("recast object 1\n".utf8)
  private static let headerSize = magic.count + 64

  private func path(_ key: String) -> String { "\(folder)/\(key.prefix(2))/\(key)" }

  /// What was kept under `key`, if it is there and undamaged.
  public func object(for key: String) -> [UInt8]? {
    guard let data = FileManager.default.contents(atPath: path(key)) else { return nil }
    let entry = [UInt8](data)
    guard entry.starts(with: Self.magic), entry.count > Self.headerSize else { return nil }
    let content = Array(entry[Self.headerSize...])
    let sum = entry[Self.magic.count..<Self.headerSize]
    guard SHA256.hex(content).utf8.elementsEqual(sum) else { return nil }
    // `trim` forgets first what was not used for longest.
    utimes(path(key), nil)
    return content
  }

  public func keep(_ object: [UInt8], for key: String) {
    let place = path(key)
    try? FileManager.default.createDirectory(
      atPath: place.folder, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    let entry = Self.magic + Array(SHA256.hex(object).utf8) + object
    // A store that cannot be written costs time only.
    do throws(SystemCode) {
      let new = try Temporary(.file, "\(place.folder)/.new-")
      try writeWhole(entry, to: new.path)
      rename(new.path, place)
    } catch {}
  }

  /// Forgets what was not used for longest until nine tenths of the limit are left, if there is more
  /// than the limit.
  public func trim() {
    var entries = self.entries()
    var size = entries.reduce(0) { $0 + $1.size }
    if size <= limit { return }
    entries.sort { ($0.used, $0.path) < ($1.used, $1.path) }
    for entry in entries where size > limit / 10 * 9 {
      if unlink(entry.path) == 0 { size -= entry.size }
    }
  }

  /// Half-written files, of builds that were killed, are entries as well.
  private func entries() -> [(path: String, size: Int, used: Int)] {
    func names(_ path: String) -> [String] {
      (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    }
    return names(folder).flatMap { sub in
      names("\(folder)/\(sub)").compactMap { name in
        let path = "\(folder)/\(sub)/\(name)"
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let used = status.st_mtim.tv_sec * 1_000_000 + status.st_mtim.tv_nsec / 1000
        return (path, Int(status.st_size), used)
      }
    }
  }
}

/// How a module becomes an object. With the module as it was lifted, that is all that the object's
/// bytes depend on.
package struct ObjectRecipe {
  package var target: TargetDescription
  package var level: OptimizationLevel
  /// What runs before instruction selection; nil for the level's own passes.
  package var pipeline: String?
  package var disabled: Set<OwnPass>

  package init(
    target: TargetDescription, level: OptimizationLevel, pipeline: String? = nil,
    without disabled: Set<OwnPass> = []
  ) {
    (self.target, self.level, self.pipeline) = (target, level, pipeline)
    self.disabled = disabled
  }

  /// The store's key of the object. What other functions, analyses and options have to say is in the
  /// module's bitcode.
  package func key(of module: Module) -> String {
    let parts = [
      Version.identity, target.triple, target.cpu, target.features, target.abi,
      "\(target.codeModel.rawValue)", "\(level)", pipeline ?? "default", SHA256.hex(module.bitcode),
      disabled.map(\.rawValue).sorted().joined(separator: ","),
    ]
    return SHA256.hex(parts.joined(separator: "\n"))
  }

  /// The object, from the store if it is there. `module` is changed by it.
  package func make(from module: Module, _ store: ObjectStore?) throws(CodegenError)
    -> (bytes: [UInt8], isReused: Bool)
  {
    guard let store else { return (try emit(module), false) }
    let key = key(of: module)
    if let object = store.object(for: key) { return (object, true) }
    let object = try emit(module)
    store.keep(object, for: key)
    return (object, false)
  }

  private func emit(_ module: Module) throws(CodegenError) -> [UInt8] {
    let traits = TargetTraits(architecture: target.architecture, disabled: disabled)
    return try Codegen.emit(
      module, for: target, level: level, pipeline: pipeline,
      finish: { module throws(LLVMError) in try finish(module, for: traits) })
  }
}

extension BuildOptions {
  /// Kept modules have names in them that objects do not depend on, so they have no keys.
  var objectStore: ObjectStore? {
    guard keepIR == nil else { return nil }
    return cacheFolder.map { ObjectStore(folder: $0 + "/objects", limit: cacheLimit << 20) }
  }
}
