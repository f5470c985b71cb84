// Half precision (SDM vol. 2: VCVTPH2PS, VCVTPS2PH), exactly, in 32-bit integer lanes: few hosts
// convert it, and fewer with x86's NaNs. Rounding by MXCSR is to nearest.

import Semantics

extension X86Machine {
  @inlinable public mutating func vcvtph2ps(_ i: Instruction) throws(Failure) {
    let source = try readSized(i.operands.1, i)
    let low = Self.widenedHalves(source.extended(from: W16.self, to: W32.self, signed: false))
    if halves(i) == 1 { return setResult(i, low) }
    let upper = source.shuffled(.zero, lanes: W64.self) { $0 == 0 ? 1 : -1 }
      .extended(from: W16.self, to: W32.self, signed: false)
    setResult(i, low, Self.widenedHalves(upper))
  }

  @inlinable public mutating func vcvtps2ph(_ i: Instruction) throws(Failure) {
    let rounding = roundingControl(i).0
    let source = i.operands.1.number
    let low = Self.narrowedSingles(vector(source, half: 0), rounding)
    var result = low.shuffled(.zero, lanes: W16.self) { $0 < 4 ? $0 * 2 : -1 }
    if halves(i) == 2 {
      let high = Self.narrowedSingles(vector(source, half: 1), rounding)
      result = low.shuffled(high, lanes: W16.self) { $0 * 2 }
    }
    if i.operands.0.kind != .memory {
      setVector(i.operands.0.number, half: 0, result)
      setVector(i.operands.0.number, half: 1, .zero)
    } else if halves(i) == 2 {
      try storeVector(result, at: effectiveAddress(i))
    } else {
      try store(result.lane(0, W64.self), at: effectiveAddress(i))
    }
  }

  @inlinable static func splat(_ bits: UInt64) -> V { V(repeating: W32(bits)) }

  /// From 32-bit lanes with a half in each low part.
  @inlinable static func widenedHalves(_ h: V) -> V {
    let sign = (h & splat(0x8000)).shifted(.left, by: W64(16), lanes: W32.self)
    let magnitude = h & splat(0x7fff)
    let moved = magnitude.shifted(.left, by: W64(13), lanes: W32.self)
    let normal = moved.combined(.add, splat(112 << 23), lanes: W32.self)
    // 2^-14 × (1 + fraction) − 2^-14 is exact.
    let least = splat(113 << 23)
    let subnormal = moved.combined(.add, least, lanes: W32.self)
      .float(.subtract, least, lanes: W32.self) & splat(0x7fff_ffff)
    let isSubnormal = splat(0x400).combined(.greaterSigned, magnitude, lanes: W32.self)
    let isSpecial = magnitude.combined(.greaterSigned, splat(0x7bff), lanes: W32.self)
    let isNaN = magnitude.combined(.greaterSigned, splat(0x7c00), lanes: W32.self)
    let special = (moved | splat(0x7f80_0000)) | (isNaN & splat(0x0040_0000))
    let number = (subnormal & isSubnormal) | (normal & ~isSubnormal)
    return sign | (special & isSpecial) | (number & ~isSpecial)
  }

  /// To 32-bit lanes with a half in each low part.
  @inlinable static func narrowedSingles(_ v: V, _ rounding: FloatRounding) -> V {
    let magnitude = v & splat(0x7fff_ffff)
    let negative = V.zero.combined(.greaterSigned, v, lanes: W32.self)
    // Lanes that round away from zero, and whether lanes round to nearest.
    let away: V
    switch rounding {
    case .up: away = ~negative
    case .down: away = negative
    default: away = .zero
    }
    let isNearest = rounding == .nearest || rounding == .current
    let rebased = magnitude.combined(.subtract, splat(112 << 23), lanes: W32.self)
    let increment: V
    if isNearest {
      let odd = rebased.shifted(.rightLogical, by: W64(13), lanes: W32.self) & splat(1)
      increment = odd.combined(.add, splat(0xfff), lanes: W32.self)
    } else {
      increment = away & splat(0x1fff)
    }
    let normal = rebased.combined(.add, increment, lanes: W32.self)
      .shifted(.rightLogical, by: W64(13), lanes: W32.self)
    // The last place of numbers next to one half is that of subnormal halves.
    let half = splat(0x3f00_0000)
    let shiftedUp = magnitude.float(.add, half, lanes: W32.self)
    var subnormal = shiftedUp.combined(.subtract, half, lanes: W32.self)
    if !isNearest {
      let nearest = shiftedUp.float(.subtract, half, lanes: W32.self)
      let isAbove = nearest.combined(.greaterSigned, magnitude, lanes: W32.self)
      let isBelow = magnitude.combined(.greaterSigned, nearest, lanes: W32.self)
      // Masks are −1.
      subnormal = subnormal.combined(.add, isAbove & ~away, lanes: W32.self)
        .combined(.subtract, isBelow & away, lanes: W32.self)
    }
    let isSubnormal = splat(0x3880_0000).combined(.greaterSigned, magnitude, lanes: W32.self)
    let number = (subnormal & isSubnormal) | (normal & ~isSubnormal)
    let highest = isNearest ? splat(0x7c00) : (splat(0x7bff) & ~away) | (splat(0x7c00) & away)
    let isTooLarge = number.combined(.greaterSigned, highest, lanes: W32.self)
    let finite = (highest & isTooLarge) | (number & ~isTooLarge)
    let payload = magnitude.shifted(.rightLogical, by: W64(13), lanes: W32.self) & splat(0x3ff)
    let isNaN = magnitude.combined(.greaterSigned, splat(0x7f80_0000), lanes: W32.self)
    let isInfinite = magnitude.combined(.equal, splat(0x7f80_0000), lanes: W32.self)
    let special = splat(0x7c00) | (isNaN & (payload | splat(0x200)))
    let isSpecial = isNaN | isInfinite
    let sign = negative & splat(0x8000)
    return sign | (special & isSpecial) | (finite & ~isSpecial)
  }
}
