// What every vector gets from its scalar conversions and shifts: a machine with wide ones of its own
// gives them instead.

extension Vector {
  /// Translated code does without it where the host has not x86's instructions (docs/QUIRKS.md, "Floating point").
  @inlinable public func flushed<W: Word>(lanes: W.Type) -> Self { self }
  @inlinable public func hostWidenedHalves() -> Self? { nil }
  @inlinable public func hostNarrowedSingles(_ rounding: FloatRounding) -> Self? { nil }

  @inlinable public func convertedToFloat<A: Word, B: Word>(signed: A.Type, to: B.Type) -> Self
  where A.Carrier == Carrier, A.Flag == Flag, B.Carrier == Carrier, B.Flag == Flag {
    var result = Self.zero
    for index in 0..<(128 / max(A.bits, B.bits)) {
      let value = Self.convertToFloat(signed: lane(index, A.self), to: B.self)
      result = result.replacing(index, with: value)
    }
    return result
  }

  @inlinable public func convertedFloat<A: Word, B: Word>(from: A.Type, to: B.Type) -> Self
  where A.Carrier == Carrier, A.Flag == Flag, B.Carrier == Carrier, B.Flag == Flag {
    var result = Self.zero
    for index in 0..<(128 / max(A.bits, B.bits)) {
      let value = Self.convertFloat(lane(index, A.self), to: B.self)
      result = result.replacing(index, with: value)
    }
    return result
  }

  @inlinable public func convertedToSigned<A: Word, B: Word>(
    from: A.Type, to: B.Type, _ rounding: FloatRounding
  ) -> Self
  where A.Carrier == Carrier, A.Flag == Flag, B.Carrier == Carrier, B.Flag == Flag {
    var result = Self.zero
    for index in 0..<(128 / max(A.bits, B.bits)) {
      let value = Self.convertToSigned(lane(index, A.self), to: B.self, rounding)
      result = result.replacing(index, with: value)
    }
    return result
  }

  @inlinable public func shifted<W: Word>(
    _ shift: LaneShift, byEach counts: Self, lanes: W.Type
  ) -> Self where W.Carrier == Carrier, W.Flag == Flag {
    var result = Self.zero
    let bits = UInt64(truncatingIfNeeded: W.bits)
    for index in 0..<(128 / W.bits) {
      let value = lane(index, W.self)
      let count = counts.lane(index, W.self)
      let fits = count.isBelow(W(bits))
      let masked = count & W(bits &- 1)
      // All ones where the count fits.
      let inside = W(0) &- W(fits)
      let lane: W
      switch shift {
      case .left: lane = value.shiftedLeft(by: masked) & inside
      case .rightLogical: lane = value.shiftedRight(by: masked) & inside
      case .rightArithmetic:
        let clamped = (masked & inside) | (W(bits &- 1) & ~inside)
        lane = value.shiftedRightArithmetically(by: clamped)
      }
      result = result.replacing(index, with: lane)
    }
    return result
  }
}
