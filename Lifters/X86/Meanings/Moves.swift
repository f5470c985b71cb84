import Semantics

// Data movement and sign extension (SDM vol. 2: MOV, MOVZX, MOVSX, MOVSXD, LEA, XCHG, CMOVcc,
// SETcc, BSWAP, MOVBE, XLATB, CBW … CQO).
extension X86Machine {
  @inlinable public mutating func mov<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try write(i.operands.0, i, read(i.operands.1, i, W.self))
  }

  /// Selectors read as Linux sets them; memory gets 16 bits.
  @inlinable public mutating func movFromSegment(_ i: Instruction) throws(Failure) {
    let selector = selector(i.operands.1.number)
    if i.operands.0.kind == .memory {
      try store(W16(selector), at: effectiveAddress(i))
    } else if i.operands.0.size == 2 {
      setRegister(i.operands.0, W16(selector))
    } else {
      setRegister(i.operands.0, W64(selector))
    }
  }

  @inlinable public mutating func movToSegment(_ i: Instruction) throws(Failure) {
    try setSelector(i.operands.0.number, read(i.operands.1, i, W16.self))
  }

  /// CS, SS and the null selectors of 64-bit Linux processes.
  @inlinable public func selector(_ number: UInt8) -> UInt64 {
    switch number {
    case 1: return 0x33
    case 2: return 0x2b
    default: return 0
    }
  }

  /// Only the selectors that are there already can be loaded; others have no descriptor.
  @inlinable public mutating func setSelector(_ number: UInt8, _ selector: W16) throws(Failure) {
    if number == 1 || number > 5 {
      try fault(.invalidOpcode, if: Flag(true))
      return
    }
    if number == 2 {
      try fault(.generalProtection, if: !selector.isEqual(to: W16(0x2b)))
    } else {
      try fault(.generalProtection, if: !(selector & W16(0xfffc)).isZero)
    }
  }

  @inlinable public mutating func movzx<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    if i.operands.1.size == 1 {
      setRegister(i.operands.0, W(zeroExtending: try read(i.operands.1, i, W8.self)))
    } else {
      setRegister(i.operands.0, W(zeroExtending: try read(i.operands.1, i, W16.self)))
    }
  }

  /// MOVSXD too; with a 32-bit destination that is a move.
  @inlinable public mutating func movsx<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    switch i.operands.1.size {
    case 1: setRegister(i.operands.0, W(signExtending: try read(i.operands.1, i, W8.self)))
    case 2: setRegister(i.operands.0, W(signExtending: try read(i.operands.1, i, W16.self)))
    default: setRegister(i.operands.0, W(signExtending: try read(i.operands.1, i, W32.self)))
    }
  }

  @inlinable public mutating func lea<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    setRegister(i.operands.0, W(truncating: offset(i)))
  }

  /// Atomic with memory, LOCK or not.
  @inlinable public mutating func xchg<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let (a, b) = (i.operands.0, i.operands.1)
    if a.kind == .memory {
      let old = try atomic(.exchange, register(b, W.self), at: effectiveAddress(i))
      setRegister(b, old)
    } else if b.kind == .memory {
      let old = try atomic(.exchange, register(a, W.self), at: effectiveAddress(i))
      setRegister(a, old)
    } else {
      let (x, y) = (register(a, W.self), register(b, W.self))
      setRegister(a, y)
      setRegister(b, x)
    }
  }

  /// Memory is read, and a 32-bit destination's upper half cleared, whether the condition holds or
  /// not.
  @inlinable public mutating func cmovcc<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let value = try read(i.operands.1, i, W.self)
    let kept = register(i.operands.0, W.self)
    setRegister(i.operands.0, select(condition(i.condition), value, kept))
  }

  @inlinable public mutating func setcc(_ i: Instruction) throws(Failure) {
    try write(i.operands.0, i, W8(condition(i.condition)))
  }

  /// Of 16 bits, which the manual leaves undefined, processors make zero.
  @inlinable public mutating func bswap<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    if W.bits == 16 {
      setRegister(i.operands.0, W(0))
    } else {
      setRegister(i.operands.0, register(i.operands.0, W.self).bytesReversed)
    }
  }

  @inlinable public mutating func movbe<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try write(i.operands.0, i, read(i.operands.1, i, W.self).bytesReversed)
  }

  @inlinable public mutating func xlat(_ i: Instruction) throws(Failure) {
    let index = W64(zeroExtending: W8(truncating: self[.rax]))
    var address = truncatedAddress(i, self[.rbx] &+ index)
    if i.segment != 0 { address = address &+ segmentBase(i.segment) }
    setRegister(Operand(.gpr, 0, size: 1), try load(W8.self, at: address))
  }

  @inlinable public mutating func cbw(_ i: Instruction) throws(Failure) {
    setRegister(Operand(.gpr, 0), W16(signExtending: W8(truncating: self[.rax])))
  }
  @inlinable public mutating func cwde(_ i: Instruction) throws(Failure) {
    setRegister(Operand(.gpr, 0), W32(signExtending: W16(truncating: self[.rax])))
  }
  @inlinable public mutating func cdqe(_ i: Instruction) throws(Failure) {
    self[.rax] = W64(signExtending: W32(truncating: self[.rax]))
  }
  @inlinable public mutating func cwd(_ i: Instruction) throws(Failure) {
    let sign = W16(truncating: self[.rax]).shiftedRightArithmetically(by: W16(15))
    setRegister(Operand(.gpr, 2), sign)
  }
  @inlinable public mutating func cdq(_ i: Instruction) throws(Failure) {
    let sign = W32(truncating: self[.rax]).shiftedRightArithmetically(by: W32(31))
    setRegister(Operand(.gpr, 2), sign)
  }
  @inlinable public mutating func cqo(_ i: Instruction) throws(Failure) {
    self[.rdx] = self[.rax].shiftedRightArithmetically(by: W64(63))
  }
}
