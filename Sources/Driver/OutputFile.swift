import Foundation

/// Files that appear whole or not at all.
///
/// A build writes to a temporary name in the output's directory and renames it at the end. The
/// temporary names stand in a fixed table that the handler of SIGINT, SIGTERM and SIGHUP unlinks
/// from: only `unlink` and `raise` are called there, both async-signal-safe.
public struct OutputFile: ~Copyable {
  public let path: String
  public let temporary: String
  private let slot: Int
  private var committed = false

  /// Checks that `path` can be made, before any work is done for it.
  public init(_ path: String) throws(BuildError) {
    self.path = path
    let directory = (path as NSString).deletingLastPathComponent
    if Locate.isDirectory(path) {
      throw BuildError(.cannotCreate, path, "is a directory", remedy: "name a file with -o")
    }
    var template = Array(
      "\(directory.isEmpty ? "." : directory)/.recast-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    if descriptor < 0 { throw .writing(path, errno: errno) }
    close(descriptor)
    temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    slot = Temporaries.add(temporary)
  }

  public func write(_ bytes: some ContiguousBytes) throws(BuildError) {
    let descriptor = open(temporary, O_WRONLY | O_TRUNC | O_CLOEXEC)
    if descriptor < 0 { throw .writing(path, errno: errno) }
    defer { close(descriptor) }
    let failure: Int32 = bytes.withUnsafeBytes { all in
      var rest = all[...]
      while !rest.isEmpty {
        let count = Foundation.write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress!, rest.count)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { return errno }
        rest = rest.dropFirst(count)
      }
      return 0
    }
    if failure != 0 { throw .writing(path, errno: failure) }
  }

  /// Gives the file its final name and mode.
  public consuming func commit(executable: Bool) throws(BuildError) {
    let mask = umask(0)
    umask(mask)
    if chmod(temporary, (executable ? 0o777 : 0o666) & ~mask) != 0
      || rename(temporary, path) != 0
    {
      throw .writing(path, errno: errno)
    }
    committed = true
  }

  deinit {
    Temporaries.remove(slot)
    if !committed { unlink(temporary) }
  }
}

/// The table of names to unlink when the tool is interrupted.
public enum Temporaries {
  private static let capacity = 256
  private nonisolated(unsafe) static let names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> =
    {
      let table = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: capacity)
      table.initialize(repeating: nil, count: capacity)
      return table
    }()
  private static let lock = NSLock()

  /// Also for temporaries of other parts of the tool (object files of code-generation shards).
  public static func add(_ path: String) -> Int {
    lock.withLock {
      guard let free = (0..<capacity).first(where: { names[$0] == nil }) else { return -1 }
      names[free] = strdup(path)
      return free
    }
  }
  public static func remove(_ slot: Int) {
    if slot < 0 { return }
    lock.withLock {
      free(names[slot])
      names[slot] = nil
    }
  }

  /// Call once, before any output is begun.
  public static func removeOnInterrupt() {
    _ = names
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { number in
        for i in 0..<Temporaries.capacity {
          if let name = Temporaries.names[i] { unlink(name) }
        }
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }
}

/// Reads a whole regular file of at most 2 GiB, with the errors that a person can act on.
public func readInput(_ path: String) throws(BuildError) -> Data {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  if descriptor < 0 { throw .reading(path, errno: errno) }
  defer { close(descriptor) }
  var status = stat()
  if fstat(descriptor, &status) != 0 { throw .reading(path, errno: errno) }
  if status.st_mode & S_IFMT == S_IFDIR { throw .reading(path, errno: EISDIR) }
  if status.st_mode & S_IFMT != S_IFREG {
    throw BuildError(.noInput, path, "not a regular file", remedy: "name an executable file")
  }
  if status.st_size > 2 << 30 {
    throw .malformed(path, "larger than 2 GiB", remedy: "strip its debugging information")
  }
  var bytes = Data(count: Int(status.st_size))
  var filled = 0
  while filled < bytes.count {
    let wanted = bytes.count - filled
    let count = bytes.withUnsafeMutableBytes {
      read(descriptor, $0.baseAddress! + filled, wanted)
    }
    if count < 0 && errno == EINTR { continue }
    if count < 0 { throw .reading(path, errno: errno) }
    if count == 0 { break }
    filled += count
  }
  return bytes.prefix(filled)
}
