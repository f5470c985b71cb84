import Semantics

// String instructions (SDM vol. 2: MOVS, STOS, LODS, SCAS, CMPS, REP). Registers move with every
// element, so that a fault in the middle leaves exactly what is still to do.
extension X86Machine {
  @inlinable public mutating func movs<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try repeated(i, wideEnough: { m in
      // Sixteen bytes at once see none of those that they write, and none of the next page's.
      let overlaps = (m[.rdi] &- m[.rsi]).isBelow(W64(16))
      return !overlaps & ((m[.rsi] &- W64(1)) & W64(0xfff)).isBelow(W64(0xff0))
    }, wide: { m throws(Failure) in
      try m.storeVector(m.loadVector(at: m[.rsi]), at: m[.rdi])
      m[.rsi] = m[.rsi] &+ W64(16)
    }, W.self) { m throws(Failure) in
      try m.store(m.load(W.self, at: m.stringSource(i)), at: m.stringDestination(i))
      m.advance(.rsi, i, W.self)
      m.advance(.rdi, i, W.self)
    }
  }

  @inlinable public mutating func stos<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try repeated(i, wideEnough: { _ in Flag(true) }, wide: { m throws(Failure) in
      try m.storeVector(V(repeating: W(truncating: m[.rax])), at: m[.rdi])
    }, W.self) { m throws(Failure) in
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

  /// The same, upwards by `wide` pieces of 16 bytes inside of pages: at multiples of 16 in the destination, which `wide`
  /// leaves to this. A page's first element goes by itself, since hosts take pieces apart from either end. So a fault has done
  /// neither more nor less than by elements, and at the same address.
  ///
  /// - Parameter wideEnough: whether the next piece may be wide, for the source's sake.
  @inlinable mutating func repeated<W: Word>(
    _ i: Instruction, wideEnough: (inout Self) -> Flag,
    wide: (inout Self) throws(Failure) -> Void, _: W.Type,
    _ element: (inout Self) throws(Failure) -> Void
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let isRepeated = i.prefixes.contains(.rep) || i.prefixes.contains(.repne)
    guard isRepeated && i.segment == 0 && !i.prefixes.contains(.addressSize) else { return try repeated(i, element) }
    let count = W64(UInt64(128 / W.bits))
    func mayBeWide(_ m: inout Self) -> Flag {
      let isAligned = (m[.rdi] & W64(15)).isZero & !(m[.rdi] & W64(0xfff)).isZero
      return !m.flag(.df) & isAligned & !m[.rcx].isBelow(count) & wideEnough(&m)
    }
    try when(!self[.rcx].isZero) { m throws(Failure) in
      try m.loop { m throws(Failure) in
        try m.when(mayBeWide(&m)) { m throws(Failure) in
          try m.loop { m throws(Failure) in
            try wide(&m)
            m[.rdi] = m[.rdi] &+ W64(16)
            m[.rcx] = m[.rcx] &- count
            return mayBeWide(&m)
          }
        }
        try m.when(!m[.rcx].isZero) { m throws(Failure) in
          try element(&m)
          _ = m.countDown(i)
        }
        return !m[.rcx].isZero
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
