import RuntimeABI

/// The ahead-of-time code map of the running artifact.
struct CodeMapView {
  struct Entry {
    var guest: UInt64
    /// Where calls that look it up arrive, and the function itself.
    var host: UInt64
    var body: UInt64
    /// Which results it delivers (bits 0…3).
    var delivered: UInt64
    /// Which passable registers `body` takes in host registers (bits 0…8).
    var inRegisters: UInt64
    var inSlots: UInt64
  }

  var entries: UInt64
  var mask: UInt64

  init(_ image: UnsafePointer<GuestImage>) {
    entries = image.pointee.codeMap
    mask = image.pointee.codeMapMask
  }

  private func word(_ array: UInt64, _ slot: UInt64) -> UInt64 {
    let at = entries &+ (array &* (mask &+ 1) &+ slot) &* 8
    return UnsafePointer<UInt64>(bitPattern: UInt(at))!.pointee
  }

  private func entry(_ slot: UInt64) -> Entry {
    let body = word(2, slot)
    return Entry(
      guest: word(0, slot), host: word(1, slot), body: body & CodeMap.bodyMask,
      delivered: body &>> 48 & 15, inRegisters: body &>> 52 & 0x1ff,
      inSlots: body &>> 44 & 15)
  }

  /// The translated function at `guest`.
  func find(_ guest: UInt64) -> Entry? {
    if entries == 0 { return nil }
    var slot = CodeMap.slot(guest, mask: mask)
    while true {
      let key = word(0, slot)
      if key == 0 { return nil }
      if key == guest { return entry(slot) }
      slot = (slot &+ 1) & mask
    }
  }

  func forEach(_ body: (Entry) -> Void) {
    var slot: UInt64 = 0
    while entries != 0 && slot <= mask {
      if word(0, slot) != 0 { body(entry(slot)) }
      slot &+= 1
    }
  }

  /// The guest function whose translation holds the host address `host`: the last one that begins
  /// before it. Looks at the whole map.
  func function(around host: UInt64) -> UInt64? {
    var best: (host: UInt64, guest: UInt64) = (0, 0)
    var last: UInt64 = 0
    forEach { entry in
      if entry.body > last { last = entry.body }
      if entry.body <= host && entry.body >= best.host { best = (entry.body, entry.guest) }
    }
    // Behind the last one may be anything.
    return best.host == 0 || host > last &+ 0x1_0000 ? nil : best.guest
  }
}
