// SHA-1 and SHA-256 rounds and message schedules on evaluated vectors (FIPS 180-4; SDM vol. 2,
// SHA1RNDS4 to SHA256RNDS2). `self` is the destination, as in the manual.

extension EvaluatedVector {
  @inline(__always) func word(_ index: Int) -> UInt32 { lane(index, UInt32.self) }

  /// From the most significant word down, as the manual writes them.
  init(words d3: UInt32, _ d2: UInt32, _ d1: UInt32, _ d0: UInt32) {
    self.init(
      low: UInt64(truncatingIfNeeded: d1) &<< 32 | UInt64(truncatingIfNeeded: d0),
      high: UInt64(truncatingIfNeeded: d3) &<< 32 | UInt64(truncatingIfNeeded: d2))
  }

  /// SHA1NEXTE.
  public func sha1NextE(_ other: Self) -> Self {
    other.replacing(3, with: other.word(3) &+ word(3).rotatedLeft(by: 30))
  }

  /// SHA1MSG1.
  public func sha1Message1(_ other: Self) -> Self {
    Self(
      words: word(1) ^ word(3), word(0) ^ word(2), other.word(3) ^ word(1), other.word(2) ^ word(0))
  }

  /// SHA1MSG2.
  public func sha1Message2(_ other: Self) -> Self {
    let w16 = (word(3) ^ other.word(2)).rotatedLeft(by: 1)
    let w17 = (word(2) ^ other.word(1)).rotatedLeft(by: 1)
    let w18 = (word(1) ^ other.word(0)).rotatedLeft(by: 1)
    let w19 = (word(0) ^ w16).rotatedLeft(by: 1)
    return Self(words: w16, w17, w18, w19)
  }

  /// SHA1RNDS4: `self` is A B C D, `other` the words W0 (with E added) to W3.
  public func sha1Rounds(_ other: Self, function: UInt8) -> Self {
    var (a, b, c, d) = (word(3), word(2), word(1), word(0))
    var e: UInt32 = 0
    var n = 3
    while n >= 0 {
      let f: UInt32
      let k: UInt32
      switch function & 3 {
      case 0: (f, k) = ((b & c) ^ (~b & d), 0x5a82_7999)
      case 1: (f, k) = (b ^ c ^ d, 0x6ed9_eba1)
      case 2: (f, k) = ((b & c) ^ (b & d) ^ (c & d), 0x8f1b_bcdc)
      default: (f, k) = (b ^ c ^ d, 0xca62_c1d6)
      }
      let next = f &+ a.rotatedLeft(by: 5) &+ other.word(n) &+ e &+ k
      (e, d, c, b, a) = (d, c, b.rotatedLeft(by: 30), a, next)
      n &-= 1
    }
    return Self(words: a, b, c, d)
  }

  /// SHA256RNDS2: `self` is C D G H, `other` A B E F; two of `words`, constants added.
  public func sha256Rounds(_ other: Self, words: Self) -> Self {
    var (a, b, e, f) = (other.word(3), other.word(2), other.word(1), other.word(0))
    var (c, d, g, h) = (word(3), word(2), word(1), word(0))
    var n = 0
    while n < 2 {
      let choice = (e & f) ^ (~e & g)
      let majority = (a & b) ^ (a & c) ^ (b & c)
      let upperE = e.rotatedRight(by: 6) ^ e.rotatedRight(by: 11) ^ e.rotatedRight(by: 25)
      let upperA = a.rotatedRight(by: 2) ^ a.rotatedRight(by: 13) ^ a.rotatedRight(by: 22)
      let first = choice &+ upperE &+ words.word(n) &+ h
      (h, g, f, e) = (g, f, e, d &+ first)
      (d, c, b, a) = (c, b, a, first &+ majority &+ upperA)
      n &+= 1
    }
    return Self(words: a, b, e, f)
  }

  /// SHA256MSG1.
  public func sha256Message1(_ other: Self) -> Self {
    func lower(_ x: UInt32) -> UInt32 { x.rotatedRight(by: 7) ^ x.rotatedRight(by: 18) ^ (x &>> 3) }
    return Self(
      words: word(3) &+ lower(other.word(0)), word(2) &+ lower(word(3)),
      word(1) &+ lower(word(2)), word(0) &+ lower(word(1)))
  }

  /// SHA256MSG2.
  public func sha256Message2(_ other: Self) -> Self {
    func lower(_ x: UInt32) -> UInt32 {
      x.rotatedRight(by: 17) ^ x.rotatedRight(by: 19) ^ (x &>> 10)
    }
    let w16 = word(0) &+ lower(other.word(2))
    let w17 = word(1) &+ lower(other.word(3))
    let w18 = word(2) &+ lower(w16)
    let w19 = word(3) &+ lower(w17)
    return Self(words: w19, w18, w17, w16)
  }
}
