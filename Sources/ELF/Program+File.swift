#if canImport(Glibc)
  import Glibc
#endif

extension Program {
  /// Reads and checks the program at `path`. `loadBase` is where a position-independent one goes.
  public init(path: String, loadBase: UInt64 = Program.defaultLoadBase) throws(ELFError) {
    try self.init(
      path: path, file: Program.readFile(path), loadBase: loadBase)
  }

  /// As `init(path:)`, from bytes that are in memory already; `path` is for messages.
  public init(path: String, file: [UInt8], loadBase: UInt64 = Program.defaultLoadBase)
    throws(ELFError)
  {
    self.path = path
    self.file = file
    try checkIdentification()
    let headers = try Headers(path: path, file: file)
    try check(headers.file)
    try readSegments(headers, loadBase: loadBase)
    try checkEntry(headers)
    readProperties(headers)
    readSymbols(headers)
    readRelocations(headers)
    readFrames(headers)
  }

  static func readFile(_ path: String) throws(ELFError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw failure(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(path, errno) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw ELFError(.missing, path, "is a directory, not a program")
    default: throw ELFError(.missing, path, "is not a regular file")
    }
    guard status.st_size <= maximumFileSize else {
      throw ELFError(
        .limit, path, "\(status.st_size) bytes; programs up to 1 GiB are translated")
    }
    let size = Int(status.st_size)
    var problem: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = 0
      while count < size {
        let got = read(descriptor, buffer.baseAddress! + count, size - count)
        if got == 0 { return }
        if got < 0 {
          if errno == EINTR { continue }
          problem = errno
          return
        }
        count += got
      }
    }
    if problem != 0 { throw failure(path, problem) }
    return bytes
  }

  private static func failure(_ path: String, _ code: Int32) -> ELFError {
    let text = String(cString: strerror(code))
    switch code {
    case ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG: return ELFError(.missing, path, text)
    case EACCES, EPERM: return ELFError(.permission, path, text)
    default: return ELFError(.system, path, text)
    }
  }
}
