import Semantics

// String instructions (SDM vol. 2: MOVS, STOS, LODS, SCAS, CMPS, REP). Registers move with every
// element, so that a fault in the middle leaves exactly what is still to do.
extension X86Machine {
  @inlinable public mutating func movs<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try repeated(i) { m throws(Failure) in
      try m.store(m.load(W.self, at: m.stringSource(i)), at: m.stringDestination(i))
      m.advance(.rsi, i, W.self)
      m.advance(.rdi, i, W.self)
    }
  }

  @inlinable public mutating func stos<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try repeated(i) { m throws(Failure) in
      try m.store(W(truncating: m[.rax]), at: m.stringDestination(i))
      m.advance(.rdi, i, W.self)
    }
  }

  @inlinable public mutating func lods<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try repeated(i) { m throws(Failure) in
      let value = try m.load(W.self, at: m.stringSource(i))
      m.setRegister(Operand(.gpr, 0, size: UInt8(W.bits / 8)), value)
      m.advance(.rsi, i, W.self)
    }
  }

  @inlinable public mutating func scas<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try repeatedComparing(i) { m throws(Failure) in
      let a = W(truncating: m[.rax])
      let b = try m.load(W.self, at: m.stringDestination(i))
      m.advance(.rdi, i, W.self)
      m.setSubtractFlags(a, b, a &- b)
      return a.isEqual(to: b)
    }
  }

  @inlinable public mutating func cmps<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try repeatedComparing(i) { m throws(Failure) in
      let a = try m.load(W.self, at: m.stringSource(i))
      let b = try m.load(W.self, at: m.stringDestination(i))
      m.advance(.rsi, i, W.self)
      m.advance(.rdi, i, W.self)
      m.setSubtractFlags(a, b, a &- b)
      return a.isEqual(to: b)
    }
  }

  /// `[rsi]`, with a segment override.
  @inlinable public func stringSource(_ i: Instruction) -> W64 {
    let address = truncatedAddress(i, self[.rsi])
    return i.segment == 0 ? address : address &+ segmentBase(i.segment)
  }

  /// `[rdi]`, always of ES.
  @inlinable public func stringDestination(_ i: Instruction) -> W64 {
    truncatedAddress(i, self[.rdi])
  }

  /// Moves an index register by one element, down if DF is set.
  @inlinable public mutating func advance<W: Word>(_ gpr: GPR, _ i: Instruction, _: W.Type)
  where W.Carrier == Carrier, W.Flag == Flag {
    let bytes = UInt64(W.bits / 8)
    let step = select(flag(.df), W64(0 &- bytes), W64(bytes))
    self[gpr] = truncatedAddress(i, self[gpr] &+ step)
  }

  /// REP of instructions that do not compare; REPNE means the same there.
  @inlinable public mutating func repeated(
    _ i: Instruction, _ element: (inout Self) throws(Failure) -> Void
  ) throws(Failure) {
    guard i.prefixes.contains(.rep) || i.prefixes.contains(.repne) else {
      try element(&self)
      return
    }
    try when(!truncatedAddress(i, self[.rcx]).isZero) { m throws(Failure) in
      try m.loop { m throws(Failure) in
        try element(&m)
        return !m.countDown(i).isZero
      }
    }
  }

  /// REPE and REPNE: the elements' equality ends the repetition too.
  @inlinable public mutating func repeatedComparing(
    _ i: Instruction, _ element: (inout Self) throws(Failure) -> Flag
  ) throws(Failure) {
    let whileEqual = i.prefixes.contains(.rep)
    guard whileEqual || i.prefixes.contains(.repne) else {
      _ = try element(&self)
      return
    }
    try when(!truncatedAddress(i, self[.rcx]).isZero) { m throws(Failure) in
      try m.loop { m throws(Failure) in
        let equal = try element(&m)
        return !m.countDown(i).isZero & (whileEqual ? equal : !equal)
      }
    }
  }
}
