// Integer products, sums across lanes, absolute values and signs (SDM vol. 2: PMULx, PMADDx,
// PSADBW, PABSx, PSIGNx, PHADDx, PHSUBx, MPSADBW, PHMINPOSUW).

import Semantics

extension X86Machine {
  @inlinable public mutating func pmullw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.multiply, $1, lanes: W16.self) }
  }

  @inlinable public mutating func pmulld(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.multiply, $1, lanes: W32.self) }
  }

  @inlinable public mutating func pmulhw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.multiplyHighSigned, $1, lanes: W16.self) }
  }

  @inlinable public mutating func pmulhuw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.multiplyHighUnsigned, $1, lanes: W16.self) }
  }

  @inlinable public mutating func pmuludq(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.multiplyLowerUnsigned, $1, lanes: W64.self) }
  }

  @inlinable public mutating func pmuldq(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.multiplyLowerSigned, $1, lanes: W64.self) }
  }

  @inlinable public mutating func pmaddwd(_ i: Instruction) throws(Failure) {
    try combine(i) { a, b in
      let even = Self.evenSigned(a).combined(.multiply, Self.evenSigned(b), lanes: W32.self)
      let odd = Self.oddSigned(a).combined(.multiply, Self.oddSigned(b), lanes: W32.self)
      return even.combined(.add, odd, lanes: W32.self)
    }
  }

  /// The even and the odd 16-bit lanes as signed 32-bit lanes.
  @inlinable static func evenSigned(_ v: V) -> V {
    oddSigned(v.shifted(.left, by: W64(16), lanes: W32.self))
  }
  @inlinable static func oddSigned(_ v: V) -> V {
    v.shifted(.rightArithmetic, by: W64(16), lanes: W32.self)
  }

  @inlinable public mutating func pmaddubsw(_ i: Instruction) throws(Failure) {
    let lowBytes = V(low: 0x00ff_00ff_00ff_00ff, high: 0x00ff_00ff_00ff_00ff)
    let byte = W64(8)
    try combine(i) { a, b in
      let evenSigned = b.shifted(.left, by: byte, lanes: W16.self)
        .shifted(.rightArithmetic, by: byte, lanes: W16.self)
      let oddSigned = b.shifted(.rightArithmetic, by: byte, lanes: W16.self)
      let even = (a & lowBytes).combined(.multiply, evenSigned, lanes: W16.self)
      let odd = a.shifted(.rightLogical, by: byte, lanes: W16.self)
        .combined(.multiply, oddSigned, lanes: W16.self)
      return even.combined(.addSaturatingSigned, odd, lanes: W16.self)
    }
  }

  @inlinable public mutating func pmulhrsw(_ i: Instruction) throws(Failure) {
    // (a × b + 0x4000) >> 15 from both halves of the product: twice the upper, plus bit 15 of the
    // lower, plus its bit 14 for the rounding.
    try combine(i) { a, b in
      let upper = a.combined(.multiplyHighSigned, b, lanes: W16.self)
      let lower = a.combined(.multiply, b, lanes: W16.self)
        .shifted(.rightLogical, by: W64(14), lanes: W16.self)
      return upper.combined(.add, upper, lanes: W16.self)
        .combined(.add, lower.combined(.averageUnsigned, .zero, lanes: W16.self), lanes: W16.self)
    }
  }

  @inlinable public mutating func psadbw(_ i: Instruction) throws(Failure) {
    try combine(i) { Self.sumOfDifferences($0, $1) }
  }

  @inlinable static func sumOfDifferences(_ a: V, _ b: V) -> V {
    let difference = a.combined(.maximumUnsigned, b, lanes: W8.self)
      .combined(.subtract, a.combined(.minimumUnsigned, b, lanes: W8.self), lanes: W8.self)
    let lowBytes = V(low: 0x00ff_00ff_00ff_00ff, high: 0x00ff_00ff_00ff_00ff)
    let odd = difference.shifted(.rightLogical, by: W64(8), lanes: W16.self)
    let twos = (difference & lowBytes).combined(.add, odd, lanes: W16.self)
    let upperTwos = twos.shifted(.rightLogical, by: W64(16), lanes: W64.self)
    let fours = twos.combined(.add, upperTwos, lanes: W16.self)
    let upperFours = fours.shifted(.rightLogical, by: W64(32), lanes: W64.self)
    let sum = fours.combined(.add, upperFours, lanes: W16.self)
    return sum & V(low: 0xffff, high: 0xffff)
  }

  @inlinable public mutating func pabsb(_ i: Instruction) throws(Failure) {
    try transform(i) {
      $0.combined(.maximumSigned, V.zero.combined(.subtract, $0, lanes: W8.self), lanes: W8.self)
    }
  }

  @inlinable public mutating func pabsw(_ i: Instruction) throws(Failure) {
    try transform(i) {
      $0.combined(.maximumSigned, V.zero.combined(.subtract, $0, lanes: W16.self), lanes: W16.self)
    }
  }

  @inlinable public mutating func pabsd(_ i: Instruction) throws(Failure) {
    try transform(i) {
      $0.combined(.maximumSigned, V.zero.combined(.subtract, $0, lanes: W32.self), lanes: W32.self)
    }
  }

  @inlinable public mutating func psignb(_ i: Instruction) throws(Failure) {
    try combine(i) { Self.applySign($0, $1, W8.self) }
  }

  @inlinable public mutating func psignw(_ i: Instruction) throws(Failure) {
    try combine(i) { Self.applySign($0, $1, W16.self) }
  }

  @inlinable public mutating func psignd(_ i: Instruction) throws(Failure) {
    try combine(i) { Self.applySign($0, $1, W32.self) }
  }

  @inlinable static func applySign<W: Word>(_ a: V, _ b: V, _ lanes: W.Type) -> V
  where W.Carrier == Carrier, W.Flag == Flag {
    let negative = V.zero.combined(.greaterSigned, b, lanes: W.self)
    let zero = b.combined(.equal, .zero, lanes: W.self)
    return (a ^ negative).combined(.subtract, negative, lanes: W.self) & ~zero
  }

  @inlinable public mutating func phaddw(_ i: Instruction) throws(Failure) {
    try combine(i) {
      let (even, odd) = Self.pairs($0, $1, W16.self)
      return even.combined(.add, odd, lanes: W16.self)
    }
  }

  @inlinable public mutating func phaddd(_ i: Instruction) throws(Failure) {
    try combine(i) {
      let (even, odd) = Self.pairs($0, $1, W32.self)
      return even.combined(.add, odd, lanes: W32.self)
    }
  }

  @inlinable public mutating func phaddsw(_ i: Instruction) throws(Failure) {
    try combine(i) {
      let (even, odd) = Self.pairs($0, $1, W16.self)
      return even.combined(.addSaturatingSigned, odd, lanes: W16.self)
    }
  }

  @inlinable public mutating func phsubw(_ i: Instruction) throws(Failure) {
    try combine(i) {
      let (even, odd) = Self.pairs($0, $1, W16.self)
      return even.combined(.subtract, odd, lanes: W16.self)
    }
  }

  @inlinable public mutating func phsubd(_ i: Instruction) throws(Failure) {
    try combine(i) {
      let (even, odd) = Self.pairs($0, $1, W32.self)
      return even.combined(.subtract, odd, lanes: W32.self)
    }
  }

  @inlinable public mutating func phsubsw(_ i: Instruction) throws(Failure) {
    try combine(i) {
      let (even, odd) = Self.pairs($0, $1, W16.self)
      return even.combined(.subtractSaturatingSigned, odd, lanes: W16.self)
    }
  }

  /// The even and the odd lanes of two vectors taken together.
  @inlinable static func pairs<W: Word>(_ a: V, _ b: V, _ lanes: W.Type) -> (V, V)
  where W.Carrier == Carrier, W.Flag == Flag {
    (
      a.shuffled(b, lanes: W.self) { $0 &* 2 },
      a.shuffled(b, lanes: W.self) { $0 &* 2 &+ 1 }
    )
  }

  @inlinable public mutating func mpsadbw(_ i: Instruction) throws(Failure) {
    let control = immediateOrder(i)
    try combineHalves(i) { a, b, half in
      let choice = control >> (half * 3)
      let start = choice & 4
      let block = (choice & 3) * 4
      var result = V.zero
      for pair in 0..<4 {
        // PSADBW of two windows, each padded to eight bytes with equal zeroes.
        let window = a.shuffled(.zero, lanes: W8.self) {
          $0 & 7 < 4 ? start + pair * 2 + $0 / 8 + ($0 & 7) : -1
        }
        let fixed = b.shuffled(.zero, lanes: W8.self) { $0 & 7 < 4 ? block + ($0 & 7) : -1 }
        let sums = Self.sumOfDifferences(window, fixed)
        result = result.replacing(pair * 2, with: sums.lane(0, W16.self))
          .replacing(pair * 2 + 1, with: sums.lane(4, W16.self))
      }
      return result
    }
  }

  @inlinable public mutating func phminposuw(_ i: Instruction) throws(Failure) {
    // The position sits below the value, so that the least pair has the lowest position.
    let v = try readVector(i.operands.1, i)
    var least = W32(0)
    for index in 0..<8 {
      let value = W32(zeroExtending: v.lane(index, W16.self)).shiftedLeft(by: W32(16))
        | W32(UInt64(truncatingIfNeeded: index))
      least = index == 0 ? value : select(value.isBelow(least), value, least)
    }
    let result = V.zero.replacing(0, with: W16(truncating: least.shiftedRight(by: W32(16))))
      .replacing(1, with: W16(truncating: least))
    setResult(i, result)
  }
}
