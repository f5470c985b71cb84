// How vector meanings reach their operands, so that one body serves three encodings:
//   legacy SSE  op x, y      x is destination and first source; bits 128 and up of it stay
//   VEX.128     op x, a, b   bits 128 and up of x become zero
//   VEX.256     op x, a, b   the same, for each 128-bit half
// Everything is read before anything is written (SDM vol. 1, 14.5 and vol. 2, 2.3).

import Semantics

extension Instruction {
  /// What the address of a whole vector in memory has to be a multiple of, or #GP (SDM vol. 1, 4.1.1.1
  /// and 14.9).
  @inlinable public var vectorAlignment: Int {
    switch operation {
    case .movups, .movupd, .movdqu, .lddqu, .pcmpistri: return 1
    case .vmovaps, .vmovapd, .vmovdqa, .vmovntps, .vmovntpd, .vmovntdq, .vmovntdqa:
      return Int(truncatingIfNeeded: size)
    default: return prefixes.contains(.vex) ? 1 : 16
    }
  }
}

extension X86Machine {
  /// How many 128-bit halves the instruction works on.
  @inlinable func halves(_ i: Instruction) -> Int {
    i.prefixes.contains(.vex) && i.size == 32 ? 2 : 1
  }
  @inlinable func firstSource(_ i: Instruction) -> Operand {
    i.prefixes.contains(.vex) ? i.operands.1 : i.operands.0
  }
  @inlinable func secondSource(_ i: Instruction) -> Operand {
    i.prefixes.contains(.vex) ? i.operands.2 : i.operands.1
  }
  /// The immediate byte for closures that choose lanes at translation time.
  @inlinable func immediateOrder(_ i: Instruction) -> Int {
    Int(truncatingIfNeeded: i.immediate & 0xff)
  }

  /// Both halves of an operand; only the low one is read, and answered twice, where the
  /// instruction works on one.
  @inlinable mutating func readHalves(_ operand: Operand, _ i: Instruction) throws(Failure)
    -> (low: V, high: V)
  {
    let low = try readVector(operand, i)
    return (low, halves(i) == 2 ? try readVector(operand, i, half: 1) : low)
  }

  /// A vector operand, or as much memory as its size says with zeroes above.
  @inlinable mutating func readSized(_ operand: Operand, _ i: Instruction) throws(Failure) -> V {
    if operand.kind != .memory { return vector(operand.number, half: 0) }
    switch operand.size {
    case 2: return V.zero.replacing(0, with: try load(W16.self, at: effectiveAddress(i)))
    case 4: return V.zero.replacing(0, with: try load(W32.self, at: effectiveAddress(i)))
    case 8: return V.zero.replacing(0, with: try load(W64.self, at: effectiveAddress(i)))
    default: return try readVector(operand, i)
    }
  }

  /// The low lane of a vector operand, or just that much memory.
  @inlinable mutating func readScalar<W: Word>(
    _ operand: Operand, _ i: Instruction, _ lanes: W.Type
  ) throws(Failure) -> W where W.Carrier == Carrier, W.Flag == Flag {
    operand.kind == .memory
      ? try load(W.self, at: effectiveAddress(i))
      : vector(operand.number, half: 0).lane(0, W.self)
  }

  /// Writes operand 0, a register; without a high half, VEX forms clear it and legacy ones keep it.
  @inlinable mutating func setResult(_ i: Instruction, _ low: V) {
    setVector(i.operands.0.number, half: 0, low)
    if i.prefixes.contains(.vex) { setVector(i.operands.0.number, half: 1, .zero) }
  }
  @inlinable mutating func setResult(_ i: Instruction, _ low: V, _ high: V) {
    setResult(i, low)
    if halves(i) == 2 { setVector(i.operands.0.number, half: 1, high) }
  }

  /// Destination from two sources, half by half.
  @inlinable public mutating func combine(_ i: Instruction, _ body: (V, V) -> V) throws(Failure) {
    try combineHalves(i) { a, b, _ in body(a, b) }
  }

  /// The same for operations whose result does not depend on a register combined with itself: PXOR,
  /// PSUB, PCMPEQ, PCMPGT, PANDN (Intel optimisation manual, 3.5.1.7). It is not read then.
  @inlinable mutating func combineDistinct(_ i: Instruction, _ body: (V, V) -> V)
    throws(Failure)
  {
    let (a, b) = (firstSource(i), secondSource(i))
    if b.kind == .vector && a.number == b.number {
      let value = body(.zero, .zero)
      setResult(i, value, value)
    } else {
      try combine(i, body)
    }
  }

  @inlinable public mutating func combineHalves(_ i: Instruction, _ body: (V, V, Int) -> V)
    throws(Failure)
  {
    let a = try readHalves(firstSource(i), i)
    let b = try readHalves(secondSource(i), i)
    let low = body(a.low, b.low, 0)
    setResult(i, low, halves(i) == 2 ? body(a.high, b.high, 1) : low)
  }

  /// Destination from operand 1, half by half.
  @inlinable public mutating func transform(_ i: Instruction, _ body: (V) -> V) throws(Failure) {
    try transform(i, i.operands.1, body)
  }
  @inlinable public mutating func transform(_ i: Instruction, _ source: Operand, _ body: (V) -> V)
    throws(Failure)
  {
    let value = try readHalves(source, i)
    let low = body(value.low)
    setResult(i, low, halves(i) == 2 ? body(value.high) : low)
  }

  /// The low lane from the low lanes of both sources, the rest from the first.
  @inlinable mutating func scalar<W: Word>(
    _ i: Instruction, _ lanes: W.Type, _ body: (W, W) -> W
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let a = vector(firstSource(i).number, half: 0)
    let b = try readScalar(secondSource(i), i, W.self)
    setResult(i, a.replacing(0, with: body(a.lane(0, W.self), b)))
  }
}
