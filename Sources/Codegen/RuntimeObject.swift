// The runtime as objects for one target, made once and kept: $XDG_CACHE_HOME/recast (or
// ~/.cache/recast), under a key of everything that went in.
import Foundation
import LLVM

/// The folder that Scripts/build-runtime makes: runtime.bc, support.bc and one `.s` per host ISA.
public struct RuntimeFiles: Sendable {
  public var folder: String
  public init(folder: String) { self.folder = folder }

  func read(_ name: String) throws(CodegenError) -> [UInt8] {
    let path = "\(folder)/\(name)"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .missing("\(path) is not there; Scripts/build-runtime makes it")
    }
    return [UInt8](data)
  }
}

/// The runtime (with the host assembly) and the support routines, as two objects.
public func runtimeObjects(
  _ files: RuntimeFiles, for target: TargetDescription, buildID: String,
  level: OptimizationLevel = .O2, cacheFolder: String? = defaultCacheFolder()
) throws(CodegenError) -> [[UInt8]] {
  let runtime = try files.read("runtime.bc")
  let support = try files.read("support.bc")
  let assembly = try files.read("\(target.architecture).s")
  var key = Fingerprint()
  for part in [runtime, support, assembly] { key.add(part) }
  let text = [
    target.triple, target.cpu, target.features, target.abi, "\(level)", buildID, llvmVersion,
  ]
  key.add(Array(text.joined(separator: "\0").utf8))
  let entries = ["runtime", "support"].map { part in
    cacheFolder.map { "\($0)/\(part)-\(target.architecture)-\(key.text).o" }
  }
  var kept: [[UInt8]] = []
  for case let path? in entries {
    if let data = FileManager.default.contents(atPath: path) { kept.append([UInt8](data)) }
  }
  if kept.count == 2 { return kept }

  let objects = [
    try emitRuntime(runtime, assembly: assembly, for: target, level),
    try emitRuntime(support, assembly: [], for: target, level),
  ]
  if let cacheFolder {
    // A cache that cannot be written costs time only.
    try? FileManager.default.createDirectory(
      atPath: cacheFolder, withIntermediateDirectories: true)
    for (path, object) in zip(entries, objects) {
      try? Data(object).write(to: URL(fileURLWithPath: path!), options: .atomic)
    }
    for part in ["runtime", "support"] { forgetOldest("\(part)-\(target.architecture)-", in: cacheFolder) }
  }
  return objects
}

/// Every version of the tool, and every processor that was asked for, leaves objects of its own: the last eight stay.
private func forgetOldest(_ prefix: String, in folder: String) {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  let dated = names.filter { $0.hasPrefix(prefix) }.map { name in
    let path = "\(folder)/\(name)"
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return (path: path, date: attributes?[.modificationDate] as? Date ?? .distantPast)
  }
  for (path, _) in dated.sorted(by: { $0.date > $1.date }).dropFirst(8) { unlink(path) }
}

private func emitRuntime(
  _ bitcode: [UInt8], assembly: [UInt8], for target: TargetDescription, _ level: OptimizationLevel
) throws(CodegenError) -> [UInt8] {
  let context = LLVMContext()
  let module: Module
  do { module = try Module(bytes: bitcode, name: "runtime", in: context) } catch {
    throw .bug("the runtime's bitcode: \(error)")
  }
  if !assembly.isEmpty { module.appendInlineAssembly(String(decoding: assembly, as: UTF8.self)) }
  let isSupport = assembly.isEmpty
  return try emit(
    module, for: target, level: level,
    pipeline: isSupport ? "function(simplifycfg,instcombine<no-verify-fixpoint>)" : "default<O2>")
}

/// Nil with neither variable, or with a home that is not there: nobody wants it made for a cache.
public func defaultCacheFolder() -> String? {
  let environment = ProcessInfo.processInfo.environment
  func path(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
  if let cache = path("XDG_CACHE_HOME") { return cache + "/recast" }
  var isDirectory: ObjCBool = false
  guard let home = path("HOME"), FileManager.default.fileExists(atPath: home, isDirectory: &isDirectory),
    isDirectory.boolValue
  else { return nil }
  return home + "/.cache/recast"
}

/// Two independent 64-bit hashes (FNV-1a over bytes, and over words with another prime): against
/// mistakes, not against attackers.
struct Fingerprint {
  private var a: UInt64 = 0xcbf2_9ce4_8422_2325
  private var b: UInt64 = 0x9ae1_6a3b_2f90_404f
  mutating func add(_ bytes: [UInt8]) {
    for byte in bytes {
      a = (a ^ UInt64(byte)) &* 0x100_0000_01b3
      b = (b ^ UInt64(byte)) &* 0x9e37_79b9_7f4a_7c15
      b ^= b >> 29
    }
    a = (a ^ UInt64(bytes.count)) &* 0x100_0000_01b3
  }
  var text: String {
    let digits = [a, b].map { String($0, radix: 16) }
    return digits.map { String(repeating: "0", count: 16 - $0.count) + $0 }.joined()
  }
}
