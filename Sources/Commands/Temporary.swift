// Files that are gone when their owner is, or when an interrupt ends the tool.
import CProcess
import Foundation

/// A code of errno(3).
public struct SystemCode: Error {
  public var code: Int32
  public init(_ code: Int32) { self.code = code }
}

/// A file or folder under a name that nobody else has, removed with its files at the end of its life.
public struct Temporary: ~Copyable {
  public enum Kind { case file, folder }
  public let path: String
  private let ending: OpaquePointer

  /// Call once, before any is made: from then on interrupts remove them.
  public static func removeAtInterrupts() { recast_clean_at_interrupts() }

  /// The name is `prefix` and six letters. Only this user may read, write or enter.
  public init(_ kind: Kind, _ prefix: String) throws(SystemCode) {
    var template = Array("\(prefix)XXXXXX".utf8CString)
    guard let ending = recast_make_temporary(&template, kind == .folder) else {
      throw SystemCode(errno)
    }
    self.ending = ending
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  /// In the folder for such files.
  public init(_ kind: Kind, named prefix: String) throws(SystemCode) {
    try self.init(kind, NSTemporaryDirectory() + prefix)
  }

  /// A program that can be run.
  public static func program(_ bytes: some ContiguousBytes, named prefix: String)
    throws(SystemCode) -> Temporary
  {
    let file = try Temporary(.file, named: prefix)
    try writeWhole(bytes, to: file.path)
    if chmod(file.path, 0o700) != 0 { throw SystemCode(errno) }
    return file
  }

  deinit {
    recast_remove(path)
    recast_forget(ending)
  }
}

/// Replaces what the file has; one that is not there is made, for this user alone.
public func writeWhole(_ bytes: some ContiguousBytes, to path: String) throws(SystemCode) {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
  if descriptor < 0 { throw SystemCode(errno) }
  let failure: Int32 = bytes.withUnsafeBytes { all in
    var rest = all[...]
    while !rest.isEmpty {
      let buffer = UnsafeRawBufferPointer(rebasing: rest)
      let count = write(descriptor, buffer.baseAddress!, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return errno }
      rest = rest.dropFirst(count)
    }
    return 0
  }
  if failure != 0 {
    close(descriptor)
    throw SystemCode(failure)
  }
  if close(descriptor) != 0 { throw SystemCode(errno) }
}
