import Semantics

// CMPXCHG, CMPXCHG8B/16B, XADD (SDM vol. 2). Other locked forms are their plain meanings through
// `modify`; XCHG is among the moves.
extension X86Machine {
  /// Without LOCK memory is written in either case. Of the destination register and rAX only the one
  /// that changes is written: the other's upper half stays.
  @inlinable public mutating func cmpxchg<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let expected = W(truncating: self[.rax])
    let desired = register(i.operands.1, W.self)
    let old: W
    if i.operands.0.kind == .memory {
      let address = effectiveAddress(i)
      if isLocked(i) {
        old = try compareExchange(expected: expected, desired: desired, at: address)
      } else {
        old = try load(W.self, at: address)
        try store(select(old.isEqual(to: expected), desired, old), at: address)
      }
    } else {
      old = register(i.operands.0, W.self)
      try when(old.isEqual(to: expected)) { m in m.setRegister(i.operands.0, desired) }
    }
    try when(!old.isEqual(to: expected)) { m in m.setRegister(Operand(.gpr, 0), old) }
    setSubtractFlags(expected, old, expected &- old)
  }

  @inlinable public mutating func cmpxchg8b(_ i: Instruction) throws(Failure) {
    let address = effectiveAddress(i)
    let expected = Self.joined(W32(truncating: self[.rdx]), W32(truncating: self[.rax]))
    let desired = Self.joined(W32(truncating: self[.rcx]), W32(truncating: self[.rbx]))
    let old = try compareExchange(expected: expected, desired: desired, at: address)
    let equal = old.isEqual(to: expected)
    try when(!equal) { m in
      m[.rax] = W64(zeroExtending: W32(truncating: old))
      m[.rdx] = old.shiftedRight(by: W64(32))
    }
    set(.zf, equal)
  }

  /// #GP for an address that is not a multiple of 16.
  @inlinable public mutating func cmpxchg16b(_ i: Instruction) throws(Failure) {
    let address = effectiveAddress(i)
    try fault(.generalProtection, if: !(address & W64(15)).isZero)
    let half = W128(64)
    let expected =
      W128(zeroExtending: self[.rdx]).shiftedLeft(by: half) | W128(zeroExtending: self[.rax])
    let desired =
      W128(zeroExtending: self[.rcx]).shiftedLeft(by: half) | W128(zeroExtending: self[.rbx])
    let old = try compareExchange(expected: expected, desired: desired, at: address)
    let equal = old.isEqual(to: expected)
    try when(!equal) { m in
      m[.rax] = W64(truncating: old)
      m[.rdx] = W64(truncating: old.shiftedRight(by: half))
    }
    set(.zf, equal)
  }

  @inlinable public static func joined(_ high: W32, _ low: W32) -> W64 {
    W64(zeroExtending: high).shiftedLeft(by: W64(32)) | W64(zeroExtending: low)
  }

  /// The source gets the old value before the destination gets the sum: the sum wins in the same
  /// register.
  @inlinable public mutating func xadd<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let b = register(i.operands.1, W.self)
    let a: W
    if i.operands.0.kind == .memory {
      a = try modify(i, .add, b)
      setRegister(i.operands.1, a)
    } else {
      a = register(i.operands.0, W.self)
      setRegister(i.operands.1, a)
      setRegister(i.operands.0, a &+ b)
    }
    setAddFlags(a, b, a &+ b)
  }
}
