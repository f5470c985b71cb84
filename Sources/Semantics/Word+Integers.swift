// The evaluating side: the standard library's unsigned integers are guest words as they are.

extension Bool: FlagValue {
  @inlinable @inline(__always) public static func & (a: Bool, b: Bool) -> Bool { a && b }
  @inlinable @inline(__always) public static func | (a: Bool, b: Bool) -> Bool { a || b }
  @inlinable @inline(__always) public static func ^ (a: Bool, b: Bool) -> Bool { a != b }
}

/// What the five conformances below share.
public protocol EvaluatedWord: Word, FixedWidthInteger, UnsignedInteger
where Flag == Bool, Carrier == UInt128 {
  associatedtype Signed: FixedWidthInteger & SignedInteger
  var signed: Signed { get }
  init(signed: Signed)
}

extension EvaluatedWord {
  @inlinable @inline(__always) public static var bits: Int { bitWidth }
  @inlinable @inline(__always) public init(_ constant: UInt64) {
    self = Self(truncatingIfNeeded: constant)
  }
  @inlinable @inline(__always) public var carrier: UInt128 { UInt128(truncatingIfNeeded: self) }
  @inlinable @inline(__always)
  public init<W: Word>(zeroExtending value: W) where W.Carrier == UInt128, W.Flag == Bool {
    self = Self(truncatingIfNeeded: value.carrier)
  }
  @inlinable @inline(__always)
  public init<W: Word>(signExtending value: W) where W.Carrier == UInt128, W.Flag == Bool {
    let shift = 128 &- W.bits
    self = Self(truncatingIfNeeded: Int128(bitPattern: value.carrier &<< UInt128(shift)) &>> Int128(shift))
  }
  @inlinable @inline(__always)
  public init<W: Word>(truncating value: W) where W.Carrier == UInt128, W.Flag == Bool {
    self = Self(truncatingIfNeeded: value.carrier)
  }
  @inlinable @inline(__always) public init(_ flag: Bool) { self = flag ? 1 : 0 }

  @inlinable @inline(__always) public func shiftedLeft(by n: Self) -> Self { self &<< n }
  @inlinable @inline(__always) public func shiftedRight(by n: Self) -> Self { self &>> n }
  @inlinable @inline(__always) public func shiftedRightArithmetically(by n: Self) -> Self {
    Self(signed: signed &>> Signed(truncatingIfNeeded: n))
  }
  @inlinable @inline(__always) public func rotatedLeft(by n: Self) -> Self {
    (self &<< n) | (self &>> (0 &- n))
  }
  @inlinable @inline(__always) public func rotatedRight(by n: Self) -> Self {
    (self &>> n) | (self &<< (0 &- n))
  }

  @inlinable @inline(__always) public func dividedUnsigned(by d: Self) -> Self {
    dividedReportingOverflow(by: d).partialValue
  }
  @inlinable @inline(__always) public func remainderUnsigned(by d: Self) -> Self {
    remainderReportingOverflow(dividingBy: d).partialValue
  }
  @inlinable @inline(__always) public func dividedSigned(by d: Self) -> Self {
    Self(signed: signed.dividedReportingOverflow(by: d.signed).partialValue)
  }
  @inlinable @inline(__always) public func remainderSigned(by d: Self) -> Self {
    Self(signed: signed.remainderReportingOverflow(dividingBy: d.signed).partialValue)
  }

  @inlinable @inline(__always) public func isEqual(to o: Self) -> Bool { self == o }
  @inlinable @inline(__always) public func isBelow(_ o: Self) -> Bool { self < o }
  @inlinable @inline(__always) public func isLess(_ o: Self) -> Bool { signed < o.signed }
  @inlinable @inline(__always) public var isZero: Bool { self == 0 }
  @inlinable @inline(__always) public var isNegative: Bool { signed < 0 }
  @inlinable @inline(__always) public func bit(_ position: Int) -> Bool {
    (self &>> Self(truncatingIfNeeded: position)) & 1 == 1
  }
  @inlinable @inline(__always) public var populationCount: Self {
    Self(truncatingIfNeeded: nonzeroBitCount)
  }
  @inlinable @inline(__always) public var leadingZeros: Self {
    Self(truncatingIfNeeded: leadingZeroBitCount)
  }
  @inlinable @inline(__always) public var trailingZeros: Self {
    Self(truncatingIfNeeded: trailingZeroBitCount)
  }
  @inlinable @inline(__always) public var bytesReversed: Self { byteSwapped }
}

extension UInt8: EvaluatedWord {
  @inlinable @inline(__always) public var signed: Int8 { Int8(bitPattern: self) }
  @inlinable @inline(__always) public init(signed: Int8) { self.init(bitPattern: signed) }
}
extension UInt16: EvaluatedWord {
  @inlinable @inline(__always) public var signed: Int16 { Int16(bitPattern: self) }
  @inlinable @inline(__always) public init(signed: Int16) { self.init(bitPattern: signed) }
}
extension UInt32: EvaluatedWord {
  @inlinable @inline(__always) public var signed: Int32 { Int32(bitPattern: self) }
  @inlinable @inline(__always) public init(signed: Int32) { self.init(bitPattern: signed) }
}
extension UInt64: EvaluatedWord {
  @inlinable @inline(__always) public var signed: Int64 { Int64(bitPattern: self) }
  @inlinable @inline(__always) public init(signed: Int64) { self.init(bitPattern: signed) }
}
extension UInt128: EvaluatedWord {
  @inlinable @inline(__always) public var signed: Int128 { Int128(bitPattern: self) }
  @inlinable @inline(__always) public init(signed: Int128) { self.init(bitPattern: signed) }
}
