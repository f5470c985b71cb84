import Semantics

// MUL, IMUL, MULX, DIV, IDIV (SDM vol. 2).
//
// `D` is a width of at least twice `W`'s. CF and OF say whether the upper half holds anything; the
// flags that the manual leaves undefined stay as they were.
extension X86Machine {
  @inlinable public mutating func mul<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    if W.bits == 64 {
      try multiply(i, W.self, W128.self, signed: false)
    } else {
      try multiply(i, W.self, W64.self, signed: false)
    }
  }

  @inlinable public mutating func imul<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    if i.operandCount >= 2 {
      if W.bits == 64 {
        try multiplyTruncating(i, W.self, W128.self)
      } else {
        try multiplyTruncating(i, W.self, W64.self)
      }
    } else if W.bits == 64 {
      try multiply(i, W.self, W128.self, signed: true)
    } else {
      try multiply(i, W.self, W64.self, signed: true)
    }
  }

  @inlinable public mutating func multiply<W: Word, D: Word>(
    _ i: Instruction, _: W.Type, _: D.Type, signed: Bool
  ) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag, D.Carrier == Carrier, D.Flag == Flag {
    let a = W(truncating: self[.rax])
    let b = try read(i.operands.0, i, W.self)
    let product =
      signed
      ? D(signExtending: a) &* D(signExtending: b) : D(zeroExtending: a) &* D(zeroExtending: b)
    let low = W(truncating: product)
    if W.bits == 8 {
      setRegister(Operand(.gpr, 0, size: 2), W16(truncating: product))
    } else {
      let high = W(truncating: product.shiftedRight(by: D(UInt64(W.bits))))
      setRegister(Operand(.gpr, 2), high)
      setRegister(Operand(.gpr, 0), low)
    }
    let extended = signed ? D(signExtending: low) : D(zeroExtending: low)
    set(.cf, !product.isEqual(to: extended))
    set(.of, !product.isEqual(to: extended))
  }

  /// The two- and three-operand forms.
  @inlinable public mutating func multiplyTruncating<W: Word, D: Word>(
    _ i: Instruction, _: W.Type, _: D.Type
  ) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag, D.Carrier == Carrier, D.Flag == Flag {
    let a: W
    let b: W
    if i.operandCount == 2 {
      a = try read(i.operands.0, i, W.self)
      b = try read(i.operands.1, i, W.self)
    } else {
      a = try read(i.operands.1, i, W.self)
      b = W(i.immediate)
    }
    let low = a &* b
    setRegister(i.operands.0, low)
    set(.cf, !(D(signExtending: a) &* D(signExtending: b)).isEqual(to: D(signExtending: low)))
    set(.of, !(D(signExtending: a) &* D(signExtending: b)).isEqual(to: D(signExtending: low)))
  }

  /// No flags; the low half is written first, so that the high half wins in the same register.
  @inlinable public mutating func mulx<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = W(truncating: self[.rdx])
    let b = try read(i.operands.2, i, W.self)
    let high: W
    if W.bits == 64 {
      let product = W128(zeroExtending: a) &* W128(zeroExtending: b)
      high = W(truncating: product.shiftedRight(by: W128(64)))
    } else {
      let product = W64(zeroExtending: a) &* W64(zeroExtending: b)
      high = W(truncating: product.shiftedRight(by: W64(32)))
    }
    setRegister(i.operands.1, a &* b)
    setRegister(i.operands.0, high)
  }

  @inlinable public mutating func div<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let divisor = try read(i.operands.0, i, W.self)
    if W.bits < 32 {
      try divide(divisor, by: W64.self)
    } else if W.bits == 32 {
      try divideWide(divisor, by: W64.self)
    } else {
      try divideWide(divisor, by: W128.self)
    }
    setDivideFlags()
  }

  @inlinable public mutating func idiv<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let divisor = try read(i.operands.0, i, W.self)
    if W.bits < 32 {
      try divideSigned(divisor, by: W64.self)
    } else if W.bits == 32 {
      try divideSignedWide(divisor, by: W64.self)
    } else {
      try divideSignedWide(divisor, by: W128.self)
    }
    setDivideFlags()
  }

  /// All undefined; this is what AMD's Zen 4 leaves.
  @inlinable public mutating func setDivideFlags() {
    set(.sf, Flag(false))
    set(.zf, Flag(false))
    set(.pf, Flag(false))
    set(.af, Flag(true))
  }

  /// A dividend that is its lower half extended (after CDQ, CQO, `xor edx, edx`) is divided in `W`.
  /// An optimiser that sees the extension deletes the other way, a library call for 64 bits.
  @inlinable public mutating func divideWide<W: Word, D: Word>(_ divisor: W, by _: D.Type)
    throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag, D.Carrier == Carrier, D.Flag == Flag {
    let narrow = W(truncating: self[.rdx]).isZero
    let low = W(truncating: self[.rax])
    try fault(.divideError, if: divisor.isZero)
    try when(narrow) { m in
      m.setRegister(Operand(.gpr, 0), low.dividedUnsigned(by: divisor))
      m.setRegister(Operand(.gpr, 2), low.remainderUnsigned(by: divisor))
    }
    try when(!narrow) { m throws(Failure) in try m.divide(divisor, by: D.self) }
  }

  @inlinable public mutating func divideSignedWide<W: Word, D: Word>(_ divisor: W, by _: D.Type)
    throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag, D.Carrier == Carrier, D.Flag == Flag {
    let low = W(truncating: self[.rax])
    let sign = low.shiftedRightArithmetically(by: W(UInt64(W.bits &- 1)))
    let narrow = W(truncating: self[.rdx]).isEqual(to: sign)
    let lowest = W(1).shiftedLeft(by: W(UInt64(W.bits &- 1)))
    try fault(.divideError, if: divisor.isZero)
    try when(narrow) { m throws(Failure) in
      try m.fault(.divideError, if: low.isEqual(to: lowest) & divisor.isEqual(to: W(~0)))
      m.setRegister(Operand(.gpr, 0), low.dividedSigned(by: divisor))
      m.setRegister(Operand(.gpr, 2), low.remainderSigned(by: divisor))
    }
    try when(!narrow) { m throws(Failure) in try m.divideSigned(divisor, by: D.self) }
  }

  @inlinable public mutating func divide<W: Word, D: Word>(_ divisor: W, by _: D.Type)
    throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag, D.Carrier == Carrier, D.Flag == Flag {
    let dividend = dividend(W.self, D.self)
    let upper = W(truncating: dividend.shiftedRight(by: D(UInt64(W.bits))))
    // The quotient fits exactly when the upper half is below the divisor, which zero never allows.
    try fault(.divideError, if: !upper.isBelow(divisor))
    let d = D(zeroExtending: divisor)
    setQuotient(
      W(truncating: dividend.dividedUnsigned(by: d)),
      remainder: W(truncating: dividend.remainderUnsigned(by: d)))
  }

  @inlinable public mutating func divideSigned<W: Word, D: Word>(_ divisor: W, by _: D.Type)
    throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag, D.Carrier == Carrier, D.Flag == Flag {
    // Sign-extended from twice `W`, in which `D` may have room left.
    var dividend = dividend(W.self, D.self)
    let spare = D(UInt64(D.bits &- 2 &* W.bits))
    dividend = dividend.shiftedLeft(by: spare).shiftedRightArithmetically(by: spare)
    let lowest = D(1).shiftedLeft(by: D(UInt64(D.bits &- 1)))
    try fault(
      .divideError,
      if: divisor.isZero | (dividend.isEqual(to: lowest) & divisor.isEqual(to: W(~0))))
    let d = D(signExtending: divisor)
    let quotient = dividend.dividedSigned(by: d)
    let result = W(truncating: quotient)
    try fault(.divideError, if: !D(signExtending: result).isEqual(to: quotient))
    setQuotient(result, remainder: W(truncating: dividend.remainderSigned(by: d)))
  }

  /// AX, or the upper half in rDX and the lower in rAX.
  @inlinable public func dividend<W: Word, D: Word>(_: W.Type, _: D.Type) -> D
  where W.Carrier == Carrier, W.Flag == Flag, D.Carrier == Carrier, D.Flag == Flag {
    if W.bits == 8 { return D(zeroExtending: W16(truncating: self[.rax])) }
    let high = D(zeroExtending: W(truncating: self[.rdx]))
    return high.shiftedLeft(by: D(UInt64(W.bits))) | D(zeroExtending: W(truncating: self[.rax]))
  }

  @inlinable public mutating func setQuotient<W: Word>(_ quotient: W, remainder: W)
  where W.Carrier == Carrier, W.Flag == Flag {
    if W.bits == 8 {
      setRegister(Operand(.highByte, 0, size: 1), remainder)
    } else {
      setRegister(Operand(.gpr, 2), remainder)
    }
    setRegister(Operand(.gpr, 0), quotient)
  }
}
