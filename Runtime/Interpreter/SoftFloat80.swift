// 80-bit extended precision in integers, so that every host computes what an x87 does (SDM vol. 1,
// 4.2.2, 4.8.3 to 4.9.1, 8.5). Results are correctly rounded: intermediate significands keep 128
// bits, of which the lowest is sticky.

import Semantics

struct SoftFloat80: Equatable {
  var significand: UInt64
  /// Sign in bit 15, biased exponent below.
  var signExponent: UInt16

  init(_ signExponent: UInt16, _ significand: UInt64) {
    self.signExponent = signExponent
    self.significand = significand
  }
  static var zero: SoftFloat80 { SoftFloat80(0, 0) }
  static var one: SoftFloat80 { SoftFloat80(0x3fff, 1 << 63) }
  static var indefinite: SoftFloat80 { SoftFloat80(0xffff, 0xc000_0000_0000_0000) }
  static func infinity(_ sign: Bool) -> SoftFloat80 {
    SoftFloat80(sign ? 0xffff : 0x7fff, 1 << 63)
  }
  static func zero(_ sign: Bool) -> SoftFloat80 { SoftFloat80(sign ? 0x8000 : 0, 0) }

  var sign: Bool { signExponent & 0x8000 != 0 }
  var exponent: Int { Int(truncatingIfNeeded: signExponent & 0x7fff) }
  var isZero: Bool { exponent == 0 && significand == 0 }
  var isInfinity: Bool { exponent == 0x7fff && significand == 1 << 63 }
  var isNaN: Bool { exponent == 0x7fff && significand >> 63 == 1 && significand << 1 != 0 }
  var isSignalling: Bool { isNaN && significand & (1 << 62) == 0 }
  /// Pseudo-NaNs, pseudo-infinities and unnormals.
  var isUnsupported: Bool { exponent != 0 && significand >> 63 == 0 }
  /// Denormals and pseudo-denormals.
  var isDenormal: Bool { exponent == 0 && significand != 0 }
  var negated: SoftFloat80 { SoftFloat80(signExponent ^ 0x8000, significand) }
  var quieted: SoftFloat80 { SoftFloat80(signExponent, significand | (1 << 62)) }

  /// A finite value that is not zero: its biased exponent (below 1 for denormals) and significand,
  /// normalised to bit 63.
  var normalised: (exponent: Int, significand: UInt64) {
    if exponent != 0 { return (exponent, significand) }
    let shift = significand.leadingZeroBitCount
    return (1 &- shift, significand &<< UInt64(truncatingIfNeeded: shift))
  }
}

/// Rounding control, and the exceptions that an operation finds (in the status word's bits).
struct SoftFloatContext {
  static let invalid: UInt16 = 1
  static let denormal: UInt16 = 2
  static let zeroDivide: UInt16 = 4
  static let overflow: UInt16 = 8
  static let underflow: UInt16 = 16
  static let inexact: UInt16 = 32

  /// 0 nearest, 1 down, 2 up, 3 towards zero.
  var rounding: UInt16
  var precision: Int
  var flags: UInt16 = 0
  /// The last rounding went away from zero (C1).
  var roundedUp = false

  init(control: UInt16) {
    rounding = (control &>> 10) & 3
    switch (control &>> 8) & 3 {
    case 0: precision = 24
    case 2: precision = 53
    default: precision = 64
    }
  }

  func roundsUp(sign: Bool, odd: Bool, rest: UInt128, half: UInt128) -> Bool {
    switch rounding {
    case 0: return rest > half || (rest == half && odd)
    case 1: return sign && rest != 0
    case 2: return !sign && rest != 0
    default: return false
    }
  }

  static func shiftedSticky(_ m: UInt128, _ count: Int) -> UInt128 {
    if count <= 0 { return m }
    if count >= 128 { return m == 0 ? 0 : 1 }
    let n = UInt128(truncatingIfNeeded: count)
    let lost = m & ((1 &<< n) &- 1)
    return (m &>> n) | (lost == 0 ? 0 : 1)
  }

  /// Rounds a normalised significand (bit 127 set) to `precision` bits at biased exponent `e` in a
  /// format whose infinity has exponent `top`. Answers exponent 0 for denormals, `top` and the bare
  /// integer bit for infinity.
  mutating func round(_ sign: Bool, _ e: Int, _ m: UInt128, precision: Int, top: Int)
    -> (exponent: Int, significand: UInt128)
  {
    let unit: UInt128 = 1 &<< UInt128(truncatingIfNeeded: 128 &- precision)
    let half = unit &>> 1
    var (e, m) = (e, m)
    var tiny = false
    if e <= 0 {
      tiny = true
      if e == 0 {
        let rest = m & (unit &- 1)
        if roundsUp(sign: sign, odd: m & unit != 0, rest: rest, half: half) {
          tiny = (m &- rest) &+ unit != 0
        }
      }
      m = Self.shiftedSticky(m, 1 &- e)
      e = 0
    }
    let rest = m & (unit &- 1)
    roundedUp = roundsUp(sign: sign, odd: m & unit != 0, rest: rest, half: half)
    m &-= rest
    if rest != 0 {
      flags |= Self.inexact
      if tiny { flags |= Self.underflow }
    }
    if roundedUp {
      m = m &+ unit
      if m == 0 {
        m = 1 &<< 127
        e &+= 1
      }
    }
    if e == 0 && m &>> 127 != 0 { e = 1 }
    if e >= top {
      flags |= Self.overflow | Self.inexact
      roundedUp = rounding == 0 || rounding == (sign ? 1 : 2)
      if roundedUp { return (top, 1 &<< 127) }
      return (top &- 1, 0 &- unit)
    }
    return (e, m)
  }

  mutating func pack(_ sign: Bool, _ e: Int, _ m: UInt128) -> SoftFloat80 {
    pack(sign, e, m, precision: precision)
  }

  mutating func pack(_ sign: Bool, _ e: Int, _ m: UInt128, precision: Int) -> SoftFloat80 {
    if m == 0 { return .zero(sign) }
    let shift = m.leadingZeroBitCount
    let (exponent, significand) = round(
      sign, e &- shift, m &<< UInt128(truncatingIfNeeded: shift), precision: precision, top: 0x7fff)
    return SoftFloat80(
      UInt16(truncatingIfNeeded: exponent) | (sign ? 0x8000 : 0),
      UInt64(truncatingIfNeeded: significand &>> 64))
  }

  /// The result where an operand is NaN or no number at all, else nil; notes denormals.
  mutating func special(_ a: SoftFloat80, _ b: SoftFloat80) -> SoftFloat80? {
    if a.isUnsupported || b.isUnsupported { return invalidResult() }
    if a.isNaN || b.isNaN {
      flags &= ~Self.denormal
      if a.isSignalling || b.isSignalling { flags |= Self.invalid }
      if !b.isNaN { return a.quieted }
      if !a.isNaN { return b.quieted }
      if a.isSignalling != b.isSignalling { return a.isSignalling ? b : a }
      let (x, y) = (a.quieted, b.quieted)
      if x.significand != y.significand { return x.significand > y.significand ? x : y }
      return x.sign ? y : x
    }
    if a.isDenormal || b.isDenormal { flags |= Self.denormal }
    return nil
  }

  mutating func invalidResult() -> SoftFloat80 {
    flags = (flags & ~Self.denormal) | Self.invalid
    return .indefinite
  }

  mutating func add(_ a: SoftFloat80, _ b: SoftFloat80) -> SoftFloat80 {
    if let result = special(a, b) { return result }
    if a.isInfinity || b.isInfinity {
      if a.isInfinity && b.isInfinity && a.sign != b.sign { return invalidResult() }
      return a.isInfinity ? a : b
    }
    if a.isZero && b.isZero {
      return a.sign == b.sign ? a : .zero(rounding == 1)
    }
    if a.isZero { return pack(b.sign, b.normalised.exponent, wide(b)) }
    if b.isZero { return pack(a.sign, a.normalised.exponent, wide(a)) }
    var (x, y) = (a, b)
    if x.normalised.exponent < y.normalised.exponent { (x, y) = (b, a) }
    let (ex, ey) = (x.normalised.exponent, y.normalised.exponent)
    let mx = wide(x) &>> 1
    let my = Self.shiftedSticky(wide(y) &>> 1, ex &- ey)
    if x.sign == y.sign { return pack(x.sign, ex &+ 1, mx &+ my) }
    if mx == my { return .zero(rounding == 1) }
    if mx > my { return pack(x.sign, ex &+ 1, mx &- my) }
    return pack(y.sign, ex &+ 1, my &- mx)
  }

  func wide(_ a: SoftFloat80) -> UInt128 { UInt128(a.normalised.significand) &<< 64 }

  mutating func multiply(_ a: SoftFloat80, _ b: SoftFloat80) -> SoftFloat80 {
    if let result = special(a, b) { return result }
    let sign = a.sign != b.sign
    if a.isInfinity || b.isInfinity {
      if a.isZero || b.isZero { return invalidResult() }
      return .infinity(sign)
    }
    if a.isZero || b.isZero { return .zero(sign) }
    let (x, y) = (a.normalised, b.normalised)
    let product = UInt128(x.significand) &* UInt128(y.significand)
    return pack(sign, x.exponent &+ y.exponent &- 0x3ffe, product)
  }

  mutating func divide(_ a: SoftFloat80, _ b: SoftFloat80) -> SoftFloat80 {
    if let result = special(a, b) { return result }
    let sign = a.sign != b.sign
    if a.isInfinity { return b.isInfinity ? invalidResult() : .infinity(sign) }
    if b.isInfinity { return .zero(sign) }
    if b.isZero {
      if a.isZero { return invalidResult() }
      flags = (flags & ~Self.denormal) | Self.zeroDivide
      return .infinity(sign)
    }
    if a.isZero { return .zero(sign) }
    let (x, y) = (a.normalised, b.normalised)
    let divisor = UInt128(y.significand)
    let isWhole = x.significand >= y.significand
    // One bit before the point, 64 behind it by one division, and three more.
    let rest = UInt128(x.significand &- (isWhole ? y.significand : 0)) &<< 64
    var quotient = rest / divisor
    var remainder = rest &- quotient &* divisor
    if isWhole { quotient |= 1 &<< 64 }
    var n = 0
    while n < 3 {
      quotient = quotient &<< 1
      remainder = remainder &<< 1
      if remainder >= divisor {
        remainder &-= divisor
        quotient |= 1
      }
      n &+= 1
    }
    // The first quotient bit, of weight 1, is bit 67.
    let m = (quotient &<< 60) | (remainder == 0 ? 0 : 1)
    return pack(sign, x.exponent &- y.exponent &+ 0x3fff, m)
  }

  mutating func squareRoot(_ a: SoftFloat80) -> SoftFloat80 {
    if let result = special(a, a) { return result }
    if a.isZero { return a }
    if a.sign { return invalidResult() }
    if a.isInfinity { return a }
    let x = a.normalised
    let e = x.exponent &- 0x3fff
    // The radicand with two bits before the point at bits 65 and 64 of `high`.
    var radicand = UInt128(x.significand) &<< (e & 1 == 0 ? 63 : 64)
    var (root, remainder): (UInt128, UInt128) = (0, 0)
    var n = 0
    while n < 67 {
      remainder = (remainder &<< 2) | (radicand &>> 126)
      radicand = radicand &<< 2
      let trial = (root &<< 2) | 1
      root = root &<< 1
      if remainder >= trial {
        remainder &-= trial
        root |= 1
      }
      n &+= 1
    }
    return pack(false, (e &>> 1) &+ 0x3fff, (root &<< 61) | (remainder == 0 ? 0 : 1))
  }

  /// Rounded to an integer's magnitude; nil when it has more than 64 bits.
  mutating func integer(_ a: SoftFloat80, rounding mode: UInt16? = nil) -> UInt64? {
    if a.isZero { return 0 }
    let x = a.normalised
    let shift = 0x3fff &+ 63 &- x.exponent
    if shift < 0 { return nil }
    let saved = rounding
    rounding = mode ?? rounding
    let m = Self.shiftedSticky(UInt128(x.significand) &<< 62, shift)
    let unit: UInt128 = 1 &<< 62
    let rest = m & (unit &- 1)
    roundedUp = roundsUp(sign: a.sign, odd: m & unit != 0, rest: rest, half: unit &>> 1)
    rounding = saved
    if rest != 0 { flags |= Self.inexact }
    let value = (m &>> 62) &+ (roundedUp ? 1 : 0)
    return value &>> 64 == 0 ? UInt64(truncatingIfNeeded: value) : nil
  }

  mutating func roundToInteger(_ a: SoftFloat80) -> SoftFloat80 {
    if let result = special(a, a) { return result }
    if a.isInfinity || a.isZero || a.exponent >= 0x3fff &+ 63 { return a }
    let value = integer(a) ?? 0
    if value == 0 { return .zero(a.sign) }
    let shift = value.leadingZeroBitCount
    return SoftFloat80(
      UInt16(truncatingIfNeeded: 0x3fff &+ 63 &- shift) | (a.signExponent & 0x8000),
      value &<< UInt64(truncatingIfNeeded: shift))
  }
}
