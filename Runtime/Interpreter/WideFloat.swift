// Positive numbers with 128 significant bits, and fixed-point series on them: what the x87
// transcendental functions are computed in, so that one rounding to 64 bits is all that shows
// (SDM vol. 1, 8.3.10). Results are within about 2^-118 of the true value.

import Semantics

struct WideFloat {
  /// Bit 127 is set: 1 ..< 2 in units of 2^-127.
  var significand: UInt128
  /// Biased as in SoftFloat80, but of any size.
  var exponent: Int

  init(_ exponent: Int, _ significand: UInt128) {
    self.exponent = exponent
    self.significand = significand
  }

  /// `m`, not zero, in units of 2^(exponent − 0x3fff − 127).
  init(normalising exponent: Int, _ m: UInt128) {
    let shift = m.leadingZeroBitCount
    self.init(exponent &- shift, m &<< UInt128(truncatingIfNeeded: shift))
  }

  init(_ value: SoftFloat80) {
    let x = value.normalised
    self.init(x.exponent, UInt128(x.significand) &<< 64)
  }

  static var bias: Int { 0x3fff }
  static var one: UInt128 { 1 &<< 127 }
  /// π/2, π and 1/ln 2 in 1 ..< 2, ln 2 in ½ ..< 1.
  static var halfPi: WideFloat {
    WideFloat(bias, 0xc90f_daa2_2168_c234_c4c6_628b_80dc_1cd1)
  }
  static var quarterPi: WideFloat { WideFloat(bias &- 1, halfPi.significand) }
  static var log2e: WideFloat {
    WideFloat(bias, 0xb8aa_3b29_5c17_f0bb_be87_fed0_691d_3e88)
  }
  static var ln2: WideFloat {
    WideFloat(bias &- 1, 0xb172_17f7_d1cf_79ab_c9e3_b398_03f2_f6af)
  }

  /// In units of 2^-127; the value is below 2.
  var fixed: UInt128 { fixed(fraction: 127) }

  func fixed(fraction: Int) -> UInt128 {
    let shift = Self.bias &- exponent &+ 127 &- fraction
    return shift >= 128 ? 0 : significand &>> UInt128(truncatingIfNeeded: shift)
  }

  static func high(_ a: UInt128, _ b: UInt128) -> UInt128 {
    let low: UInt128 = 0xffff_ffff_ffff_ffff
    let (a1, a0, b1, b0) = (a &>> 64, a & low, b &>> 64, b & low)
    let cross = a1 &* b0
    let middle = (a0 &* b0) &>> 64 &+ (cross & low) &+ (a0 &* b1 & low)
    return a1 &* b1 &+ cross &>> 64 &+ (a0 &* b1) &>> 64 &+ middle &>> 64
  }

  /// The product of two numbers in units of 2^-127.
  static func product(_ a: UInt128, _ b: UInt128) -> UInt128 { high(a, b) &<< 1 }

  static func * (a: WideFloat, b: WideFloat) -> WideFloat {
    WideFloat(
      normalising: a.exponent &+ b.exponent &- bias &+ 1, high(a.significand, b.significand))
  }

  static func / (a: WideFloat, b: WideFloat) -> WideFloat {
    var (rest, quotient): (UInt128, UInt128) = (a.significand, 0)
    var n = 0
    while n < 128 {
      quotient = quotient &<< 1
      let carry = n > 0 && rest &>> 127 == 1
      if n > 0 { rest = rest &<< 1 }
      if carry || rest >= b.significand {
        rest &-= b.significand
        quotient |= 1
      }
      n &+= 1
    }
    return WideFloat(normalising: a.exponent &- b.exponent &+ bias, quotient)
  }

  // Series. `u` is in units of 2^-127, and so is the answer.

  /// sin(r) / r for u = r², at most (π/4)².
  static func sineQuotient(_ u: UInt128) -> UInt128 { alternating(u, odd: true) }
  /// cos(r) for u = r², at most (π/4)².
  static func cosine(_ u: UInt128) -> UInt128 { alternating(u, odd: false) }

  /// 1 − u/(2·3) (1 − u/(4·5) (…)), or with 1·2, 3·4, ….
  private static func alternating(_ u: UInt128, odd: Bool) -> UInt128 {
    var (sum, n) = (one, UInt128(26))
    while n >= 2 {
      sum = one &- product(u, sum) / (odd ? n &* (n &+ 1) : n &* (n &- 1))
      n &-= 2
    }
    return sum
  }

  /// (e^y − 1) / y for |y| below 1.
  static func exponentialQuotient(_ y: UInt128, negative: Bool) -> UInt128 {
    var (sum, n) = (one, UInt128(30))
    while n >= 2 {
      let term = product(y, sum) / n
      sum = negative ? one &- term : one &+ term
      n &-= 1
    }
    return sum
  }

  /// atanh(z) / z for u = z², or atan(z) / z when `alternating`; `terms` of it.
  static func arcQuotient(_ u: UInt128, terms: Int, alternating: Bool) -> UInt128 {
    var sum: UInt128 = 0
    var n = UInt128(truncatingIfNeeded: 2 &* terms &+ 1)
    while true {
      let term = one / n
      let rest = product(u, sum)
      sum = alternating ? term &- rest : term &+ rest
      if n == 1 { return sum }
      n &-= 2
    }
  }

  /// log2 of `self`, and its sign; nil for 0.
  func logarithm() -> (negative: Bool, value: WideFloat)? {
    // 2^k m with m in ½√2 ..< √2.
    var (k, m) = (exponent &- Self.bias, WideFloat(Self.bias, significand))
    if significand > 0xb504_f333_f9de_6484_597d_89b3_754a_be9f {
      k &+= 1
      m.exponent &-= 1
    }
    let fixed = m.fixed(fraction: 126)
    let unit: UInt128 = 1 &<< 126
    if fixed == unit {
      if k == 0 { return nil }
      return (k < 0, WideFloat(normalising: Self.bias &+ 127, UInt128(k.magnitude)))
    }
    let below = fixed < unit
    // The difference keeps the lowest bit, which m − 1 in units of 2^-126 would lose.
    let difference = below ? Self.one &- m.fixed : m.significand &- Self.one
    let above = WideFloat(normalising: Self.bias &+ 1, fixed &+ unit)
    let small = Self.twiceArtanh(WideFloat(normalising: Self.bias, difference) / above)
      * Self.log2e
    if k == 0 { return (below, small) }
    let (whole, part) = (UInt128(k.magnitude) &<< 112, small.fixed(fraction: 112))
    let sum = below == (k < 0) ? whole &+ part : whole &- part
    return (k < 0, WideFloat(normalising: Self.bias &+ 15, sum))
  }

  /// 2 artanh(z), z below 0.1716.
  static func twiceArtanh(_ z: WideFloat) -> WideFloat {
    let series = arcQuotient((z * z).fixed, terms: 24, alternating: false)
    return WideFloat(z.exponent &+ 1, z.significand) * WideFloat(normalising: bias, series)
  }

  /// arctan(a / b) for a ≤ b.
  static func arctangent(_ a: WideFloat, _ b: WideFloat) -> WideFloat {
    if b.exponent &- a.exponent < 3 {
      let (x, y) = (a.fixed(scaledTo: b.exponent), b.significand &>> 1)
      if x == y { return quarterPi }
      // Above tan(π/8), π/4 − arctan((b − a) / (b + a)).
      if x > high(y, 0x6a09_e667_f3bc_c908_b2fb_1366_ea95_7d3e) {
        let t = WideFloat(normalising: bias, y &- x) / WideFloat(normalising: bias, y &+ x)
        let rest = arctangentSmall(t).fixed
        return WideFloat(normalising: bias, quarterPi.fixed &- rest)
      }
    }
    return arctangentSmall(a / b)
  }

  private func fixed(scaledTo other: Int) -> UInt128 {
    significand &>> UInt128(truncatingIfNeeded: other &- exponent &+ 1)
  }

  private static func arctangentSmall(_ t: WideFloat) -> WideFloat {
    let series = arcQuotient((t * t).fixed, terms: 46, alternating: true)
    return t * WideFloat(normalising: bias, series)
  }
}
