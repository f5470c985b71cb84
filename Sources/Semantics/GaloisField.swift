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
    var result = Self.zero
    var index = 0
    while index < 16 {
      let rows = index < 8 ? matrix.low : matrix.high
      var x = number(index, bits: 8)
      if inverting { x = Self.galoisInverse(x) }
      var value = UInt64(truncatingIfNeeded: constant)
      var bit: UInt64 = 0
      while bit < 8 {
        // Bit n is the parity of the matrix's byte 7 − n and the operand.
        let row = rows &>> (8 &* (7 &- bit)) & 0xff
        value ^= UInt64(truncatingIfNeeded: (row & x).nonzeroBitCount & 1) &<< bit
        bit &+= 1
      }
      result.setNumber(index, bits: 8, value)
      index &+= 1
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

  /// x^254, which is 1/x, and 0 for 0.
  static func galoisInverse(_ x: UInt64) -> UInt64 {
    var power = x
    var result: UInt64 = 1
    var n = 0
    while n < 7 {
      power = galoisProduct(power, power)
      result = galoisProduct(result, power)
      n &+= 1
    }
    return result
  }
}
