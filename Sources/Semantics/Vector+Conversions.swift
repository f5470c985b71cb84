// What every vector gets from its scalar conversions: a machine with wide ones of its own gives
// them instead.

extension Vector {
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
}
