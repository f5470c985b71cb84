// a × b + c rounded once (IEEE 754, 5.4.1).
//
// In integers, for hosts without the instruction, to nearest and without exceptions: the product of two
// significands has at most 106 bits, and beside the addend, both with their top bit at 125, at most its lowest bit stands for
// what was shifted out. Where that happens the sum loses at most one bit by cancellation, so that
// this sticky bit is far below the place of rounding.

extension EvaluatedFloat {
  @inlinable static var topBit: Int { 125 }

  @inlinable public static func fusedMultiplyAdd(
    _ a: Pattern, _ b: Pattern, _ c: Pattern, negatesProduct: Bool, negatesAddend: Bool
  ) -> Pattern {
    if isNaN(a) { return a | quietBit }
    if isNaN(b) { return b | quietBit }
    if isNaN(c) { return c | quietBit }
    let x = a & ~signBit
    let y = b & ~signBit
    let z = c & ~signBit
    let productSign = ((a ^ b) & signBit) ^ (negatesProduct ? signBit : 0)
    let addendSign = (c & signBit) ^ (negatesAddend ? signBit : 0)
    if x == infinityPattern || y == infinityPattern {
      if x == 0 || y == 0 { return defaultNaN }
      if z == infinityPattern && productSign != addendSign { return defaultNaN }
      return productSign | infinityPattern
    }
    if z == infinityPattern { return addendSign | z }
    if x == 0 || y == 0 {
      if z != 0 { return addendSign | z }
      return productSign == addendSign ? productSign : 0
    }
    let (p, pExponent) = significand(x)
    let (q, qExponent) = significand(y)
    let wide = p.multipliedFullWidth(by: q)
    var product = UInt128(truncatingIfNeeded: wide.high) &<< 64
      | UInt128(truncatingIfNeeded: wide.low)
    var exponent = normalise(&product, pExponent &+ qExponent)
    if z == 0 { return pack(productSign, product, exponent) }
    let (r, rExponent) = significand(z)
    var addend = UInt128(truncatingIfNeeded: r)
    let addendExponent = normalise(&addend, rExponent)
    if addendExponent > exponent {
      product = jammed(product, addendExponent &- exponent)
      exponent = addendExponent
    } else {
      addend = jammed(addend, exponent &- addendExponent)
    }
    if productSign == addendSign { return pack(productSign, product &+ addend, exponent) }
    if product == addend { return 0 }
    return product > addend
      ? pack(productSign, product &- addend, exponent)
      : pack(addendSign, addend &- product, exponent)
  }

  /// The first NaN of an operation's three operands, quieted.
  @inlinable static func chosenNaN(_ a: Pattern, _ b: Pattern, _ c: Pattern) -> Pattern? {
    guard isNaN(a) || isNaN(b) || isNaN(c) else { return nil }
    if areUnordered(a, b, signals: false) || isNaN(c) { _ = areUnordered(c, c, signals: false) }
    return isNaN(a) ? a | quietBit : isNaN(b) ? b | quietBit : c | quietBit
  }

  /// A finite magnitude that is not zero as integer × 2^exponent.
  @inlinable static func significand(_ magnitude: Pattern) -> (UInt64, Int) {
    let biased = Int(truncatingIfNeeded: magnitude &>> Pattern(truncatingIfNeeded: fractionBits))
    let fraction = UInt64(truncatingIfNeeded: magnitude & (unit &- 1))
    if biased == 0 { return (fraction, 1 &- bias &- fractionBits) }
    return (fraction | UInt64(truncatingIfNeeded: unit), biased &- bias &- fractionBits)
  }

  /// Shifts the highest one to `topBit`; answers the exponent of bit 0 then.
  @inlinable static func normalise(_ value: inout UInt128, _ exponent: Int) -> Int {
    let shift = value.leadingZeroBitCount &- (127 &- topBit)
    if shift >= 0 {
      value = value &<< UInt128(truncatingIfNeeded: shift)
    } else {
      value = jammed(value, 0 &- shift)
    }
    return exponent &- shift
  }

  /// Shifted right; ones that are lost leave the lowest bit set.
  @inlinable static func jammed(_ value: UInt128, _ count: Int) -> UInt128 {
    if count > 127 { return value == 0 ? 0 : 1 }
    let shift = UInt128(truncatingIfNeeded: count)
    let lost = value & ((1 &<< shift) &- 1)
    return value &>> shift | (lost == 0 ? 0 : 1)
  }

  /// value × 2^exponent rounded to nearest, ties to even.
  @inlinable static func pack(_ sign: Pattern, _ sum: UInt128, _ exponent: Int) -> Pattern {
    var value = sum
    let biased = normalise(&value, exponent) &+ topBit &+ bias
    if biased > 2 &* bias { return sign | infinityPattern }
    let dropped = topBit &- fractionBits &+ (biased < 1 ? 1 &- biased : 0)
    if dropped > topBit &+ 1 { return sign }
    let shift = UInt128(truncatingIfNeeded: dropped)
    let half: UInt128 = 1 &<< (shift &- 1)
    let lost = value & ((1 &<< shift) &- 1)
    var kept = Pattern(truncatingIfNeeded: value &>> shift)
    if lost > half || (lost == half && kept & 1 != 0) { kept = kept &+ 1 }
    // The hidden bit adds one to the exponent field, and a carry does so again.
    if biased > 1 {
      kept = kept
        &+ Pattern(truncatingIfNeeded: biased &- 1) &<< Pattern(truncatingIfNeeded: fractionBits)
    }
    return sign | kept
  }
}

extension EvaluatedVector {
  /// As the host fuses, which has the instruction where the guest's CPUID shows it.
  @inlinable static func fused(
    _ a: UInt64, _ b: UInt64, _ c: UInt64, bits: Int, negatesProduct: Bool, negatesAddend: Bool
  ) -> UInt64 {
    if bits == 32 {
      if let nan = Float.chosenNaN(narrow(a), narrow(b), narrow(c)) { return wide(nan) }
      let result = narrow(
        HostFloat.fusedSingle(
          negatesProduct ? a ^ wide(Float.signBit) : a, b,
          negatesAddend ? c ^ wide(Float.signBit) : c))
      return wide(Float.isNaN(result) ? Float.defaultNaN : result)
    }
    if let nan = Double.chosenNaN(a, b, c) { return nan }
    let result = HostFloat.fusedDouble(
      negatesProduct ? a ^ Double.signBit : a, b, negatesAddend ? c ^ Double.signBit : c)
    return Double.isNaN(result) ? Double.defaultNaN : result
  }

  @inlinable public func fusedMultiplyAdd<W: Word>(
    _ factor: Self, _ addend: Self, _ form: FusedForm, lanes: W.Type
  ) -> Self {
    var result = Self.zero
    var index = 0
    while index < 128 / W.bits {
      let value = Self.fused(
        number(index, bits: W.bits), factor.number(index, bits: W.bits),
        addend.number(index, bits: W.bits), bits: W.bits, negatesProduct: form.negatesProduct,
        negatesAddend: index & 1 == 0 ? form.subtractsEven : form.subtractsOdd)
      result.setNumber(index, bits: W.bits, value)
      index &+= 1
    }
    return result
  }

  @inlinable public static func fusedMultiplyAdd<W: Word>(
    _ a: W, _ b: W, _ c: W, _ form: FusedForm
  ) -> W where W.Carrier == UInt128, W.Flag == Bool {
    W(
      fused(
        number(a), number(b), number(c), bits: W.bits, negatesProduct: form.negatesProduct,
        negatesAddend: form.subtractsEven))
  }
}
