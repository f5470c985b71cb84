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

  /// The segments of Linux's descriptor table that a program may look at (arch/x86/include/asm/segment.h), by
  /// the selector without its privilege level: code of 32 bits, data, code of 64 bits, and the processor's
  /// number, which is always 0 (as RDPID's).
  @inlinable mutating func segments(_ selector: Operand, _ i: Instruction) throws(Failure)
    -> (code32: Flag, data: Flag, code64: Flag, number: Flag)
  {
    let index = try read(selector, i, W16.self) & W16(0xfffc)
    return (
      index.isEqual(to: W16(0x20)), index.isEqual(to: W16(0x28)), index.isEqual(to: W16(0x30)),
      index.isEqual(to: W16(0x78))
    )
  }

  @inlinable public mutating func verr(_ i: Instruction) throws(Failure) {
    let s = try segments(i.operands.0, i)
    set(.zf, s.code32 | s.data | s.code64 | s.number)
  }

  @inlinable public mutating func verw(_ i: Instruction) throws(Failure) {
    let s = try segments(i.operands.0, i)
    set(.zf, s.data)
  }

  /// Type, privilege level and granularity, as in the descriptor.
  @inlinable public mutating func lar<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let s = try segments(i.operands.1, i)
    let code = select(s.code32, W32(0x00cf_fb00), W32(0x00af_fb00))
    let rights = select(s.data, W32(0x00cf_f300), select(s.number, W32(0x0040_f500), code))
    try describe(i, s, W(truncating: W64(zeroExtending: rights)))
  }

  @inlinable public mutating func lsl<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let s = try segments(i.operands.1, i)
    let limit = select(s.number, W32(0), W32(0xffff_ffff))
    try describe(i, s, W(truncating: W64(zeroExtending: limit)))
  }

  /// ZF says whether there is such a segment; the destination changes only then.
  @inlinable mutating func describe<W: Word>(
    _ i: Instruction, _ s: (code32: Flag, data: Flag, code64: Flag, number: Flag), _ value: W
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let isThere = s.code32 | s.data | s.code64 | s.number
    try when(isThere) { m in m.setRegister(i.operands.0, value) }
    set(.zf, isThere)
  }

  /// `rcx` and `r11` get the return address and RFLAGS before the kernel is entered.
  @inlinable public mutating func syscall(_ i: Instruction) throws(Failure) {
    self[.r11] = flagsImage()
    self[.rcx] = W64(i.next)
    try systemCall()
  }

  @inlinable public mutating func nop(_ i: Instruction) throws(Failure) {}
  /// To the level of cache that the mnemonic names, 3 being the nearest.
  @inlinable public mutating func prefetch(_ i: Instruction) throws(Failure) {
    let locality =
      switch i.operation {
      case .prefetchnta: 0
      case .prefetcht2: 1
      case .prefetcht1: 2
      default: 3
      }
    let isWrite = i.operation == .prefetchw || i.operation == .prefetchwt1
    prefetch(effectiveAddress(i), isWrite: isWrite, locality: locality)
  }
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
