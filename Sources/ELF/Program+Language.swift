import Foundation

extension Program {
  /// Whose calling convention a program's functions have.
  public enum Language: Sendable {
    /// The psABI's: C, C++, Rust and most others.
    case systemV
    case go
    case swift
  }

  /// By what linkers leave in the file: Go's build information (its debug/buildinfo names the magic bytes), or a
  /// section of Swift's metadata.
  public var language: Language {
    if contains([0xff] + Array(" Go buildinf:".utf8)) { return .go }
    return contains(Array("\0swift5_protocol".utf8)) ? .swift : .systemV
  }

  private func contains(_ magic: [UInt8]) -> Bool {
    file.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return false }
      return Data(bytesNoCopy: .init(mutating: start), count: bytes.count, deallocator: .none)
        .range(of: Data(magic)) != nil
    }
  }
}
