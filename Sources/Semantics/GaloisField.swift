// GFNI on evaluated vectors (SDM vol. 2, GF2P8MULB and its kin): bytes as elements of GF(2^8) modulo
// x^8 + x^4 + x^3 + x + 1, and affine maps over GF(2) on their bits.

extension EvaluatedVector {
  /// GF2P8MULB.
  public func galoisProduct(_ other: Self) -> Self {
    var result = Self.zero
    var index = 0
    while index < 16 {
      let value = Self.galoisProduct(number(index, bits: 8), other.number(index, bits: 8))
      result.setNumber(index, bits: 8, value)
      index &+= 1
    }
    return result
  }

  /// GF2P8AFFINEQB, GF2P8AFFINEINVQB: each byte times its half's matrix, plus the constant.
  public func galoisAffine(matrix: Self, constant: UInt8, inverting: Bool) -> Self {
    let operand = inverting ? galoisInverted() : self
    var result = Self(repeating: constant)
    result.low ^= Self.galoisProduct(matrix: matrix.low, operand.low)
    result.high ^= Self.galoisProduct(matrix: matrix.high, operand.high)
    return result
  }

  /// Eight bytes times a matrix: bit n of each is the parity of the matrix's byte 7 − n and the operand.
  static func galoisProduct(matrix: UInt64, _ bytes: UInt64) -> UInt64 {
    let first: UInt64 = 0x0101_0101_0101_0101
    var result: UInt64 = 0
    var bit: UInt64 = 0
    while bit < 8 {
      // Where bytes have the bit, the matrix's column of that number; the product turns it around.
      let column = ((matrix &>> bit & first) &* 0x8040_2010_0804_0201) &>> 56
      result ^= (bytes &>> bit & first) &* 0xff & (column &* first)
      bit &+= 1
    }
    return result
  }

  static func galoisProduct(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var product: UInt64 = 0
    var shifted = a
    var rest = b
    while rest != 0 {
      if rest & 1 != 0 { product ^= shifted }
      shifted = shifted &<< 1
      if shifted & 0x100 != 0 { shifted ^= 0x11b }
      rest = rest &>> 1
    }
    return product
  }

  /// 1/x of each byte, and 0 for 0: what AES's table answers, without its affine map (FIPS 197, 5.1.1).
  func galoisInverted() -> Self {
    let bytes = substituted(inverse: false)
    return Self(
      low: Self.withoutAffineMap(bytes.low), high: Self.withoutAffineMap(bytes.high))
  }

  private static func withoutAffineMap(_ bytes: UInt64) -> UInt64 {
    func rotated(_ count: UInt64) -> UInt64 {
      let kept = (0xff &>> count) &* 0x0101_0101_0101_0101
      return (bytes & kept) &<< count | (bytes & ~kept) &>> (8 &- count)
    }
    return rotated(1) ^ rotated(3) ^ rotated(6) ^ 0x0505_0505_0505_0505
  }
}
