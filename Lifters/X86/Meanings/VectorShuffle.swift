// Shuffles, interleavings and blends (SDM vol. 2: PUNPCKx, UNPCKx, PSHUFx, SHUFPx, PALIGNR,
// BLENDx). The order is known at translation time, except PSHUFB's and the variable blends'.

import Semantics

extension X86Machine {
  @inlinable public mutating func punpcklbw(_ i: Instruction) throws(Failure) {
    try interleave(i, W8.self, high: false)
  }

  @inlinable public mutating func punpcklwd(_ i: Instruction) throws(Failure) {
    try interleave(i, W16.self, high: false)
  }

  @inlinable public mutating func punpckldq(_ i: Instruction) throws(Failure) {
    try interleave(i, W32.self, high: false)
  }

  @inlinable public mutating func punpcklqdq(_ i: Instruction) throws(Failure) {
    try interleave(i, W64.self, high: false)
  }

  @inlinable public mutating func punpckhbw(_ i: Instruction) throws(Failure) {
    try interleave(i, W8.self, high: true)
  }

  @inlinable public mutating func punpckhwd(_ i: Instruction) throws(Failure) {
    try interleave(i, W16.self, high: true)
  }

  @inlinable public mutating func punpckhdq(_ i: Instruction) throws(Failure) {
    try interleave(i, W32.self, high: true)
  }

  @inlinable public mutating func punpckhqdq(_ i: Instruction) throws(Failure) {
    try interleave(i, W64.self, high: true)
  }

  @inlinable public mutating func unpcklps(_ i: Instruction) throws(Failure) {
    try interleave(i, W32.self, high: false)
  }

  @inlinable public mutating func unpckhps(_ i: Instruction) throws(Failure) {
    try interleave(i, W32.self, high: true)
  }

  @inlinable public mutating func unpcklpd(_ i: Instruction) throws(Failure) {
    try interleave(i, W64.self, high: false)
  }

  @inlinable public mutating func unpckhpd(_ i: Instruction) throws(Failure) {
    try interleave(i, W64.self, high: true)
  }

  @inlinable mutating func interleave<W: Word>(
    _ i: Instruction, _ lanes: W.Type, high: Bool
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let count = 128 / W.bits
    let base = high ? count / 2 : 0
    try combine(i) { a, b in
      a.shuffled(b, lanes: W.self) { base &+ $0 / 2 &+ ($0 & 1) &* count }
    }
  }

  @inlinable public mutating func pshufd(_ i: Instruction) throws(Failure) {
    let order = immediateOrder(i)
    try transform(i) { $0.shuffled(.zero, lanes: W32.self) { order >> ($0 * 2) & 3 } }
  }

  @inlinable public mutating func pshuflw(_ i: Instruction) throws(Failure) {
    let order = immediateOrder(i)
    try transform(i) {
      $0.shuffled(.zero, lanes: W16.self) { $0 < 4 ? order >> ($0 * 2) & 3 : $0 }
    }
  }

  @inlinable public mutating func pshufhw(_ i: Instruction) throws(Failure) {
    let order = immediateOrder(i)
    try transform(i) {
      $0.shuffled(.zero, lanes: W16.self) { $0 < 4 ? $0 : 4 + (order >> ($0 * 2 - 8) & 3) }
    }
  }

  @inlinable public mutating func shufps(_ i: Instruction) throws(Failure) {
    let order = immediateOrder(i)
    try combine(i) { a, b in
      a.shuffled(b, lanes: W32.self) { (order >> ($0 * 2) & 3) + ($0 < 2 ? 0 : 4) }
    }
  }

  @inlinable public mutating func shufpd(_ i: Instruction) throws(Failure) {
    let order = immediateOrder(i)
    try combineHalves(i) { a, b, half in
      a.shuffled(b, lanes: W64.self) { (order >> (half * 2 + $0) & 1) + $0 * 2 }
    }
  }

  @inlinable public mutating func pshufb(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.shuffled(byControl: $1) }
  }

  @inlinable public mutating func palignr(_ i: Instruction) throws(Failure) {
    let count = immediateOrder(i)
    try combine(i) { a, b in
      b.shuffled(a, lanes: W8.self) { $0 + count < 32 ? $0 + count : -1 }
    }
  }

  @inlinable public mutating func blendps(_ i: Instruction) throws(Failure) {
    try blend(i, W32.self, bitsPerHalf: 4)
  }

  @inlinable public mutating func blendpd(_ i: Instruction) throws(Failure) {
    try blend(i, W64.self, bitsPerHalf: 2)
  }

  @inlinable public mutating func pblendw(_ i: Instruction) throws(Failure) {
    try blend(i, W16.self, bitsPerHalf: 0)
  }

  /// By immediate bits, `bitsPerHalf` of them for each 128 bits (0: the same for both halves).
  @inlinable mutating func blend<W: Word>(
    _ i: Instruction, _ lanes: W.Type, bitsPerHalf: Int
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let choice = immediateOrder(i)
    let count = 128 / W.bits
    try combineHalves(i) { a, b, half in
      a.shuffled(b, lanes: W.self) {
        choice >> ($0 + half * bitsPerHalf) & 1 == 1 ? $0 + count : $0
      }
    }
  }

  @inlinable public mutating func pblendvb(_ i: Instruction) throws(Failure) {
    try blendBySign(i, W8.self)
  }

  @inlinable public mutating func blendvps(_ i: Instruction) throws(Failure) {
    try blendBySign(i, W32.self)
  }

  @inlinable public mutating func blendvpd(_ i: Instruction) throws(Failure) {
    try blendBySign(i, W64.self)
  }

  /// The mask is XMM0, or operand 3 under VEX: the sign of each of its lanes chooses.
  @inlinable mutating func blendBySign<W: Word>(_ i: Instruction, _ lanes: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let maskNumber = i.prefixes.contains(.vex) ? i.operands.3.number : 0
    let low = V.zero.combined(.greaterSigned, vector(maskNumber, half: 0), lanes: W.self)
    let high =
      halves(i) == 2
      ? V.zero.combined(.greaterSigned, vector(maskNumber, half: 1), lanes: W.self) : low
    try combineHalves(i) { a, b, half in
      let mask = half == 0 ? low : high
      return (b & mask) | (a & ~mask)
    }
  }

  @inlinable public mutating func insertps(_ i: Instruction) throws(Failure) {
    let source = secondSource(i)
    let index = source.kind == .memory ? 0 : Int(truncatingIfNeeded: i.immediate >> 6 & 3)
    let position = Int(truncatingIfNeeded: i.immediate >> 4 & 3)
    let zeroes = immediateOrder(i) & 15
    let value = try readSized(source, i)
    let result = vector(firstSource(i).number, half: 0).shuffled(value, lanes: W32.self) {
      zeroes >> $0 & 1 == 1 ? -1 : $0 == position ? 4 + index : $0
    }
    setResult(i, result)
  }
}
