// The comparisons that C libraries make of bytes, eight at a time in an integer.

extension StringComparison {
  private static var each: UInt64 { 0x0101_0101_0101_0101 }
  private static var low: UInt64 { 0x7f7f_7f7f_7f7f_7f7f }

  /// One bit for each byte that is zero.
  private static func zeros(_ v: UInt64) -> UInt32 {
    let marks = ~(((v & low) &+ low) | v | low) &>> 7
    // Gathers bit 0 of every byte in the highest byte.
    return UInt32(truncatingIfNeeded: (marks &* 0x0102_0408_1020_4080) &>> 56)
  }

  private static func equal(_ a: EvaluatedVector, _ b: EvaluatedVector) -> UInt32 {
    zeros(a.low ^ b.low) | zeros(a.high ^ b.high) &<< 8
  }

  private static func length(_ v: EvaluatedVector) -> Int {
    (equal(v, .zero) | 0x10000).trailingZeroBitCount
  }

  /// PCMPISTRI of strings that end at their first zero.
  public init(endingAtZero first: EvaluatedVector, _ second: EvaluatedVector, control: UInt8) {
    if control & 1 == 0 {
      self.init(first, Self.length(first), second, Self.length(second), control)
    } else {
      self.init(first: first, second: second, control: control)
    }
  }

  /// IntRes1 of bytes for all but ranges, nil for those.
  static func byteMatches(
    _ a: EvaluatedVector, _ aLength: Int, _ b: EvaluatedVector, _ bLength: Int, _ control: UInt8
  ) -> UInt32? {
    let form = control &>> 2 & 3
    if control & 1 != 0 || form == 1 { return nil }
    let all: UInt32 = 0xffff
    let aValid = all &>> UInt32(truncatingIfNeeded: 16 &- aLength)
    let bValid = all &>> UInt32(truncatingIfNeeded: 16 &- bLength)
    if form == 2 { return (equal(a, b) & aValid & bValid) | (all & ~aValid & ~bValid) }
    var found: UInt32 = form == 0 ? 0 : all
    var i = 0
    while i < aLength {
      let byte = (i < 8 ? a.low : a.high) &>> UInt64(truncatingIfNeeded: 8 &* (i & 7)) & 0xff
      let splat = EvaluatedVector(low: byte &* each, high: byte &* each)
      let here = equal(splat, b) & bValid
      let count = UInt32(truncatingIfNeeded: i)
      // A substring may go on behind the vector.
      if form == 0 { found |= here } else { found &= here &>> count | ~(all &>> count) }
      i &+= 1
    }
    return found & all
  }
}

extension EvaluatedVector {
  public func comparedStrings(_ other: Self, control: UInt8, _ answer: StringAnswer) -> UInt32 {
    let result = StringComparison(endingAtZero: self, other, control: control)
    switch answer {
    case .index: return UInt32(truncatingIfNeeded: result.index)
    case .carry: return result.cf ? 1 : 0
    case .zero: return result.zf ? 1 : 0
    case .sign: return result.sf ? 1 : 0
    case .overflow: return result.of ? 1 : 0
    }
  }
}
