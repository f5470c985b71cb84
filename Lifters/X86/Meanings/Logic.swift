import Semantics

// AND, OR, XOR, NOT, TEST (SDM vol. 2).
extension X86Machine {
  @inlinable public mutating func and<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    if constantOperand(i, bits: W.bits) == 0 {
      setRegister(i.operands.0, W(0))
      setLogicFlags(W(0))
      return
    }
    let b = try read(i.operands.1, i, W.self)
    let a = try modify(i, .and, b)
    setLogicFlags(a & b)
  }

  @inlinable public mutating func or<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    if constantOperand(i, bits: W.bits) == ~0 &>> UInt64(64 &- W.bits) {
      setRegister(i.operands.0, W(~0))
      setLogicFlags(W(~0))
      return
    }
    let b = try read(i.operands.1, i, W.self)
    let a = try modify(i, .or, b)
    setLogicFlags(a | b)
  }

  @inlinable public mutating func xor<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    if isSameRegister(i) {
      setRegister(i.operands.0, W(0))
      setLogicFlags(W(0))
      return
    }
    let b = try read(i.operands.1, i, W.self)
    let a = try modify(i, .xor, b)
    setLogicFlags(a ^ b)
  }

  @inlinable public mutating func not<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    _ = try modify(i, .xor, W(~0))
  }

  @inlinable public mutating func test<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try read(i.operands.0, i, W.self)
    if isSameRegister(i) {
      setLogicFlags(a)
      return
    }
    setLogicFlags(a & (try read(i.operands.1, i, W.self)))
  }
}
