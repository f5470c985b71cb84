/// Why a guest program was refused: one line that says what and where.
public struct ELFError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Kind: Sendable {
    /// The input is wrong.
    case input
    /// The input is not there, or is not a file.
    case missing
    /// The input may not be read.
    case permission
    /// The operating system failed us.
    case system
    /// The input is fine; it passes a limit of this build.
    case limit
    /// The input is fine; Recast does not do this yet.
    case unsupported
    /// A mistake in Recast.
    case bug
  }
  public var kind: Kind
  public var path: String
  public var message: String

  public init(_ kind: Kind, _ path: String, _ message: String) {
    self.kind = kind
    self.path = path
    self.message = message
  }

  public var description: String {
    switch kind {
    case .unsupported: return "\(path): not supported yet: \(message)"
    case .limit: return "\(path): limit: \(message)"
    case .bug: return "\(path): bug in Recast: \(message)"
    default: return "\(path): \(message)"
    }
  }

  /// The exit status (sysexits.h).
  public var exitStatus: Int32 {
    switch kind {
    case .input: return 65  // EX_DATAERR
    case .missing: return 66  // EX_NOINPUT
    case .limit, .unsupported: return 69  // EX_UNAVAILABLE
    case .bug: return 70  // EX_SOFTWARE
    case .system: return 71  // EX_OSERR
    case .permission: return 77  // EX_NOPERM
    }
  }
}

extension UInt64 {
  /// As people write addresses: `0x401000`.
  var hex: String { "0x" + String(self, radix: 16) }
}
