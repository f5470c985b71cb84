import Semantics

// The stack (SDM vol. 2: PUSH, POP, PUSHF, POPF, ENTER, LEAVE). `rsp` moves last, so that a fault
// in the access leaves it.
extension X86Machine {
  @inlinable public mutating func pushValue<W: Word>(_ value: W) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let top = self[.rsp] &- W64(UInt64(W.bits / 8))
    try store(value, at: top)
    self[.rsp] = top
  }

  /// `push rsp` pushes the old value.
  @inlinable public mutating func push<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try pushValue(read(i.operands.0, i, W.self))
  }

  /// A memory destination's address is computed with `rsp` already moved.
  @inlinable public mutating func pop<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let old = self[.rsp]
    let value = try load(W.self, at: old)
    let new = old &+ W64(UInt64(W.bits / 8))
    self[.rsp] = new
    if i.operands.0.kind == .memory {
      let address = effectiveAddress(i)
      self[.rsp] = old
      try store(value, at: address)
      self[.rsp] = new
    } else {
      setRegister(i.operands.0, value)
    }
  }

  @inlinable public mutating func pushf<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    try pushValue(W(truncating: flagsImage()))
  }

  /// TF, NT, AC and ID are not kept.
  @inlinable public mutating func popf<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let image = try load(W.self, at: self[.rsp])
    self[.rsp] = self[.rsp] &+ W64(UInt64(W.bits / 8))
    setStatus(fromImage: image)
    set(.df, image.bit(10))
    set(.of, image.bit(11))
  }

  /// Immediate: allocation in bits 15…0, nesting level in bits 23…16.
  @inlinable public mutating func enter(_ i: Instruction) throws(Failure) {
    let allocation = i.immediate & 0xffff
    let level = (i.immediate &>> 16) & 31
    let caller = self[.rbp]
    let frame = self[.rsp] &- W64(8)
    try store(caller, at: frame)
    if level > 0 {
      var n: UInt64 = 1
      while n < level {
        try store(load(W64.self, at: caller &- W64(n &* 8)), at: frame &- W64(n &* 8))
        n &+= 1
      }
      try store(frame, at: frame &- W64(level &* 8))
    }
    self[.rbp] = frame
    self[.rsp] = frame &- W64(level &* 8 &+ allocation)
  }

  @inlinable public mutating func leave<W: Word>(_ i: Instruction, _: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let frame = self[.rbp]
    let caller = try load(W.self, at: frame)
    self[.rsp] = frame &+ W64(UInt64(W.bits / 8))
    setRegister(Operand(.gpr, 5), caller)
  }
}
