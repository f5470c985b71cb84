import Semantics

/// A vector of the recording machine: nothing.
public struct EffectsVector: Vector {
  public typealias Flag = EffectsFlag
  public typealias Carrier = EffectsCarrier
  public typealias W8 = EffectsWord8
  public typealias W16 = EffectsWord16
  public typealias W32 = EffectsWord32
  public typealias W64 = EffectsWord64
  public typealias W128 = EffectsWord128

  @inlinable public init() {}
  @inlinable public static var zero: Self { Self() }
  @inlinable public init(bits: EffectsWord128) {}
  @inlinable public func comparedStrings(
    _ other: Self, control: UInt8, _ answer: StringAnswer
  ) -> EffectsWord32 { EffectsWord32() }
  @inlinable public var bits: EffectsWord128 { EffectsWord128() }
  @inlinable public init(low: UInt64, high: UInt64) {}
  @inlinable public func lane<W: Word>(_ index: Int, _ type: W.Type) -> W
  where W.Carrier == EffectsCarrier, W.Flag == EffectsFlag { W(0) }
  @inlinable public func replacing<W: Word>(_ index: Int, with value: W) -> Self
  where W.Carrier == EffectsCarrier, W.Flag == EffectsFlag { Self() }
  @inlinable public init<W: Word>(repeating value: W)
  where W.Carrier == EffectsCarrier, W.Flag == EffectsFlag {}
  @inlinable public static func & (a: Self, b: Self) -> Self { Self() }
  @inlinable public static func | (a: Self, b: Self) -> Self { Self() }
  @inlinable public static func ^ (a: Self, b: Self) -> Self { Self() }
  @inlinable public static prefix func ~ (a: Self) -> Self { Self() }
  @inlinable public func combined<W: Word>(
    _ operation: LaneOperation, _ other: Self, lanes: W.Type
  ) -> Self { Self() }
  @inlinable public func shifted<W: Word>(
    _ shift: LaneShift, by count: EffectsWord64, lanes: W.Type
  ) -> Self { Self() }
  @inlinable public func shuffled<W: Word>(
    _ other: Self, lanes: W.Type, _ source: (Int) -> Int
  ) -> Self { Self() }
  @inlinable public func shuffled(byControl control: Self) -> Self { Self() }
  @inlinable public func signMask<W: Word>(lanes: W.Type) -> EffectsWord32 { EffectsWord32() }
  @inlinable public func extended<N: Word, W: Word>(
    from: N.Type, to: W.Type, signed: Bool
  ) -> Self { Self() }
  @inlinable public func packed<W: Word>(
    _ other: Self, lanes: W.Type, signed: Bool
  ) -> Self { Self() }
  @inlinable public func float<W: Word>(
    _ operation: FloatOperation, _ other: Self, lanes: W.Type
  ) -> Self { Self() }
  @inlinable public func subtractedOrAdded<W: Word>(_ other: Self, lanes: W.Type) -> Self { Self() }
  @inlinable public func squareRoot<W: Word>(lanes: W.Type) -> Self { Self() }
  @inlinable public func compare<W: Word>(
    _ predicate: FloatPredicate, _ other: Self, lanes: W.Type, signals: Bool
  ) -> Self { Self() }
  @inlinable public func rounded<W: Word>(
    _ rounding: FloatRounding, lanes: W.Type, isSilent: Bool
  ) -> Self { Self() }
  @inlinable public func fusedMultiplyAdd<W: Word>(
    _ factor: Self, _ addend: Self, _ form: FusedForm, lanes: W.Type
  ) -> Self { Self() }
  @inlinable public static func fusedMultiplyAdd<W: Word>(
    _ a: W, _ b: W, _ c: W, _ form: FusedForm
  ) -> W where W.Carrier == EffectsCarrier, W.Flag == EffectsFlag { W(0) }
  @inlinable public static func float<W: Word>(_ operation: FloatOperation, _ a: W, _ b: W) -> W
  where W.Carrier == EffectsCarrier, W.Flag == EffectsFlag { W(0) }
  @inlinable public static func squareRoot<W: Word>(_ a: W) -> W
  where W.Carrier == EffectsCarrier, W.Flag == EffectsFlag { W(0) }
  @inlinable public static func rounded<W: Word>(
    _ rounding: FloatRounding, _ a: W, isSilent: Bool
  ) -> W where W.Carrier == EffectsCarrier, W.Flag == EffectsFlag { W(0) }
  @inlinable public static func related<W: Word>(
    _ a: W, _ b: W, signals: Bool
  ) -> FloatRelation<EffectsFlag> where W.Carrier == EffectsCarrier, W.Flag == EffectsFlag {
    FloatRelation(isUnordered: EffectsFlag(), isLess: EffectsFlag(), isEqual: EffectsFlag())
  }
  @inlinable public static func convertFloat<A: Word, B: Word>(_ a: A, to: B.Type) -> B
  where A.Carrier == EffectsCarrier, A.Flag == EffectsFlag, B.Carrier == EffectsCarrier, B.Flag == EffectsFlag { B(0) }
  @inlinable public static func convertToFloat<A: Word, B: Word>(signed a: A, to: B.Type) -> B
  where A.Carrier == EffectsCarrier, A.Flag == EffectsFlag, B.Carrier == EffectsCarrier, B.Flag == EffectsFlag { B(0) }
  @inlinable public static func convertToSigned<A: Word, B: Word>(
    _ a: A, to: B.Type, _ rounding: FloatRounding
  ) -> B
  where A.Carrier == EffectsCarrier, A.Flag == EffectsFlag, B.Carrier == EffectsCarrier, B.Flag == EffectsFlag { B(0) }
}
