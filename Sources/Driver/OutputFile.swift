import Commands
import Foundation

/// Files that appear whole or not at all.
///
/// A build writes to a temporary name in the output's directory and renames it at the end.
public final class OutputFile {
  public let path: String
  private let file: Temporary
  public var temporary: String { file.path }

  /// Checks that `path` can be made, before any work is done for it, and is not `input`.
  public init(_ path: String, replacing input: String? = nil) throws(BuildError) {
    self.path = path
    if let input, Self.isSame(path, input) {
      throw BuildError(.usage, path, "is the input itself", remedy: "name another file with -o")
    }
    let directory = path.folder
    if Locate.isDirectory(path) {
      throw BuildError(.cannotCreate, path, "is a directory", remedy: "name a file with -o")
    }
    do throws(SystemCode) {
      file = try Temporary(.file, "\(directory.isEmpty ? "." : directory)/.recast-")
    } catch { throw .writing(path, errno: error.code) }
  }

  public func write(_ bytes: some ContiguousBytes) throws(BuildError) {
    do throws(SystemCode) { try writeWhole(bytes, to: temporary) } catch {
      throw .writing(path, errno: error.code)
    }
  }

  /// Gives the file its final name and mode.
  public func commit(executable: Bool) throws(BuildError) {
    let mask = umask(0)
    umask(mask)
    if chmod(temporary, (executable ? 0o777 : 0o666) & ~mask) != 0
      || rename(temporary, path) != 0
    {
      throw .writing(path, errno: errno)
    }
  }

  private static func isSame(_ a: String, _ b: String) -> Bool {
    var (one, other) = (stat(), stat())
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev
      && one.st_ino == other.st_ino
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
