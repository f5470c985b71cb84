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

  func forEach(_ body: (CodeMapEntry) -> Void) {
    var slot: UInt64 = 0
    while entries != 0 && slot <= mask {
      let entry = UnsafePointer<CodeMapEntry>(bitPattern: UInt(entries &+ slot &* 16))!.pointee
      if entry.guest != 0 { body(entry) }
      slot &+= 1
    }
  }

  /// The guest function whose translation holds the host address `host`: the last one that begins
  /// before it. Looks at the whole map.
  func function(around host: UInt64) -> UInt64? {
    var best: (host: UInt64, guest: UInt64) = (0, 0)
    var last: UInt64 = 0
    forEach { entry in
      if entry.host > last { last = entry.host }
      if entry.host <= host && entry.host >= best.host {
        best = (entry.host, entry.guest & CodeMap.addressMask)
      }
    }
    // Behind the last one may be anything.
    return best.host == 0 || host > last &+ 0x1_0000 ? nil : best.guest
  }
}
