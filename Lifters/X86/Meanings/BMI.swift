import Semantics

// BMI1 and BMI2 (SDM vol. 2: ANDN, BEXTR, BLSI, BLSMSK, BLSR, BZHI, PDEP, PEXT). The shifts are in
// Shifts.swift, MULX in Multiply.swift.
extension X86Machine {
  @inlinable public mutating func andn<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let b = try read(i.operands.2, i, W.self)
    let result = ~register(i.operands.1, W.self) & b
    setRegister(i.operands.0, result)
    setLogicFlags(result)
  }

  /// Start in bits 7…0 of the last operand, length in bits 15…8.
  @inlinable public mutating func bextr<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    let control = self[GPR(i.operands.2.number)]
    let start = control & W64(0xff)
    let length = control.shiftedRight(by: W64(8)) & W64(0xff)
    let range = W64(UInt64(W.bits))
    let wordMask = W64(63)
    let shifted = W64(zeroExtending: a).shiftedRight(by: start & wordMask)
    let present = select(start.isBelow(range), shifted, W64(0))
    let ones = W64(1).shiftedLeft(by: length & wordMask) &- W64(1)
    let result = W(truncating: select(length.isBelow(range), present & ones, present))
    setRegister(i.operands.0, result)
    setLogicFlags(result)
    // Undefined: as on AMD's Zen 4.
    set(.af, Flag(true))
    set(.sf, Flag(false))
  }

  @inlinable public mutating func blsi<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    let result = a & (W(0) &- a)
    setRegister(i.operands.0, result)
    setLogicFlags(result)
    set(.cf, !a.isZero)
  }

  @inlinable public mutating func blsmsk<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    let result = a ^ (a &- W(1))
    setRegister(i.operands.0, result)
    setLogicFlags(result)
    set(.cf, a.isZero)
  }

  @inlinable public mutating func blsr<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    let result = a & (a &- W(1))
    setRegister(i.operands.0, result)
    setLogicFlags(result)
    set(.cf, a.isZero)
  }

  @inlinable public mutating func bzhi<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    let index = self[GPR(i.operands.2.number)] & W64(0xff)
    let inside = index.isBelow(W64(UInt64(W.bits)))
    let ones = W64(1).shiftedLeft(by: index & W64(63)) &- W64(1)
    let result = select(inside, a & W(truncating: ones), a)
    setRegister(i.operands.0, result)
    setLogicFlags(result)
    set(.cf, !inside)
  }

  /// Moves the bits under the mask down together in log2(bits) steps: `counts` has a bit for every
  /// unmasked bit below that is still to be closed up, so that step k moves by 2^k those bits whose
  /// distance has bit k set.
  @inlinable public mutating func pext<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    var mask = try read(i.operands.2, i, W.self)
    var result = register(i.operands.1, W.self) & mask
    var counts = (~mask).shiftedLeft(by: W(1))
    var distance = 1
    while distance < W.bits {
      let prefix = Self.parityPrefix(counts)
      let moving = prefix & mask
      let n = W(UInt64(distance))
      mask = (mask ^ moving) | moving.shiftedRight(by: n)
      let moved = result & moving
      result = (result ^ moved) | moved.shiftedRight(by: n)
      counts = counts & ~prefix
      distance &*= 2
    }
    setRegister(i.operands.0, result)
  }

  /// The steps of `pext` backwards.
  @inlinable public mutating func pdep<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let original = try read(i.operands.2, i, W.self)
    var mask = original
    var counts = (~mask).shiftedLeft(by: W(1))
    var steps: (W, W, W, W, W, W) = (mask, mask, mask, mask, mask, mask)
    var distance = 1
    while distance < W.bits {
      let prefix = Self.parityPrefix(counts)
      let moving = prefix & mask
      switch distance {
      case 1: steps.0 = moving
      case 2: steps.1 = moving
      case 4: steps.2 = moving
      case 8: steps.3 = moving
      case 16: steps.4 = moving
      default: steps.5 = moving
      }
      mask = (mask ^ moving) | moving.shiftedRight(by: W(UInt64(distance)))
      counts = counts & ~prefix
      distance &*= 2
    }
    var result = register(i.operands.1, W.self)
    if W.bits == 64 { result = Self.spread(result, steps.5, 32) }
    result = Self.spread(result, steps.4, 16)
    result = Self.spread(result, steps.3, 8)
    result = Self.spread(result, steps.2, 4)
    result = Self.spread(result, steps.1, 2)
    result = Self.spread(result, steps.0, 1)
    setRegister(i.operands.0, result & original)
  }

  @inlinable public static func spread<W: Word>(_ a: W, _ moving: W, _ distance: UInt64) -> W
  where W.Carrier == Carrier, W.Flag == Flag {
    (a & ~moving) | (a.shiftedLeft(by: W(distance)) & moving)
  }

  /// Bit n is the parity of bits 0…n.
  @inlinable public static func parityPrefix<W: Word>(_ a: W) -> W
  where W.Carrier == Carrier, W.Flag == Flag {
    var prefix = a
    var n = 1
    while n < W.bits {
      prefix = prefix ^ prefix.shiftedLeft(by: W(UInt64(n)))
      n &*= 2
    }
    return prefix
  }
}
