import Semantics

// Bit tests and bit scans (SDM vol. 2: BT, BTS, BTR, BTC, BSF, BSR, TZCNT, LZCNT, POPCNT, CRC32).
extension X86Machine {
  @inlinable public mutating func bt<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let (address, position) = bitPlace(i, W.self)
    let old = address == nil
      ? register(i.operands.0, W.self) : try load(W.self, at: address!)
    set(.cf, old.shiftedRight(by: position).bit(0))
  }

  @inlinable public mutating func bts<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try changeBit(i, .or, W.self) { old, bit in old | bit }
  }

  @inlinable public mutating func btr<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try changeBit(i, .and, W.self) { old, bit in old & ~bit }
  }

  @inlinable public mutating func btc<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try changeBit(i, .xor, W.self) { old, bit in old ^ bit }
  }

  @inlinable public mutating func changeBit<W: Word>(
    _ i: Instruction, _ operation: AtomicOperation, _: W.Type, _ change: (W, W) -> W
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let (address, position) = bitPlace(i, W.self)
    let bit = W(1).shiftedLeft(by: position)
    let old: W
    if let address {
      if isLocked(i) {
        old = try atomic(operation, operation == .and ? ~bit : bit, at: address)
      } else {
        old = try load(W.self, at: address)
        try store(change(old, bit), at: address)
      }
    } else {
      old = register(i.operands.0, W.self)
      setRegister(i.operands.0, change(old, bit))
    }
    set(.cf, old.shiftedRight(by: position).bit(0))
  }

  /// Where the bit is: an address for memory, and the position in the word. A register's offset
  /// into memory is signed and reaches beyond the word (SDM vol. 1, 3.1.1.9).
  @inlinable public func bitPlace<W: Word>(_ i: Instruction, _: W.Type) -> (W64?, W)
  where W.Carrier == Carrier, W.Flag == Flag {
    let mask = UInt64(W.bits &- 1)
    let constant = i.operands.1.kind == .immediate
    let position =
      constant ? W(i.immediate & mask) : register(i.operands.1, W.self) & W(mask)
    guard i.operands.0.kind == .memory else { return (nil, position) }
    if constant { return (effectiveAddress(i), position) }
    let bits = W64(signExtending: register(i.operands.1, W.self))
    let bytes = bits.shiftedRightArithmetically(by: W64(3)) & W64(~(UInt64(W.bits / 8) &- 1))
    var address = truncatedAddress(i, offset(i) &+ bytes)
    if i.segment != 0 { address = address &+ segmentBase(i.segment) }
    return (address, position)
  }

  /// Of zero, the destination stays as it was and only ZF tells (AMD vol. 3, BSF).
  @inlinable public mutating func bsf<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    try when(!a.isZero) { m in m.setRegister(i.operands.0, a.trailingZeros) }
    setScanFlags(a, a.trailingZeros)
  }

  @inlinable public mutating func bsr<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    let position = W(UInt64(W.bits &- 1)) ^ a.leadingZeros
    try when(!a.isZero) { m in m.setRegister(i.operands.0, position) }
    setScanFlags(a, position)
  }

  /// ZF is defined; the others are as on AMD's Zen 4.
  @inlinable public mutating func setScanFlags<W: Word>(_ a: W, _ position: W)
  where W.Carrier == Carrier, W.Flag == Flag {
    set(.zf, a.isZero)
    set(.sf, Flag(false))
    set(.af, Flag(false))
    set(.cf, Flag(false))
    set(.of, Flag(false))
    set(.pf, a.isZero | !W8(truncating: position).populationCount.bit(0))
  }

  @inlinable public mutating func tzcnt<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    setRegister(i.operands.0, a.trailingZeros)
    set(.cf, a.isZero)
    set(.zf, a.bit(0))
    setCountFlags()
  }

  @inlinable public mutating func lzcnt<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    setRegister(i.operands.0, a.leadingZeros)
    set(.cf, a.isZero)
    set(.zf, a.isNegative)
    setCountFlags()
  }

  /// Undefined, and cleared on AMD's Zen 4; OF stays.
  @inlinable public mutating func setCountFlags() {
    set(.sf, Flag(false))
    set(.af, Flag(false))
    set(.pf, Flag(false))
  }

  @inlinable public mutating func popcnt<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    setRegister(i.operands.0, a.populationCount)
    set(.zf, a.isZero)
    set(.cf, Flag(false))
    set(.of, Flag(false))
    set(.sf, Flag(false))
    set(.af, Flag(false))
    set(.pf, Flag(false))
  }

  /// CRC-32C, bit-reflected; the source's width is operand 1's.
  @inlinable public mutating func crc32<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let source: W64
    switch i.operands.1.size {
    case 1: source = W64(zeroExtending: try read(i.operands.1, i, W8.self))
    case 2: source = W64(zeroExtending: try read(i.operands.1, i, W16.self))
    case 4: source = W64(zeroExtending: try read(i.operands.1, i, W32.self))
    default: source = try read(i.operands.1, i, W64.self)
    }
    var crc = W64(zeroExtending: register(i.operands.0, W32.self)) ^ source
    for _ in 0..<(8 &* Int(i.operands.1.size)) {
      let taken = W64(0) &- (crc & W64(1))
      crc = crc.shiftedRight(by: W64(1)) ^ (taken & W64(0x82f6_3b78))
    }
    self[GPR(i.operands.0.number)] = crc
  }
}
