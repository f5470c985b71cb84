// F2XM1, FYL2X, FYL2XP1, FPATAN, and the reduction for FSIN, FCOS and FPTAN (SDM vol. 2). Special
// operands as in the manual's tables; results are rounded to 64 bits whatever the precision control.

import Semantics

extension SoftFloatContext {
  /// A result that is never exact.
  mutating func round(_ sign: Bool, _ value: WideFloat) -> SoftFloat80 {
    pack(sign, value.exponent, value.significand | 1, precision: 64)
  }

  /// 2^a − 1 for |a| ≤ 1. Beyond that the manual leaves it open: the operand stays.
  mutating func exponentialMinusOne(_ a: SoftFloat80) -> SoftFloat80 {
    if let result = special(a, a) { return result }
    if a.isZero { return a }
    if a.isInfinity { return a.sign ? SoftFloat80.one.negated : a }
    if a.exponent >= 0x3fff {
      if a.exponent > 0x3fff || a.significand != 1 << 63 { return a }
      return a.sign ? SoftFloat80(0xbffe, 1 << 63) : a
    }
    let y = WideFloat(a) * WideFloat.ln2
    let series = WideFloat.exponentialQuotient(y.fixed, negative: a.sign)
    return round(a.sign, y * WideFloat(normalising: WideFloat.bias, series))
  }

  /// y log2(x).
  mutating func logarithm(_ x: SoftFloat80, times y: SoftFloat80) -> SoftFloat80 {
    if let result = special(y, x) { return result }
    if x.isZero {
      if y.isZero { return invalidResult() }
      if y.isInfinity { return .infinity(!y.sign) }
      flags = (flags & ~Self.denormal) | Self.zeroDivide
      return .infinity(!y.sign)
    }
    if x.sign { return invalidResult() }
    if x.isInfinity { return y.isZero ? invalidResult() : .infinity(y.sign) }
    return product(WideFloat(x).logarithm(), y, exact: WideFloat(x).significand == WideFloat.one)
  }

  /// Where the logarithm is an integer, the processor still says inexact.
  private mutating func product(
    _ logarithm: (negative: Bool, value: WideFloat)?, _ y: SoftFloat80, exact: Bool
  ) -> SoftFloat80 {
    guard let logarithm else { return y.isInfinity ? invalidResult() : .zero(y.sign) }
    let sign = logarithm.negative != y.sign
    if y.isInfinity { return .infinity(sign) }
    if y.isZero { return .zero(sign) }
    let result = logarithm.value * WideFloat(y)
    if !exact { return round(sign, result) }
    let rounded = pack(sign, result.exponent, result.significand, precision: 64)
    flags |= rounded.isDenormal ? Self.inexact | Self.underflow : Self.inexact
    return rounded
  }

  /// y log2(x + 1). The manual leaves open what x of −1 or less gives.
  mutating func logarithmPlusOne(_ x: SoftFloat80, times y: SoftFloat80) -> SoftFloat80 {
    if let result = special(y, x) { return result }
    if x.isZero { return y.isInfinity ? invalidResult() : .zero(x.sign != y.sign) }
    if x.sign && x.exponent >= 0x3fff { return invalidResult() }
    if x.isInfinity { return y.isZero ? invalidResult() : .infinity(y.sign) }
    let a = WideFloat(x)
    if x.exponent < 0x3ffd {
      // 2 artanh(x / (x + 2)).
      let two: UInt128 = 1 &<< 126
      let part = a.fixed(fraction: 125)
      let z = a / WideFloat(normalising: WideFloat.bias &+ 2, x.sign ? two &- part : two &+ part)
      return product((x.sign, WideFloat.twiceArtanh(z) * WideFloat.log2e), y, exact: false)
    }
    let fraction = 126 &- max(0, x.exponent &- 0x3fff)
    if fraction < 64 { return product(a.logarithm(), y, exact: false) }
    let unit = UInt128(1) &<< UInt128(truncatingIfNeeded: fraction)
    let part = a.fixed(fraction: fraction)
    let sum = WideFloat(
      normalising: WideFloat.bias &+ 127 &- fraction, x.sign ? unit &- part : unit &+ part)
    return product(sum.logarithm(), y, exact: false)
  }

  /// The angle of (x, y).
  mutating func arctangent(_ y: SoftFloat80, _ x: SoftFloat80) -> SoftFloat80 {
    if let result = special(y, x) { return result }
    let pi = WideFloat(WideFloat.bias &+ 1, WideFloat.halfPi.significand)
    if y.isInfinity && x.isInfinity {
      let threeQuarters = WideFloat(
        normalising: WideFloat.bias &+ 2, (WideFloat.halfPi.significand &>> 3) &* 3)
      return round(y.sign, x.sign ? threeQuarters : WideFloat.quarterPi)
    }
    if y.isZero || x.isInfinity { return x.sign ? round(y.sign, pi) : .zero(y.sign) }
    if x.isZero || y.isInfinity { return round(y.sign, WideFloat.halfPi) }
    let (a, b) = (WideFloat(y), WideFloat(x))
    let steep = a.exponent > b.exponent
      || (a.exponent == b.exponent && a.significand > b.significand)
    let angle = steep ? WideFloat.arctangent(b, a) : WideFloat.arctangent(a, b)
    if !steep && !x.sign { return round(y.sign, angle) }
    let part = angle.fixed(fraction: 126)
    let whole = steep ? WideFloat.halfPi.fixed(fraction: 126) : pi.fixed(fraction: 126)
    let sum = steep && x.sign ? whole &+ part : whole &- part
    return round(y.sign, WideFloat(normalising: WideFloat.bias &+ 1, sum))
  }

  /// |a| as r + quadrant · π/2 with r at most π/4 in magnitude; r is nil for 0. |a| is below 2^63. As
  /// in the processors, π has 66 significant bits here (SDM vol. 1, 8.3.8).
  static func reduced(_ a: SoftFloat80) -> (quadrant: Int, negative: Bool, r: WideFloat?) {
    let x = WideFloat(a)
    let half: UInt128 = 0xc90f_daa2_2168_c234_c000_0000_0000_0000
    if x.exponent < WideFloat.bias &- 1 { return (0, false, x) }
    var (rest, quadrant) = (x.significand &>> 1, 0)
    var steps = x.exponent &- (WideFloat.bias &- 1)
    // In units of 2^-127: doubled until the weight of a's highest bit is right.
    while steps > 0 {
      let carry = rest &>> 127 == 1
      rest = rest &<< 1
      quadrant = (quadrant &<< 1) & 3
      if carry || rest >= half {
        rest &-= half
        quadrant |= 1
      }
      steps &-= 1
    }
    if rest == 0 { return (quadrant & 3, false, nil) }
    let above = rest > half &>> 1
    if above {
      rest = half &- rest
      quadrant &+= 1
    }
    return (quadrant & 3, above, WideFloat(normalising: WideFloat.bias, rest))
  }

  /// Sine and cosine of a number that is finite, not zero and below 2^63.
  static func sineCosine(_ a: SoftFloat80) -> (
    sine: (negative: Bool, value: WideFloat), cosine: (negative: Bool, value: WideFloat)
  ) {
    let (quadrant, negative, r) = reduced(a)
    let tiny = r ?? WideFloat(WideFloat.bias &- 200, WideFloat.one)
    let square = (tiny * tiny).fixed
    let sine = tiny * WideFloat(normalising: WideFloat.bias, WideFloat.sineQuotient(square))
    let cosine = WideFloat(normalising: WideFloat.bias, WideFloat.cosine(square) &- 1)
    let turned = quadrant & 1 == 1
    let sineSign = (turned ? false : negative) != (quadrant >= 2)
    let cosineSign = (turned ? !negative : false) != (quadrant >= 2)
    return (
      (sineSign != a.sign, turned ? cosine : sine), (cosineSign, turned ? sine : cosine)
    )
  }
}
