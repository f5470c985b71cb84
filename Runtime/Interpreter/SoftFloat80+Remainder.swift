// Remainder, scaling, splitting and comparison (SDM vol. 2, FPREM, FPREM1, FSCALE, FXTRACT, FCOM).

import Semantics

extension SoftFloatContext {
  /// FPREM, or FPREM1 (`nearest`). `quotient` has the low bits of the quotient; `done` is false when
  /// the exponents were 64 or more apart and only a part was taken off.
  mutating func remainder(_ a: SoftFloat80, _ b: SoftFloat80, nearest: Bool)
    -> (value: SoftFloat80, quotient: UInt64, done: Bool)
  {
    if let result = special(a, b) { return (result, 0, true) }
    if a.isInfinity || b.isZero { return (invalidResult(), 0, true) }
    if a.isZero || b.isInfinity { return (exact(a), 0, true) }
    let (x, y) = (a.normalised, b.normalised)
    var difference = x.exponent &- y.exponent
    if difference < -1 || (difference < 0 && !nearest) { return (exact(a), 0, true) }
    var done = true
    var steps = difference
    if difference >= 64 {
      done = false
      // As the processors do: between 32 and 63 bits, leaving a multiple of 32.
      steps = 32 &+ (difference & 31)
    }
    var remainder = UInt128(x.significand)
    let divisor = UInt128(y.significand)
    var quotient: UInt64 = 0
    var exponent = y.exponent
    if difference < 0 {
      // Half a divisor or less and more than a quarter: the quotient is 0 or, rounded, 1.
      exponent = x.exponent
      let whole = divisor &<< 1
      if nearest && remainder &<< 1 > whole {
        return (pack(!a.sign, exponent, (whole &- remainder) &<< 64, precision: 64), 1, true)
      }
      return (exact(a), 0, true)
    }
    exponent = y.exponent &+ (difference &- steps)
    while true {
      quotient = quotient &<< 1
      if remainder >= divisor {
        remainder &-= divisor
        quotient |= 1
      }
      if steps == 0 { break }
      steps &-= 1
      remainder = remainder &<< 1
    }
    var sign = a.sign
    if nearest && done {
      let twice = remainder &<< 1
      if twice > divisor || (twice == divisor && quotient & 1 == 1) {
        remainder = divisor &- remainder
        quotient = quotient &+ 1
        sign = !sign
      }
    }
    difference = 0
    if remainder == 0 { return (.zero(a.sign), quotient, done) }
    return (pack(sign, exponent, remainder &<< 64, precision: 64), quotient, done)
  }

  /// The value itself, with pseudo-denormals made normal.
  mutating func exact(_ a: SoftFloat80) -> SoftFloat80 {
    a.isZero ? a : pack(a.sign, a.normalised.exponent, wide(a), precision: 64)
  }

  mutating func scale(_ a: SoftFloat80, by b: SoftFloat80) -> SoftFloat80 {
    if let result = special(a, b) { return result }
    if b.isInfinity {
      if b.sign { return a.isInfinity ? invalidResult() : .zero(a.sign) }
      return a.isZero ? invalidResult() : .infinity(a.sign)
    }
    if a.isInfinity || a.isZero { return a }
    var by = 0
    if b.exponent >= 0x3fff {
      by = b.exponent >= 0x3fff &+ 16
        ? 0x10000 : Int(truncatingIfNeeded: b.significand &>> UInt64(truncatingIfNeeded:
          0x3fff &+ 63 &- b.exponent))
    }
    return pack(a.sign, a.normalised.exponent &+ (b.sign ? 0 &- by : by), wide(a), precision: 64)
  }

  /// FXTRACT: exponent as a number, significand in 1 ..< 2.
  mutating func extract(_ a: SoftFloat80) -> (exponent: SoftFloat80, significand: SoftFloat80) {
    if let result = special(a, a) { return (result, result) }
    if a.isInfinity { return (.infinity(false), a) }
    if a.isZero {
      flags |= Self.zeroDivide
      return (.infinity(true), a)
    }
    let x = a.normalised
    return (
      SoftFloat80(Int64(truncatingIfNeeded: x.exponent &- 0x3fff)),
      SoftFloat80(0x3fff | (a.signExponent & 0x8000), x.significand)
    )
  }

  /// C3, C2, C0 as bits 2, 1, 0 (ZF, PF, CF). `quiet`: only signalling NaNs are invalid.
  mutating func compare(_ a: SoftFloat80, _ b: SoftFloat80, quiet: Bool) -> UInt16 {
    if a.isUnsupported || b.isUnsupported || a.isNaN || b.isNaN {
      if !quiet || a.isUnsupported || b.isUnsupported || a.isSignalling || b.isSignalling {
        flags |= Self.invalid
      }
      return 7
    }
    if a.isDenormal || b.isDenormal { flags |= Self.denormal }
    if a.isZero && b.isZero { return 4 }
    if a.sign != b.sign { return a.sign ? 1 : 0 }
    let (x, y) = (key(a), key(b))
    if x == y { return 4 }
    return (x < y) != a.sign ? 1 : 0
  }

  private func key(_ a: SoftFloat80) -> UInt128 {
    let exponent = a.exponent == 0 && a.significand >> 63 == 1 ? 1 : a.exponent
    return UInt128(truncatingIfNeeded: exponent) &<< 64 | UInt128(a.significand)
  }
}
