import Foundation

/// A failure of the tool, told in one line and by a sysexits status.
///
/// The kinds separate "your input", "your request", "not supported yet", "the system's answer" and
/// "our bug", because each asks something else of whoever reads it.
public struct BuildError: Error, Equatable {
  public enum Kind: Int32, Sendable {
    case usage = 64
    case data = 65
    case noInput = 66
    case unavailable = 69
    case software = 70
    case osError = 71
    case cannotCreate = 73
    case inputOutput = 74
    case noPermission = 77
  }
  public var kind: Kind
  /// The file, triple or tool that the failure is about.
  public var subject: String
  public var what: String
  /// What whoever reads it can do; empty when there is nothing to say.
  public var remedy: String

  public init(_ kind: Kind, _ subject: String, _ what: String, remedy: String = "") {
    self.kind = kind
    self.subject = subject
    self.what = what
    self.remedy = remedy
  }

  /// The request is understood and refused: this build cannot do it.
  public static func unsupported(_ subject: String, _ what: String, remedy: String = "") -> Self {
    .init(.unavailable, subject, what, remedy: remedy)
  }
  /// The input is not what it claims to be.
  public static func malformed(_ subject: String, _ what: String, remedy: String = "") -> Self {
    .init(.data, subject, what, remedy: remedy)
  }
  /// An invariant of Recast does not hold.
  public static func bug(_ subject: String, _ what: String) -> Self {
    .init(.software, subject, what, remedy: "this is a bug in recast; please report it")
  }
  /// A system call said no while `subject` was read.
  public static func reading(_ subject: String, errno code: Int32) -> Self {
    let what = String(cString: strerror(code))
    switch code {
    case ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP:
      return .init(.noInput, subject, what, remedy: "check the path")
    case EACCES, EPERM: return .init(.noPermission, subject, what, remedy: "check its mode")
    case EISDIR: return .init(.noInput, subject, what, remedy: "name an executable file")
    case ENOMEM, EMFILE, ENFILE, EAGAIN: return .init(.osError, subject, what)
    default: return .init(.inputOutput, subject, what)
    }
  }
  /// A system call said no while `subject` was made.
  public static func writing(_ subject: String, errno code: Int32) -> Self {
    let what = String(cString: strerror(code))
    switch code {
    case ENOSPC, EDQUOT, EFBIG:
      return .init(.inputOutput, subject, what, remedy: "free some space, or write elsewhere")
    case EIO: return .init(.inputOutput, subject, what)
    case EACCES, EPERM, EROFS:
      return .init(.noPermission, subject, what, remedy: "choose a place you may write to")
    default: return .init(.cannotCreate, subject, what, remedy: "choose another output path")
    }
  }

  /// `recast: SUBJECT: WHAT: REMEDY`, always one line.
  public var line: String {
    let parts = ["recast", subject, what, remedy].filter { !$0.isEmpty }
    return parts.joined(separator: ": ")
      .split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}

/// Text for people on standard error: colours only on a terminal, and not where NO_COLOR is set.
public enum Diagnostics {
  public static let colours: Bool =
    isatty(STDERR_FILENO) == 1 && (getenv("NO_COLOR").map { $0.pointee == 0 } ?? true)
    && getenv("TERM").map { String(cString: $0) } != "dumb"

  public static func report(_ error: BuildError) { write("31", error.line) }
  public static func warn(_ text: String) { write("33", "recast: warning: " + text) }

  private static func write(_ colour: String, _ line: String) {
    // The progress line may be in the way.
    let start = isatty(STDERR_FILENO) == 1 ? "\r\u{1b}[K" : ""
    let text = start + (colours ? "\u{1b}[\(colour)m\(line)\u{1b}[0m\n" : line + "\n")
    FileHandle.standardError.write(Data(text.utf8))
  }
}
