// Floating-point arithmetic (SDM vol. 1, chapters 10 to 12). RCPxS and RSQRTxS, defined only to a
// relative error of 1.5 × 2^-12, answer the rounded quotient.

import Semantics

extension X86Machine {
  @inlinable public mutating func addss(_ i: Instruction) throws(Failure) {
    try scalar(i, W32.self) { V.float(.add, $0, $1) }
  }

  @inlinable public mutating func addsd(_ i: Instruction) throws(Failure) {
    try scalar(i, W64.self) { V.float(.add, $0, $1) }
  }

  @inlinable public mutating func addps(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.float(.add, $1, lanes: W32.self) }
  }

  @inlinable public mutating func addpd(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.float(.add, $1, lanes: W64.self) }
  }

  @inlinable public mutating func subss(_ i: Instruction) throws(Failure) {
    try scalar(i, W32.self) { V.float(.subtract, $0, $1) }
  }

  @inlinable public mutating func subsd(_ i: Instruction) throws(Failure) {
    try scalar(i, W64.self) { V.float(.subtract, $0, $1) }
  }

  @inlinable public mutating func subps(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.float(.subtract, $1, lanes: W32.self) }
  }

  @inlinable public mutating func subpd(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.float(.subtract, $1, lanes: W64.self) }
  }

  @inlinable public mutating func mulss(_ i: Instruction) throws(Failure) {
    try scalar(i, W32.self) { V.float(.multiply, $0, $1) }
  }

  @inlinable public mutating func mulsd(_ i: Instruction) throws(Failure) {
    try scalar(i, W64.self) { V.float(.multiply, $0, $1) }
  }

  @inlinable public mutating func mulps(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.float(.multiply, $1, lanes: W32.self) }
  }

  @inlinable public mutating func mulpd(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.float(.multiply, $1, lanes: W64.self) }
  }

  @inlinable public mutating func divss(_ i: Instruction) throws(Failure) {
    try scalar(i, W32.self) { V.float(.divide, $0, $1) }
  }

  @inlinable public mutating func divsd(_ i: Instruction) throws(Failure) {
    try scalar(i, W64.self) { V.float(.divide, $0, $1) }
  }

  @inlinable public mutating func divps(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.float(.divide, $1, lanes: W32.self) }
  }

  @inlinable public mutating func divpd(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.float(.divide, $1, lanes: W64.self) }
  }

  @inlinable public mutating func minss(_ i: Instruction) throws(Failure) {
    try scalar(i, W32.self) { V.float(.minimum, $0, $1) }
  }

  @inlinable public mutating func minsd(_ i: Instruction) throws(Failure) {
    try scalar(i, W64.self) { V.float(.minimum, $0, $1) }
  }

  @inlinable public mutating func minps(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.float(.minimum, $1, lanes: W32.self) }
  }

  @inlinable public mutating func minpd(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.float(.minimum, $1, lanes: W64.self) }
  }

  @inlinable public mutating func maxss(_ i: Instruction) throws(Failure) {
    try scalar(i, W32.self) { V.float(.maximum, $0, $1) }
  }

  @inlinable public mutating func maxsd(_ i: Instruction) throws(Failure) {
    try scalar(i, W64.self) { V.float(.maximum, $0, $1) }
  }

  @inlinable public mutating func maxps(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.float(.maximum, $1, lanes: W32.self) }
  }

  @inlinable public mutating func maxpd(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.float(.maximum, $1, lanes: W64.self) }
  }

  @inlinable public mutating func sqrtss(_ i: Instruction) throws(Failure) {
    try scalar(i, W32.self) { V.squareRoot($1) }
  }

  @inlinable public mutating func sqrtsd(_ i: Instruction) throws(Failure) {
    try scalar(i, W64.self) { V.squareRoot($1) }
  }

  @inlinable public mutating func sqrtps(_ i: Instruction) throws(Failure) {
    try transform(i) { $0.squareRoot(lanes: W32.self) }
  }

  @inlinable public mutating func sqrtpd(_ i: Instruction) throws(Failure) {
    try transform(i) { $0.squareRoot(lanes: W64.self) }
  }

  @inlinable public mutating func roundss(_ i: Instruction) throws(Failure) {
    let (rounding, isSilent) = roundingControl(i)
    try scalar(i, W32.self) { V.rounded(rounding, $1, isSilent: isSilent) }
  }

  @inlinable public mutating func roundsd(_ i: Instruction) throws(Failure) {
    let (rounding, isSilent) = roundingControl(i)
    try scalar(i, W64.self) { V.rounded(rounding, $1, isSilent: isSilent) }
  }

  @inlinable public mutating func roundps(_ i: Instruction) throws(Failure) {
    let (rounding, isSilent) = roundingControl(i)
    try transform(i) { $0.rounded(rounding, lanes: W32.self, isSilent: isSilent) }
  }

  @inlinable public mutating func roundpd(_ i: Instruction) throws(Failure) {
    let (rounding, isSilent) = roundingControl(i)
    try transform(i) { $0.rounded(rounding, lanes: W64.self, isSilent: isSilent) }
  }

  /// Bits 0 and 1 of the immediate, unless bit 2 says MXCSR; bit 3 is for silence about what is lost.
  @inlinable func roundingControl(_ i: Instruction) -> (FloatRounding, isSilent: Bool) {
    let isSilent = i.immediate & 8 != 0
    if i.immediate & 4 != 0 { return (.current, isSilent) }
    switch i.immediate & 3 {
    case 0: return (.nearest, isSilent)
    case 1: return (.down, isSilent)
    case 2: return (.up, isSilent)
    default: return (.towardZero, isSilent)
    }
  }

  @inlinable public mutating func rcpss(_ i: Instruction) throws(Failure) {
    try scalar(i, W32.self) {
      Self.rcp(V.zero.replacing(0, with: $1)).lane(0, W32.self)
    }
  }

  @inlinable public mutating func rcpps(_ i: Instruction) throws(Failure) {
    try transform(i) { Self.rcp($0) }
  }

  @inlinable public mutating func rsqrtss(_ i: Instruction) throws(Failure) {
    try scalar(i, W32.self) {
      Self.rsqrt(V.zero.replacing(0, with: $1)).lane(0, W32.self)
    }
  }

  @inlinable public mutating func rsqrtps(_ i: Instruction) throws(Failure) {
    try transform(i) { Self.rsqrt($0) }
  }

  @inlinable static func rcp(_ v: V) -> V {
    let one = V(repeating: W32(0x3f80_0000))
    return withoutSubnormals(one.float(.divide, withoutSubnormals(v), lanes: W32.self))
  }
  @inlinable static func rsqrt(_ v: V) -> V {
    let one = V(repeating: W32(0x3f80_0000))
    return one.float(.divide, withoutSubnormals(v).squareRoot(lanes: W32.self), lanes: W32.self)
  }
  /// Subnormal single-precision lanes replaced by zeroes of their sign.
  @inlinable static func withoutSubnormals(_ v: V) -> V {
    let magnitude = V(repeating: W32(0x7fff_ffff))
    let tiny = V(repeating: W32(0x0080_0000))
      .combined(.greaterSigned, v & magnitude, lanes: W32.self)
    return v & ~(tiny & magnitude)
  }

  @inlinable public mutating func haddps(_ i: Instruction) throws(Failure) {
    try combine(i) {
      let (even, odd) = Self.pairs($0, $1, W32.self)
      return even.float(.add, odd, lanes: W32.self)
    }
  }

  @inlinable public mutating func haddpd(_ i: Instruction) throws(Failure) {
    try combine(i) {
      let (even, odd) = Self.pairs($0, $1, W64.self)
      return even.float(.add, odd, lanes: W64.self)
    }
  }

  @inlinable public mutating func hsubps(_ i: Instruction) throws(Failure) {
    try combine(i) {
      let (even, odd) = Self.pairs($0, $1, W32.self)
      return even.float(.subtract, odd, lanes: W32.self)
    }
  }

  @inlinable public mutating func hsubpd(_ i: Instruction) throws(Failure) {
    try combine(i) {
      let (even, odd) = Self.pairs($0, $1, W64.self)
      return even.float(.subtract, odd, lanes: W64.self)
    }
  }

  @inlinable public mutating func addsubps(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.subtractedOrAdded($1, lanes: W32.self) }
  }

  @inlinable public mutating func addsubpd(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.subtractedOrAdded($1, lanes: W64.self) }
  }

  /// The lanes that bits 4 and up of DPPS's immediate take; the others are 0 and raise nothing.
  @inlinable static func chosen<W: Word>(_ v: V, _ control: Int, _ lanes: W.Type) -> V {
    v.shuffled(.zero, lanes: W.self) { control >> ($0 + 4) & 1 == 1 ? $0 : -1 }
  }

  @inlinable public mutating func dpps(_ i: Instruction) throws(Failure) {
    let control = immediateOrder(i)
    try combine(i) { a, b in
      let product = Self.chosen(a, control, W32.self)
        .float(.multiply, Self.chosen(b, control, W32.self), lanes: W32.self)
      let swapped = product.shuffled(.zero, lanes: W32.self) { $0 ^ 1 }
      let pair = product.float(.add, swapped, lanes: W32.self)
      let sum = V.float(.add, pair.lane(0, W32.self), pair.lane(2, W32.self))
      return V(repeating: sum)
        .shuffled(.zero, lanes: W32.self) { control >> $0 & 1 == 1 ? $0 : -1 }
    }
  }

  @inlinable public mutating func dppd(_ i: Instruction) throws(Failure) {
    let control = immediateOrder(i)
    try combine(i) { a, b in
      let product = Self.chosen(a, control, W64.self)
        .float(.multiply, Self.chosen(b, control, W64.self), lanes: W64.self)
      let sum = V.float(.add, product.lane(0, W64.self), product.lane(1, W64.self))
      return V(repeating: sum)
        .shuffled(.zero, lanes: W64.self) { control >> $0 & 1 == 1 ? $0 : -1 }
    }
  }
}
