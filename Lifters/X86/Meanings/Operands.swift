import Semantics

// What the families share: read-modify-write of the first operand, with and without LOCK.
extension X86Machine {
  /// Whether the instruction is an atomic access to memory (SDM vol. 2, LOCK).
  @inlinable public func isLocked(_ i: Instruction) -> Bool {
    i.prefixes.contains(.lock) && i.operands.0.kind == .memory
  }

  /// Whether both operands name the same register, so that idioms need not read it.
  @inlinable public func isSameRegister(_ i: Instruction) -> Bool {
    let (a, b) = (i.operands.0, i.operands.1)
    return a.kind == b.kind && a.number == b.number && (a.kind == .gpr || a.kind == .highByte)
  }

  /// A constant second operand of a register instruction, truncated to `bits`.
  @inlinable public func constantOperand(_ i: Instruction, bits: Int) -> UInt64? {
    guard i.operands.0.kind != .memory, i.operands.1.kind == .immediate else { return nil }
    return bits == 64 ? i.immediate : i.immediate & ((1 &<< UInt64(bits)) &- 1)
  }

  /// Replaces the first operand by its combination with `operand`, atomically under LOCK; answers
  /// what was there before.
  @inlinable public mutating func modify<W: Word>(
    _ i: Instruction, _ operation: AtomicOperation, _ operand: W
  ) throws(Failure) -> W where W.Carrier == Carrier, W.Flag == Flag {
    if isLocked(i) { return try atomic(operation, operand, at: effectiveAddress(i)) }
    let old = try read(i.operands.0, i, W.self)
    let new: W
    switch operation {
    case .exchange: new = operand
    case .add: new = old &+ operand
    case .subtract: new = old &- operand
    case .and: new = old & operand
    case .or: new = old | operand
    case .xor: new = old ^ operand
    }
    try write(i.operands.0, i, new)
    return old
  }

  /// As `modify` for what no single atomic operation does. `finish` sets the flags, from old and
  /// new; under LOCK it runs once a turn of the retry loop, the last of which counts.
  @inlinable public mutating func modify<W: Word>(
    _ i: Instruction, _ compute: (W) -> W, finish: (inout Self, W, W) -> Void
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    guard isLocked(i) else {
      let old = try read(i.operands.0, i, W.self)
      let new = compute(old)
      try write(i.operands.0, i, new)
      finish(&self, old, new)
      return
    }
    let address = effectiveAddress(i)
    try loop { m throws(Failure) in
      let old = try m.load(W.self, at: address)
      let new = compute(old)
      let seen = try m.compareExchange(expected: old, desired: new, at: address)
      finish(&m, old, new)
      return !seen.isEqual(to: old)
    }
  }

  /// An address as the address-size prefix leaves it.
  @inlinable public func truncatedAddress(_ i: Instruction, _ address: W64) -> W64 {
    i.prefixes.contains(.addressSize) ? W64(zeroExtending: W32(truncating: address)) : address
  }
}
