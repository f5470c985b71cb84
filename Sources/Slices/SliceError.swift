import Foundation

/// Why slices could not be made. The kinds separate "your program" from "not supported yet", "the
/// system's answer" and "our bug".
public struct SliceError: Error, Equatable, CustomStringConvertible {
  public enum Kind: Sendable { case program, unsupported, system, bug }
  public var kind: Kind
  public var description: String
  public init(_ kind: Kind, _ description: String) {
    (self.kind, self.description) = (kind, description)
  }
  static let manyThreads = SliceError(
    .unsupported, "it starts processes or threads: only programs of one thread are sliced")

  static func system(_ what: String) -> SliceError {
    SliceError(.system, "\(what): \(String(cString: strerror(errno)))")
  }
}
