// Half precision (SDM vol. 2: VCVTPH2PS, VCVTPS2PH), exactly, in 32-bit integer lanes: few hosts
// convert it, and fewer with x86's NaNs.

import Semantics

extension X86Machine {
  @inlinable public mutating func vcvtph2ps(_ i: Instruction) throws(Failure) {
    let source = try readSized(i.operands.1, i)
    let low = Self.widenedHalves(source)
    if halves(i) == 1 { return setResult(i, low) }
    setResult(i, low, Self.widenedHalves(source.shuffled(.zero, lanes: W64.self) { $0 == 0 ? 1 : -1 }))
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

  /// Of the low four halves.
  @inlinable static func widenedHalves(_ v: V) -> V {
    if let result = v.hostWidenedHalves() { return result }
    let h = v.extended(from: W16.self, to: W32.self, signed: false)
    let sign = (h & splat(0x8000)).shifted(.left, by: W64(16), lanes: W32.self)
    let magnitude = h & splat(0x7fff)
    let moved = magnitude.shifted(.left, by: W64(13), lanes: W32.self)
    let normal = moved.combined(.add, splat(112 << 23), lanes: W32.self)
    // 2^-14 × (1 + fraction) − 2^-14 is exact.
    let isSubnormal = splat(0x400).combined(.greaterSigned, magnitude, lanes: W32.self)
    let least = splat(113 << 23)
    let subnormal = (moved & isSubnormal).combined(.add, least, lanes: W32.self)
      .float(.subtract, least, lanes: W32.self) & splat(0x7fff_ffff)
    let isSpecial = magnitude.combined(.greaterSigned, splat(0x7bff), lanes: W32.self)
    let isNaN = magnitude.combined(.greaterSigned, splat(0x7c00), lanes: W32.self)
    // A sum is quiet, and raises "invalid" for what is not.
    let infinity = splat(0x7f80_0000)
    let quiet = ((moved | infinity) & isNaN).float(.add, .zero, lanes: W32.self) & isNaN
    let special = moved | infinity | quiet
    let number = (subnormal & isSubnormal) | (normal & ~isSubnormal)
    return sign | (special & isSpecial) | (number & ~isSpecial)
  }

  /// To 32-bit lanes with a half in each low part, and the exceptions of it: each is raised by an operation on
  /// numbers that are chosen so that the other lanes raise nothing.
  @inlinable static func narrowedSingles(_ v: V, _ rounding: FloatRounding) -> V {
    if let result = v.hostNarrowedSingles(rounding) { return result }
    let sign = v & splat(0x8000_0000)
    let magnitude = v.flushed(lanes: W32.self) & splat(0x7fff_ffff)
    let isSpecial = magnitude.combined(.greaterSigned, splat(0x7f7f_ffff), lanes: W32.self)
    let single = SingleLanes<Self>(sign: sign, magnitude: magnitude & ~isSpecial)
    let half = single.half(rounding)
    let isNaN = magnitude.combined(.greaterSigned, splat(0x7f80_0000), lanes: W32.self)
    // A sum is quiet, and raises "invalid" for what is not.
    let quiet = (magnitude & isNaN).float(.add, .zero, lanes: W32.self) & isNaN
    let payload = quiet.shifted(.rightLogical, by: W64(13), lanes: W32.self) & splat(0x3ff)
    let special = splat(0x7c00) | payload
    return sign.shifted(.rightLogical, by: W64(16), lanes: W32.self) | (special & isSpecial) | (half & ~isSpecial)
  }
}

/// Finite singles on their way to halves. `step` is the distance of two halves at a number's place.
@usableFromInline struct SingleLanes<M: X86Machine> {
  @usableFromInline typealias V = M.V
  @usableFromInline let sign: V
  @usableFromInline let magnitude: V
  /// Where halves are subnormal.
  @usableFromInline let isLow: V
  /// The exponent with its bias, at its place; at least that of the lowest normal half, below the singles that are too
  /// large by far.
  @usableFromInline let exponent: V

  @inlinable init(sign: V, magnitude: V) {
    (self.sign, self.magnitude) = (sign, magnitude)
    isLow = Self.splat(113 << 23).combined(.greaterSigned, magnitude, lanes: M.W32.self)
    exponent = (magnitude & Self.splat(0x7f80_0000))
      .combined(.minimumSigned, Self.splat(143 << 23), lanes: M.W32.self)
      .combined(.maximumSigned, Self.splat(113 << 23), lanes: M.W32.self)
  }

  @inlinable static func splat(_ bits: UInt64) -> V { V(repeating: M.W32(bits)) }

  @inlinable func half(_ rounding: FloatRounding) -> V {
    let negative = V.zero.combined(.greaterSigned, sign, lanes: M.W32.self)
    let away: V
    switch rounding {
    case .up: away = ~negative
    case .down: away = negative
    default: away = .zero
    }
    // 2^13 × the number's power of two: its last place is the step.
    let anchor = exponent.combined(.add, Self.splat(13 << 23), lanes: M.W32.self)
    let steps = rounding == .current ? roundedByHost(anchor) : rounded(toNearest: rounding == .nearest, away: away)
    // What the exponent adds to a significand of 11 bits.
    let base = exponent.combined(.subtract, Self.splat(113 << 23), lanes: M.W32.self)
      .shifted(.rightLogical, by: M.W64(13), lanes: M.W32.self)
    let number = base.combined(.add, steps, lanes: M.W32.self)
    let isTooLarge = number.combined(.greaterSigned, Self.splat(0x7bff), lanes: M.W32.self)
    let isInexact = ~restored(steps).combined(.equal, significand, lanes: M.W32.self)
    raiseInexact(isInexact)
    let raised = underflow(isInexact & isLow & isTiny(rounding, away: away))
    // The largest single twice raises "overflow", and is an infinity or not as the host rounds.
    let twice = ((Self.splat(0x7f7f_ffff) | sign) & isTooLarge)
      .float(.multiply, Self.splat(0x4000_0000), lanes: M.W32.self)
    let isInfinite: V
    switch rounding {
    case .current:
      isInfinite = (twice & Self.splat(0x7fff_ffff)).combined(.equal, Self.splat(0x7f80_0000), lanes: M.W32.self)
    case .nearest: isInfinite = ~never(twice)
    default: isInfinite = away | never(twice)
    }
    let limit = Self.splat(0x7bff).combined(.subtract, isInfinite, lanes: M.W32.self)
    return (limit & isTooLarge) | (number & ~isTooLarge) | raised
  }

  /// No lane, though only who knows that none is 2 can tell; so the operation behind `result`, which raises, stays.
  @inlinable func never(_ result: V) -> V {
    result.combined(.equal, Self.splat(0x4000_0000), lanes: M.W32.self)
  }

  /// With the hidden bit, but for numbers that are below the lowest half by far.
  @inlinable var significand: V {
    let isNormal = magnitude.combined(.greaterSigned, Self.splat(0x007f_ffff), lanes: M.W32.self)
    return (magnitude & Self.splat(0x007f_ffff)) | (isNormal & Self.splat(0x0080_0000))
  }

  /// How many bits of the significand are below the step: 13 to 26, where nothing is left but what rounds.
  @inlinable var dropped: V {
    Self.splat(126).combined(
      .subtract, magnitude.shifted(.rightLogical, by: M.W64(23), lanes: M.W32.self), lanes: M.W32.self
    )
    .combined(.maximumSigned, Self.splat(13), lanes: M.W32.self)
    .combined(.minimumSigned, Self.splat(26), lanes: M.W32.self)
  }

  @inlinable func restored(_ steps: V) -> V { steps.shifted(.left, byEach: dropped, lanes: M.W32.self) }

  /// Steps in the number, rounded as the host does it: it adds a number whose last place is a step.
  @inlinable func roundedByHost(_ anchor: V) -> V {
    let sum = (magnitude | sign).float(.add, anchor | sign, lanes: M.W32.self)
    return (sum & Self.splat(0x7fff_ffff)).combined(.subtract, anchor, lanes: M.W32.self)
  }

  @inlinable func rounded(toNearest: Bool, away: V) -> V {
    let one = Self.splat(1)
    let count = dropped
    let below = one.shifted(.left, byEach: count, lanes: M.W32.self).combined(.subtract, one, lanes: M.W32.self)
    let increment: V
    if toNearest {
      let odd = significand.shifted(.rightLogical, byEach: count, lanes: M.W32.self) & one
      increment = below.shifted(.rightLogical, by: M.W64(1), lanes: M.W32.self).combined(.add, odd, lanes: M.W32.self)
    } else {
      increment = below & away
    }
    return significand.combined(.add, increment, lanes: M.W32.self)
      .shifted(.rightLogical, byEach: count, lanes: M.W32.self)
  }

  /// Numbers of low lanes that would be below the lowest normal half if halves had exponents enough (SDM vol. 1,
  /// 4.9.1.5).
  @inlinable func isTiny(_ rounding: FloatRounding, away: V) -> V {
    if rounding == .current {
      // A quarter's last place is the step just below.
      let quarter = Self.splat(0x3e80_0000)
      let sum = ((magnitude | sign) & isLow).float(.add, quarter | sign, lanes: M.W32.self) & Self.splat(0x7fff_ffff)
      return quarter.combined(.add, Self.splat(2048), lanes: M.W32.self)
        .combined(.greaterSigned, sum, lanes: M.W32.self)
    }
    let odd = magnitude.shifted(.rightLogical, by: M.W64(13), lanes: M.W32.self) & Self.splat(1)
    let increment = rounding == .nearest
      ? odd.combined(.add, Self.splat(0xfff), lanes: M.W32.self) : away & Self.splat(0x1fff)
    return Self.splat(113 << 23)
      .combined(.greaterSigned, magnitude.combined(.add, increment, lanes: M.W32.self), lanes: M.W32.self)
  }

  /// One half rounded to an integer.
  @inlinable func raiseInexact(_ lanes: V) {
    _ = (lanes & Self.splat(0x3f00_0000)).rounded(.towardZero, lanes: M.W32.self, isSilent: false)
  }

  /// The lowest normal single squared in `lanes`; no lane is set.
  @inlinable func underflow(_ lanes: V) -> V {
    let lowest = lanes & Self.splat(0x0080_0000)
    return never(lowest.float(.multiply, lowest, lanes: M.W32.self))
  }
}
