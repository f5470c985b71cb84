import Semantics

// Shifts and rotates (SDM vol. 2: SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD; the flagless forms
// of BMI2).
//
// Counts are masked to 5 bits, 6 for 64-bit operands. A count of zero leaves every flag: decided at
// translation time for a constant. Narrow operands may be shifted by more than their width, so they
// are shifted as 32 bits. OF is defined for a count of 1 only; the same formula serves all, as on
// AMD's Zen 4, which also sets the undefined AF.
extension X86Machine {
  @inlinable public mutating func shl<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try shift(i, { (a: W, n: W) in Self.left(a, n) }) { m, a, n, result in
      let carry = Self.carryLeft(a, n)
      m.set(.cf, carry)
      m.set(.of, result.isNegative ^ carry)
      m.set(.af, Flag(true))
      m.setResultFlags(result)
    }
  }

  @inlinable public mutating func shr<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try shift(i, { (a: W, n: W) in Self.right(a, n) }) { m, a, n, result in
      m.set(.cf, Self.right(a, Self.oneLess(n)).bit(0))
      m.set(.of, result.isNegative ^ result.bit(W.bits &- 2))
      m.set(.af, Flag(true))
      m.setResultFlags(result)
    }
  }

  @inlinable public mutating func sar<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try shift(i, { (a: W, n: W) in Self.rightArithmetic(a, n) }) { m, a, n, result in
      m.set(.cf, Self.rightArithmetic(a, Self.oneLess(n)).bit(0))
      m.set(.of, Flag(false))
      m.set(.af, Flag(true))
      m.setResultFlags(result)
    }
  }

  @inlinable public mutating func rol<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let mask = W(UInt64(W.bits &- 1))
    try shift(i, { (a: W, n: W) in a.rotatedLeft(by: n & mask) }) { m, _, _, result in
      m.set(.cf, result.bit(0))
      m.set(.of, result.isNegative ^ result.bit(0))
    }
  }

  @inlinable public mutating func ror<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let mask = W(UInt64(W.bits &- 1))
    try shift(i, { (a: W, n: W) in a.rotatedRight(by: n & mask) }) { m, _, _, result in
      m.set(.cf, result.isNegative)
      m.set(.of, result.isNegative ^ result.bit(W.bits &- 2))
    }
  }

  @inlinable public mutating func rcl<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    if W.bits == 64 {
      try rotateThroughCarry(i, W.self, W128.self, left: true)
    } else {
      try rotateThroughCarry(i, W.self, W64.self, left: true)
    }
  }

  @inlinable public mutating func rcr<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    if W.bits == 64 {
      try rotateThroughCarry(i, W.self, W128.self, left: false)
    } else {
      try rotateThroughCarry(i, W.self, W64.self, left: false)
    }
  }

  /// Rotates the W.bits + 1 bits of CF and the operand.
  @inlinable public mutating func rotateThroughCarry<W: Word, D: Word>(
    _ i: Instruction, _: W.Type, _: D.Type, left: Bool
  ) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag, D.Carrier == Carrier, D.Flag == Flag {
    let carry = D(flag(.cf)).shiftedLeft(by: D(UInt64(W.bits)))
    let total = D(UInt64(W.bits &+ 1))
    func rotated(_ a: W, _ count: W) -> D {
      let x = D(zeroExtending: a) | carry
      let whole = D(zeroExtending: count)
      let n = W.bits < 32 ? whole.remainderUnsigned(by: total) : whole
      if left { return x.shiftedLeft(by: n) | x.shiftedRight(by: total &- n) }
      return x.shiftedRight(by: n) | x.shiftedLeft(by: total &- n)
    }
    try shift(i, { (a: W, n: W) in W(truncating: rotated(a, n)) }) { m, a, n, result in
      let out = rotated(a, n).bit(W.bits)
      m.set(.cf, out)
      m.set(.of, result.isNegative ^ (left ? out : result.bit(W.bits &- 2)))
    }
  }

  @inlinable public mutating func shld<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let b = try read(i.operands.1, i, W.self)
    try shift(
      i, by: i.operands.2,
      { (a: W, n: W) in
        if W.bits == 16 {
          let wide = Self.tripled(a, b, b).shiftedLeft(by: W64(zeroExtending: n))
          return W(truncating: wide.shiftedRight(by: W64(32)))
        }
        let top = W(UInt64(W.bits &- 1))
        return a.shiftedLeft(by: n) | b.shiftedRight(by: W(1)).shiftedRight(by: n ^ top)
      }
    ) { m, a, n, result in
      let carry = Self.carryLeft(a, n)
      let sign = W.bits == 16 ? result.isNegative & n.isBelow(W(16)) : result.isNegative
      m.set(.cf, carry)
      m.set(.of, sign ^ carry)
      m.set(.af, Flag(true))
      m.setResultFlags(result)
    }
  }

  @inlinable public mutating func shrd<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let b = try read(i.operands.1, i, W.self)
    try shift(
      i, by: i.operands.2,
      { (a: W, n: W) in
        if W.bits == 16 {
          return W(truncating: Self.tripled(b, b, a).shiftedRight(by: W64(zeroExtending: n)))
        }
        let top = W(UInt64(W.bits &- 1))
        return a.shiftedRight(by: n) | b.shiftedLeft(by: W(1)).shiftedLeft(by: n ^ top)
      }
    ) { m, a, n, result in
      m.set(.cf, Self.right(a, Self.oneLess(n)).bit(0))
      m.set(.of, result.isNegative ^ result.bit(W.bits &- 2))
      m.set(.af, Flag(true))
      m.setResultFlags(result)
    }
  }

  /// Counts of 16-bit double shifts reach 31: past the second operand, undefined by the manual, AMD's
  /// Zen 4 shifts in the second operand again.
  @inlinable public static func tripled<W: Word>(_ high: W, _ middle: W, _ low: W) -> W64
  where W.Carrier == Carrier, W.Flag == Flag {
    W64(zeroExtending: high).shiftedLeft(by: W64(32))
      | W64(zeroExtending: middle).shiftedLeft(by: W64(16)) | W64(zeroExtending: low)
  }

  // MARK: BMI2

  @inlinable public mutating func shlx<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    let n = register(i.operands.2, W.self) & W(UInt64(W.bits &- 1))
    setRegister(i.operands.0, a.shiftedLeft(by: n))
  }

  @inlinable public mutating func shrx<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    let n = register(i.operands.2, W.self) & W(UInt64(W.bits &- 1))
    setRegister(i.operands.0, a.shiftedRight(by: n))
  }

  @inlinable public mutating func sarx<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    let n = register(i.operands.2, W.self) & W(UInt64(W.bits &- 1))
    setRegister(i.operands.0, a.shiftedRightArithmetically(by: n))
  }

  @inlinable public mutating func rorx<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.1, i, W.self)
    setRegister(i.operands.0, a.rotatedRight(by: W(i.immediate & UInt64(W.bits &- 1))))
  }

  // MARK: shared

  @inlinable public mutating func shift<W: Word>(
    _ i: Instruction, _ compute: (W, W) -> W, finish: (inout Self, W, W, W) -> Void
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    try shift(i, by: i.operands.1, compute, finish: finish)
  }

  /// `compute` gets the operand and the masked count, `finish` the result too; `finish` sets flags
  /// and does not run for a count of zero.
  @inlinable public mutating func shift<W: Word>(
    _ i: Instruction, by count: Operand, _ compute: (W, W) -> W,
    finish: (inout Self, W, W, W) -> Void
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let mask: UInt64 = W.bits == 64 ? 63 : 31
    let a = try read(i.operands.0, i, W.self)
    if count.kind == .immediate {
      let n = W(i.immediate & mask)
      let result = i.immediate & mask == 0 ? a : compute(a, n)
      try write(i.operands.0, i, result)
      if i.immediate & mask != 0 { finish(&self, a, n, result) }
      return
    }
    let n = W(truncating: self[GPR(count.number)] & W64(mask))
    let result = compute(a, n)
    try write(i.operands.0, i, result)
    try when(!n.isZero) { m in finish(&m, a, n, result) }
  }

  @inlinable public static func left<W: Word>(_ a: W, _ n: W) -> W
  where W.Carrier == Carrier, W.Flag == Flag {
    if W.bits >= 32 { return a.shiftedLeft(by: n) }
    return W(truncating: W32(zeroExtending: a).shiftedLeft(by: W32(zeroExtending: n)))
  }

  @inlinable public static func right<W: Word>(_ a: W, _ n: W) -> W
  where W.Carrier == Carrier, W.Flag == Flag {
    if W.bits >= 32 { return a.shiftedRight(by: n) }
    return W(truncating: W32(zeroExtending: a).shiftedRight(by: W32(zeroExtending: n)))
  }

  @inlinable public static func rightArithmetic<W: Word>(_ a: W, _ n: W) -> W
  where W.Carrier == Carrier, W.Flag == Flag {
    if W.bits >= 32 { return a.shiftedRightArithmetically(by: n) }
    let wide = W32(signExtending: a)
    return W(truncating: wide.shiftedRightArithmetically(by: W32(zeroExtending: n)))
  }

  /// The last bit that a left shift by `n` (not zero) moves out.
  @inlinable public static func carryLeft<W: Word>(_ a: W, _ n: W) -> Flag
  where W.Carrier == Carrier, W.Flag == Flag {
    if W.bits < 32 {
      return W32(zeroExtending: a).shiftedLeft(by: W32(zeroExtending: n)).bit(W.bits)
    }
    return a.shiftedRight(by: (W(0) &- n) & W(UInt64(W.bits &- 1))).bit(0)
  }

  /// `n` − 1 for a count that is not zero, in range for one that is.
  @inlinable public static func oneLess<W: Word>(_ n: W) -> W
  where W.Carrier == Carrier, W.Flag == Flag {
    (n &- W(1)) & W(W.bits == 64 ? 63 : 31)
  }
}
