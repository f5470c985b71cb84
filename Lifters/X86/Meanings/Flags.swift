import Semantics

// Status flags as the integer meanings set them (SDM vol. 1, 3.4.3.1).
//
// The forms are chosen so that an optimiser gets comparisons back: the overflow of a subtraction is
// `(a < b) ^ (result < 0)`, so "less" (SF ^ OF) cancels to `a < b`.
extension X86Machine {
  /// SF, ZF and PF.
  @inlinable public mutating func setResultFlags<W: Word>(_ result: W)
  where W.Carrier == Carrier, W.Flag == Flag {
    set(.sf, result.isNegative)
    set(.zf, result.isZero)
    set(.pf, !W8(truncating: result).populationCount.bit(0))
  }

  @inlinable public mutating func setAddFlags<W: Word>(_ a: W, _ b: W, _ result: W)
  where W.Carrier == Carrier, W.Flag == Flag {
    set(.cf, result.isBelow(a))
    setSignedAddFlags(a, b, result)
  }

  /// All of an addition's but CF: what INC sets, and ADC, whose carry is its own.
  @inlinable public mutating func setSignedAddFlags<W: Word>(_ a: W, _ b: W, _ result: W)
  where W.Carrier == Carrier, W.Flag == Flag {
    set(.of, ((a ^ result) & (b ^ result)).isNegative)
    set(.af, (a ^ b ^ result).bit(4))
    setResultFlags(result)
  }

  @inlinable public mutating func setSubtractFlags<W: Word>(_ a: W, _ b: W, _ result: W)
  where W.Carrier == Carrier, W.Flag == Flag {
    set(.cf, a.isBelow(b))
    setSignedSubtractFlags(a, b, result)
  }

  @inlinable public mutating func setSignedSubtractFlags<W: Word>(_ a: W, _ b: W, _ result: W)
  where W.Carrier == Carrier, W.Flag == Flag {
    set(.of, a.isLess(b) ^ result.isNegative)
    set(.af, (a ^ b ^ result).bit(4))
    setResultFlags(result)
  }

  /// AND, OR, XOR, TEST: CF and OF are cleared; AF is undefined, and cleared by processors.
  @inlinable public mutating func setLogicFlags<W: Word>(_ result: W)
  where W.Carrier == Carrier, W.Flag == Flag {
    set(.cf, Flag(false))
    set(.of, Flag(false))
    set(.af, Flag(false))
    setResultFlags(result)
  }

  /// The low 32 bits of RFLAGS with IF and the always-one bit 1 (SDM vol. 1, figure 3-8).
  @inlinable public func flagsImage() -> W64 {
    statusImage() | W64(0x202) | W64(flag(.df)).shiftedLeft(by: W64(10))
      | W64(flag(.of)).shiftedLeft(by: W64(11))
  }

  /// SF, ZF, AF, PF and CF at their places in RFLAGS: what LAHF stores, without bit 1.
  @inlinable public func statusImage() -> W64 {
    let high =
      W64(flag(.sf)).shiftedLeft(by: W64(7)) | W64(flag(.zf)).shiftedLeft(by: W64(6))
      | W64(flag(.af)).shiftedLeft(by: W64(4))
    return high | W64(flag(.pf)).shiftedLeft(by: W64(2)) | W64(flag(.cf))
  }

  /// The reverse of `statusImage`: OF and DF stay.
  @inlinable public mutating func setStatus<W: Word>(fromImage image: W)
  where W.Carrier == Carrier, W.Flag == Flag {
    set(.cf, image.bit(0))
    set(.pf, image.bit(2))
    set(.af, image.bit(4))
    set(.zf, image.bit(6))
    set(.sf, image.bit(7))
  }
}
