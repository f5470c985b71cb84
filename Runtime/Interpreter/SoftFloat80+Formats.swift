// Between extended precision and the formats in memory (SDM vol. 1, 4.2, 4.7, 8.3.4).

import Semantics

extension SoftFloat80 {
  init(_ value: Int64) {
    if value == 0 {
      self = .zero
    } else {
      let shift = value.magnitude.leadingZeroBitCount
      self.init(
        UInt16(truncatingIfNeeded: 0x3fff &+ 63 &- shift) | (value < 0 ? 0x8000 : 0),
        value.magnitude &<< UInt64(truncatingIfNeeded: shift))
    }
  }
}

extension SoftFloatContext {
  /// From binary32 (`fraction` 23) or binary64 (52). A signalling NaN is noted and stays one.
  mutating func widen(_ bits: UInt64, fraction: UInt64) -> SoftFloat80 {
    let exponentBits = fraction == 23 ? 8 as UInt64 : 11
    let top = (1 &<< exponentBits) &- 1 as UInt64
    let sign = bits &>> (fraction &+ exponentBits) & 1 != 0
    let e = (bits &>> fraction) & top
    let f = bits & ((1 &<< fraction) &- 1)
    let m = f &<< (63 &- fraction)
    let bias = Int(truncatingIfNeeded: top &>> 1)
    if e == top {
      if f == 0 { return .infinity(sign) }
      let nan = SoftFloat80(sign ? 0xffff : 0x7fff, m | 1 &<< 63)
      if nan.isSignalling { flags |= Self.invalid }
      return nan
    }
    if e == 0 {
      if f == 0 { return .zero(sign) }
      flags |= Self.denormal
      let shift = m.leadingZeroBitCount
      return SoftFloat80(
        UInt16(truncatingIfNeeded: 0x3fff &- bias &+ 1 &- shift) | (sign ? 0x8000 : 0),
        m &<< UInt64(truncatingIfNeeded: shift))
    }
    return SoftFloat80(
      UInt16(truncatingIfNeeded: Int(truncatingIfNeeded: e) &+ 0x3fff &- bias)
        | (sign ? 0x8000 : 0), m | 1 &<< 63)
  }

  /// To binary32 (`fraction` 23) or binary64 (52).
  mutating func narrow(_ a: SoftFloat80, fraction: UInt64) -> UInt64 {
    let exponentBits = fraction == 23 ? 8 as UInt64 : 11
    let top = (1 &<< exponentBits) &- 1 as UInt64
    let sign: UInt64 = (a.sign ? 1 : 0) &<< (fraction &+ exponentBits)
    let infinity = top &<< fraction
    if a.isUnsupported {
      flags |= Self.invalid
      return 1 &<< (fraction &+ exponentBits) | infinity | 1 &<< (fraction &- 1)
    }
    if a.isNaN {
      if a.isSignalling { flags |= Self.invalid }
      return sign | infinity | (a.quieted.significand &<< 1) &>> (64 &- fraction)
    }
    if a.isInfinity { return sign | infinity }
    if a.isZero { return sign }
    let x = a.normalised
    let bias = Int(truncatingIfNeeded: top &>> 1)
    let (e, m) = round(
      a.sign, x.exponent &- 0x3fff &+ bias, UInt128(x.significand) &<< 64,
      precision: Int(truncatingIfNeeded: fraction) &+ 1, top: Int(truncatingIfNeeded: top))
    let kept = (UInt64(truncatingIfNeeded: m &>> 64) &<< 1) &>> (64 &- fraction)
    return sign | UInt64(truncatingIfNeeded: e) &<< fraction | kept
  }

  /// To a signed integer of `bits`; the indefinite where it does not fit.
  mutating func toInteger(_ a: SoftFloat80, bits: UInt64, truncating: Bool) -> UInt64 {
    let indefinite: UInt64 = 1 &<< (bits &- 1)
    let before = flags
    let number = !a.isUnsupported && a.exponent != 0x7fff
    if number, let value = integer(a, rounding: truncating ? 3 : nil),
      value < indefinite || (value == indefinite && a.sign)
    {
      return a.sign ? 0 &- value : value
    }
    roundedUp = false
    flags = before | Self.invalid
    return indefinite
  }
}
