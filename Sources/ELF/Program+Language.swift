import Foundation

extension Program {
  /// The file holds the Go linker's build information (Go's debug/buildinfo names its magic bytes).
  public var isGo: Bool {
    let magic: [UInt8] = [0xff] + Array(" Go buildinf:".utf8)
    return file.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return false }
      return Data(bytesNoCopy: .init(mutating: start), count: bytes.count, deallocator: .none)
        .range(of: Data(magic)) != nil
    }
  }
}
