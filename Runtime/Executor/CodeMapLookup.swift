import RuntimeABI

/// The ahead-of-time code map of the running artifact.
struct CodeMapView {
  var entries: UInt64
  var mask: UInt64

  init(_ image: UnsafePointer<GuestImage>) {
    entries = image.pointee.codeMap
    mask = image.pointee.codeMapMask
  }

  /// The translated function at `guest`: host address and which results it delivers (bits 0…3).
  func find(_ guest: UInt64) -> (host: UInt64, delivered: UInt64)? {
    if entries == 0 { return nil }
    var slot = CodeMap.slot(guest, mask: mask)
    while true {
      let entry = UnsafePointer<CodeMapEntry>(bitPattern: UInt(entries &+ slot &* 16))!.pointee
      if entry.guest == 0 { return nil }
      if entry.guest & CodeMap.addressMask == guest { return (entry.host, entry.guest &>> 48) }
      slot = (slot &+ 1) & mask
    }
  }
}
