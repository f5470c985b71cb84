import Semantics

// Addition, subtraction and comparison (SDM vol. 2: ADD, ADC, SUB, SBB, CMP, NEG, INC, DEC; ADCX
// and ADOX of ADX).
extension X86Machine {
  @inlinable public mutating func add<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let b = try read(i.operands.1, i, W.self)
    let a = try modify(i, .add, b)
    setAddFlags(a, b, a &+ b)
  }

  @inlinable public mutating func adc<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let b = try read(i.operands.1, i, W.self)
    let carry = W(flag(.cf))
    try modify(i, { (a: W) in a &+ b &+ carry }) { m, a, result in
      m.set(.cf, ((a & b) | ((a | b) & ~result)).isNegative)
      m.setSignedAddFlags(a, b, result)
    }
  }

  @inlinable public mutating func sub<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    if isSameRegister(i) {
      setRegister(i.operands.0, W(0))
      setLogicFlags(W(0))
      return
    }
    let b = try read(i.operands.1, i, W.self)
    let a = try modify(i, .subtract, b)
    setSubtractFlags(a, b, a &- b)
  }

  @inlinable public mutating func sbb<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let borrow = flag(.cf)
    if isSameRegister(i) {
      // 0 or −1; either way the parity is even and CF stays.
      setRegister(i.operands.0, W(0) &- W(borrow))
      set(.of, Flag(false))
      set(.sf, borrow)
      set(.zf, !borrow)
      set(.af, borrow)
      set(.pf, Flag(true))
      return
    }
    let b = try read(i.operands.1, i, W.self)
    let c = W(borrow)
    try modify(i, { (a: W) in a &- b &- c }) { m, a, result in
      m.set(.cf, a.isBelow(b) | (a.isEqual(to: b) & borrow))
      m.set(.of, ((a ^ b) & (a ^ result)).isNegative)
      m.set(.af, (a ^ b ^ result).bit(4))
      m.setResultFlags(result)
    }
  }

  @inlinable public mutating func cmp<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.0, i, W.self)
    let b = try read(i.operands.1, i, W.self)
    setSubtractFlags(a, b, a &- b)
  }

  @inlinable public mutating func neg<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try modify(i, { (a: W) in W(0) &- a }) { m, a, result in
      m.setSubtractFlags(W(0), a, result)
    }
  }

  /// CF stays.
  @inlinable public mutating func inc<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try modify(i, .add, W(1))
    setSignedAddFlags(a, W(1), a &+ W(1))
  }

  /// CF stays.
  @inlinable public mutating func dec<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try modify(i, .subtract, W(1))
    setSignedSubtractFlags(a, W(1), a &- W(1))
  }

  @inlinable public mutating func adcx<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag { try addWithFlag(i, .cf, W.self) }

  @inlinable public mutating func adox<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag { try addWithFlag(i, .of, W.self) }

  /// Adds with `chain` as carry in and out; no other flag changes.
  @inlinable public mutating func addWithFlag<W: Word>(
    _ i: Instruction, _ chain: StatusFlag, _: W.Type
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let b = try read(i.operands.1, i, W.self)
    let a = try read(i.operands.0, i, W.self)
    let result = a &+ b &+ W(flag(chain))
    try write(i.operands.0, i, result)
    set(chain, ((a & b) | ((a | b) & ~result)).isNegative)
  }
}
