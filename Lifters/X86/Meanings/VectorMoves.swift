// Moves (SDM vol. 2: MOVAPS, MOVSS, MOVQ, MOVHPS, MOVDDUP, …).

import Semantics

extension X86Machine {
  @inlinable public mutating func movaps(_ i: Instruction) throws(Failure) {
    try moveVector(i)
  }

  @inlinable public mutating func movups(_ i: Instruction) throws(Failure) {
    try moveVector(i)
  }

  @inlinable public mutating func movapd(_ i: Instruction) throws(Failure) {
    try moveVector(i)
  }

  @inlinable public mutating func movupd(_ i: Instruction) throws(Failure) {
    try moveVector(i)
  }

  @inlinable public mutating func movdqa(_ i: Instruction) throws(Failure) {
    try moveVector(i)
  }

  @inlinable public mutating func movdqu(_ i: Instruction) throws(Failure) {
    try moveVector(i)
  }

  @inlinable public mutating func movntps(_ i: Instruction) throws(Failure) {
    try moveVector(i)
  }

  @inlinable public mutating func movntpd(_ i: Instruction) throws(Failure) {
    try moveVector(i)
  }

  @inlinable public mutating func movntdq(_ i: Instruction) throws(Failure) {
    try moveVector(i)
  }

  @inlinable public mutating func lddqu(_ i: Instruction) throws(Failure) {
    try moveVector(i)
  }

  @inlinable public mutating func movntdqa(_ i: Instruction) throws(Failure) {
    try moveVector(i)
  }

  /// The non-temporal hint means nothing here.
  @inlinable mutating func moveVector(_ i: Instruction) throws(Failure) {
    let value = try readHalves(i.operands.1, i)
    if i.operands.0.kind != .memory { return setResult(i, value.low, value.high) }
    let address = effectiveAddress(i)
    try storeVector(value.low, at: address, alignment: i.vectorAlignment)
    if halves(i) == 2 { try storeVector(value.high, at: address &+ W64(16)) }
  }

  @inlinable public mutating func movss(_ i: Instruction) throws(Failure) {
    try moveScalar(i, W32.self)
  }

  @inlinable public mutating func movsd(_ i: Instruction) throws(Failure) {
    try moveScalar(i, W64.self)
  }

  /// A load clears the rest of the register; a register form keeps it from the first source.
  @inlinable mutating func moveScalar<W: Word>(_ i: Instruction, _ lanes: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    if i.operands.0.kind == .memory {
      try store(vector(i.operands.1.number, half: 0).lane(0, W.self), at: effectiveAddress(i))
    } else if i.operands.1.kind == .memory {
      setResult(i, V.zero.replacing(0, with: try load(W.self, at: effectiveAddress(i))))
    } else {
      let value = vector(secondSource(i).number, half: 0).lane(0, W.self)
      setResult(i, vector(firstSource(i).number, half: 0).replacing(0, with: value))
    }
  }

  @inlinable public mutating func movd(_ i: Instruction) throws(Failure) {
    try moveLow(i, W32.self)
  }

  @inlinable public mutating func movq(_ i: Instruction) throws(Failure) {
    try moveLow(i, W64.self)
  }

  /// Between the low lane and a general register, memory or (MOVQ) another vector's low lane.
  @inlinable mutating func moveLow<W: Word>(_ i: Instruction, _ lanes: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let source = i.operands.1
    let value: W
    if source.kind == .vector {
      value = vector(source.number, half: 0).lane(0, W.self)
    } else {
      value = try read(source, i, W.self)
    }
    if i.operands.0.kind == .vector {
      setResult(i, V.zero.replacing(0, with: value))
    } else {
      try write(i.operands.0, i, value)
    }
  }

  @inlinable public mutating func movlps(_ i: Instruction) throws(Failure) {
    try moveHalf(i, 0)
  }

  @inlinable public mutating func movlpd(_ i: Instruction) throws(Failure) {
    try moveHalf(i, 0)
  }

  @inlinable public mutating func movhps(_ i: Instruction) throws(Failure) {
    try moveHalf(i, 1)
  }

  @inlinable public mutating func movhpd(_ i: Instruction) throws(Failure) {
    try moveHalf(i, 1)
  }

  /// One 64-bit lane between a register and memory.
  @inlinable mutating func moveHalf(_ i: Instruction, _ index: Int) throws(Failure) {
    if i.operands.0.kind == .memory {
      let value = vector(i.operands.1.number, half: 0).lane(index, W64.self)
      return try store(value, at: effectiveAddress(i))
    }
    let value = try load(W64.self, at: effectiveAddress(i))
    setResult(i, vector(firstSource(i).number, half: 0).replacing(index, with: value))
  }

  @inlinable public mutating func movhlps(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.shuffled($1, lanes: W64.self) { $0 == 0 ? 3 : 1 } }
  }

  @inlinable public mutating func movlhps(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.shuffled($1, lanes: W64.self) { $0 == 0 ? 0 : 2 } }
  }

  @inlinable public mutating func movshdup(_ i: Instruction) throws(Failure) {
    try transform(i) { $0.shuffled(.zero, lanes: W32.self) { $0 | 1 } }
  }

  @inlinable public mutating func movsldup(_ i: Instruction) throws(Failure) {
    try transform(i) { $0.shuffled(.zero, lanes: W32.self) { $0 & 2 } }
  }

  @inlinable public mutating func movddup(_ i: Instruction) throws(Failure) {
    if halves(i) == 2 {
      return try transform(i) { $0.shuffled(.zero, lanes: W64.self) { _ in 0 } }
    }
    setResult(i, V(repeating: try readScalar(i.operands.1, i, W64.self)))
  }

  @inlinable public mutating func maskmovdqu(_ i: Instruction) throws(Failure) {
    let value = vector(i.operands.0.number, half: 0)
    let mask = vector(i.operands.1.number, half: 0)
    var address = self[.rdi]
    if i.prefixes.contains(.addressSize) { address = W64(zeroExtending: W32(truncating: address)) }
    if i.segment != 0 { address = address &+ segmentBase(i.segment) }
    for index in 0..<16 {
      try when(mask.lane(index, W8.self).isNegative) { (m) throws(Failure) in
        try m.store(
          value.lane(index, W8.self), at: address &+ W64(UInt64(truncatingIfNeeded: index)))
      }
    }
  }
}
