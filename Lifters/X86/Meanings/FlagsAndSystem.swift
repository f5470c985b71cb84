import Semantics

// Flag instructions, fences, segment bases and system calls (SDM vol. 2).
extension X86Machine {
  @inlinable public mutating func clc(_ i: Instruction) throws(Failure) { set(.cf, Flag(false)) }
  @inlinable public mutating func stc(_ i: Instruction) throws(Failure) { set(.cf, Flag(true)) }
  @inlinable public mutating func cmc(_ i: Instruction) throws(Failure) {
    let carry = flag(.cf)
    set(.cf, !carry)
  }
  @inlinable public mutating func cld(_ i: Instruction) throws(Failure) { set(.df, Flag(false)) }
  @inlinable public mutating func std(_ i: Instruction) throws(Failure) { set(.df, Flag(true)) }

  @inlinable public mutating func lahf(_ i: Instruction) throws(Failure) {
    setRegister(Operand(.highByte, 0, size: 1), W8(truncating: statusImage() | W64(2)))
  }

  @inlinable public mutating func sahf(_ i: Instruction) throws(Failure) {
    setStatus(fromImage: register(Operand(.highByte, 0, size: 1), W8.self))
  }

  /// CR0 (PE, MP, ET, NE, WP, AM, PG) as Linux sets it, and as it answers where UMIP makes SMSW
  /// fault. Memory gets 16 bits.
  @inlinable public mutating func smsw(_ i: Instruction) throws(Failure) {
    if i.operands.0.kind == .memory {
      try store(W16(0x0033), at: effectiveAddress(i))
    } else if i.operands.0.size == 2 {
      setRegister(i.operands.0, W16(0x0033))
    } else {
      setRegister(i.operands.0, W64(0x8005_0033))
    }
  }

  /// `rcx` and `r11` get the return address and RFLAGS before the kernel is entered.
  @inlinable public mutating func syscall(_ i: Instruction) throws(Failure) {
    self[.r11] = flagsImage()
    self[.rcx] = W64(i.next)
    try systemCall()
  }

  @inlinable public mutating func nop(_ i: Instruction) throws(Failure) {}
  @inlinable public mutating func mfence(_ i: Instruction) throws(Failure) { try fence() }

  @inlinable public mutating func rdfsbase<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    setRegister(i.operands.0, W(truncating: segmentBase(4)))
  }
  @inlinable public mutating func rdgsbase<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    setRegister(i.operands.0, W(truncating: segmentBase(5)))
  }
  @inlinable public mutating func wrfsbase<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag { try writeBase(4, i, W.self) }
  @inlinable public mutating func wrgsbase<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag { try writeBase(5, i, W.self) }

  /// #GP for an address that is not canonical.
  @inlinable public mutating func writeBase<W: Word>(_ segment: UInt8, _ i: Instruction, _: W.Type)
    throws(Failure) where W.Carrier == Carrier, W.Flag == Flag
  {
    let base = W64(zeroExtending: register(i.operands.0, W.self))
    let spare = W64(16)
    let canonical = base.shiftedLeft(by: spare).shiftedRightArithmetically(by: spare)
    try fault(.generalProtection, if: !canonical.isEqual(to: base))
    setSegmentBase(segment, base)
  }
}
