/// Lane-wise integer operations of two vectors, wrapping unless named otherwise.
public enum LaneOperation: UInt8 {
  case add, subtract, multiply
  case minimumSigned, minimumUnsigned, maximumSigned, maximumUnsigned
  case addSaturatingSigned, addSaturatingUnsigned
  case subtractSaturatingSigned, subtractSaturatingUnsigned
  case averageUnsigned  // (a + b + 1) >> 1, without overflow
  case multiplyHighSigned, multiplyHighUnsigned  // upper half of the double-width product
  case multiplyLowerSigned, multiplyLowerUnsigned  // of the lanes' lower halves, as wide as lanes
  case equal, greaterSigned  // all ones or zero
}

/// Lane shifts; a count of the lane's width or more gives 0 (arithmetic: the sign).
public enum LaneShift: UInt8 { case left, rightLogical, rightArithmetic }

/// IEEE operations on lanes of 32 or 64 bits, with x86's choice of NaN (SDM vol. 1, 4.8.3.5): the
/// first operand's, quieted, else the second's, else the negative default.
public enum FloatOperation: UInt8 {
  case add, subtract, multiply, divide
  case minimum, maximum  // x86: the second operand if either is NaN or both are zero
}

/// What the digits of a fused multiply-add's mnemonic say: the operands that are multiplied, and the
/// one that is added. 213 is operand 2 × operand 1 + operand 3.
public enum FusedOrder: UInt8 { case _132, _213, _231 }

/// The signs of a fused multiply-add, ±(a × b) ± c, which turn numbers, not NaNs; and the instruction's
/// operands that a, b and c are.
public struct FusedForm {
  public var negatesProduct: Bool
  public var subtractsEven: Bool
  public var subtractsOdd: Bool
  public var order: FusedOrder
  @inlinable public init(
    negatesProduct: Bool, subtractsEven: Bool, subtractsOdd: Bool, order: FusedOrder = ._213
  ) {
    self.negatesProduct = negatesProduct
    self.subtractsEven = subtractsEven
    self.subtractsOdd = subtractsOdd
    self.order = order
  }
  @inlinable public func ordered(_ order: FusedOrder) -> Self {
    var form = self
    form.order = order
    return form
  }
  @inlinable public static var plain: Self {
    Self(negatesProduct: false, subtractsEven: false, subtractsOdd: false)
  }
  @inlinable public static var subtracting: Self {
    Self(negatesProduct: false, subtractsEven: true, subtractsOdd: true)
  }
  @inlinable public static var negating: Self {
    Self(negatesProduct: true, subtractsEven: false, subtractsOdd: false)
  }
  @inlinable public static var negatingBoth: Self {
    Self(negatesProduct: true, subtractsEven: true, subtractsOdd: true)
  }
  @inlinable public static var addingOdd: Self {
    Self(negatesProduct: false, subtractsEven: true, subtractsOdd: false)
  }
  @inlinable public static var addingEven: Self {
    Self(negatesProduct: false, subtractsEven: false, subtractsOdd: true)
  }
}

/// SSE comparison predicates in the manual's numbering of CMPPS, imm8 0…7.
public enum FloatPredicate: UInt8 {
  case equal, less, lessOrEqual, unordered, notEqual, notLess, notLessOrEqual, ordered
}

/// How two numbers stand: at most one holds.
public struct FloatRelation<Flag: FlagValue> {
  public var isUnordered: Flag
  public var isLess: Flag
  public var isEqual: Flag
  @inlinable public init(isUnordered: Flag, isLess: Flag, isEqual: Flag) {
    self.isUnordered = isUnordered
    self.isLess = isLess
    self.isEqual = isEqual
  }
}

public enum FloatRounding: UInt8 { case nearest, down, up, towardZero, current }

/// What PCMPISTRI answers: ECX, and flags as 0 or 1.
public enum StringAnswer: UInt8 { case index, carry, zero, sign, overflow }

/// A 128-bit guest vector. Wider registers are two of them (`M.V` low, `M.V` high), so that every
/// AVX form is its SSE meaning done per half where the manual says "per 128-bit lane".
///
/// Lane 0 is the least significant. `W` names the lane width in every generic operation.
public protocol Vector {
  associatedtype Flag: FlagValue
  associatedtype Carrier
  associatedtype W8: Word
  associatedtype W16: Word
  associatedtype W32: Word
  associatedtype W64: Word
  associatedtype W128: Word

  static var zero: Self { get }
  init(bits: W128)
  var bits: W128 { get }
  /// A constant from two halves.
  init(low: UInt64, high: UInt64)

  /// The lane at a translation-time index, and the vector with that lane replaced.
  func lane<W: Word>(_ index: Int, _ type: W.Type) -> W where W.Carrier == Carrier, W.Flag == Flag
  func replacing<W: Word>(_ index: Int, with value: W) -> Self
  where W.Carrier == Carrier, W.Flag == Flag
  /// Every lane the same.
  init<W: Word>(repeating value: W) where W.Carrier == Carrier, W.Flag == Flag

  static func & (a: Self, b: Self) -> Self
  static func | (a: Self, b: Self) -> Self
  static func ^ (a: Self, b: Self) -> Self
  static prefix func ~ (a: Self) -> Self

  /// Integer lanes of `W` bits (8, 16, 32, 64).
  func combined<W: Word>(_ operation: LaneOperation, _ other: Self, lanes: W.Type) -> Self
  func shifted<W: Word>(_ shift: LaneShift, by count: W64, lanes: W.Type) -> Self
  /// Result lane i is lane `source(i)` of `self` followed by `other` (0 … 2n−1), −1 for zero.
  /// `source` runs at translation time.
  func shuffled<W: Word>(_ other: Self, lanes: W.Type, _ source: (Int) -> Int) -> Self
  /// PSHUFB: byte i is `self[control[i] & 15]`, or 0 where bit 7 of `control[i]` is set.
  func shuffled(byControl control: Self) -> Self
  /// The sign bits of all lanes, lane 0 in bit 0.
  func signMask<W: Word>(lanes: W.Type) -> W32
  /// Lanes of `N` from the low lanes of `self`, zero- or sign-extended to `W`.
  func extended<N: Word, W: Word>(from: N.Type, to: W.Type, signed: Bool) -> Self
  /// PACKxSyy: lanes of `self` then `other`, of `W` bits read as signed, saturated to half width.
  func packed<W: Word>(_ other: Self, lanes: W.Type, signed: Bool) -> Self

  /// PCMPISTRI: `self` is operand 0, `other` operand 1.
  func comparedStrings(_ other: Self, control: UInt8, _ answer: StringAnswer) -> W32

  /// Float lanes as operations see them: with DAZ, zeroes of their signs for subnormal ones. For what works on bits.
  func flushed<W: Word>(lanes: W.Type) -> Self
  /// Float lanes: `W` is W32 or W64.
  func float<W: Word>(_ operation: FloatOperation, _ other: Self, lanes: W.Type) -> Self
  /// Differences in even lanes, sums in odd ones (ADDSUBPS); nothing else is computed.
  func subtractedOrAdded<W: Word>(_ other: Self, lanes: W.Type) -> Self
  func squareRoot<W: Word>(lanes: W.Type) -> Self
  /// A NaN that is quiet raises "invalid" if the comparison `signals`.
  func compare<W: Word>(
    _ predicate: FloatPredicate, _ other: Self, lanes: W.Type, signals: Bool
  ) -> Self
  /// What is not an integer raises "inexact", unless `isSilent`.
  func rounded<W: Word>(_ rounding: FloatRounding, lanes: W.Type, isSilent: Bool) -> Self

  /// ±(self × factor) ± addend, rounded once. A NaN is the first of the three that is one, quieted.
  func fusedMultiplyAdd<W: Word>(
    _ factor: Self, _ addend: Self, _ form: FusedForm, lanes: W.Type
  ) -> Self
  /// The same of scalars; the even form count.
  static func fusedMultiplyAdd<W: Word>(_ a: W, _ b: W, _ c: W, _ form: FusedForm) -> W
  where W.Carrier == Carrier, W.Flag == Flag

  /// Each lane by a count of its own; has a default made of scalar shifts.
  func shifted<W: Word>(_ shift: LaneShift, byEach counts: Self, lanes: W.Type) -> Self
  where W.Carrier == Carrier, W.Flag == Flag

  /// Scalar float arithmetic on bit patterns (`W` is W32 or W64).
  static func float<W: Word>(_ operation: FloatOperation, _ a: W, _ b: W) -> W
  where W.Carrier == Carrier, W.Flag == Flag
  static func squareRoot<W: Word>(_ a: W) -> W where W.Carrier == Carrier, W.Flag == Flag
  static func rounded<W: Word>(_ rounding: FloatRounding, _ a: W, isSilent: Bool) -> W
  where W.Carrier == Carrier, W.Flag == Flag
  static func related<W: Word>(_ a: W, _ b: W, signals: Bool) -> FloatRelation<Flag>
  where W.Carrier == Carrier, W.Flag == Flag
  /// Float to float of another width; NaN stays NaN, quieted.
  static func convertFloat<A: Word, B: Word>(_ a: A, to: B.Type) -> B
  where A.Carrier == Carrier, A.Flag == Flag, B.Carrier == Carrier, B.Flag == Flag
  /// Signed integer (W32, W64) to float, rounded to nearest.
  static func convertToFloat<A: Word, B: Word>(signed a: A, to: B.Type) -> B
  where A.Carrier == Carrier, A.Flag == Flag, B.Carrier == Carrier, B.Flag == Flag
  /// Float to signed integer; the integer indefinite (only the sign bit) when it does not fit.
  static func convertToSigned<A: Word, B: Word>(_ a: A, to: B.Type, _ rounding: FloatRounding) -> B
  where A.Carrier == Carrier, A.Flag == Flag, B.Carrier == Carrier, B.Flag == Flag

  /// The low four halves as singles, and singles as halves in the low parts of 32-bit lanes, where the host has
  /// x86's instructions for it.
  func hostWidenedHalves() -> Self?
  func hostNarrowedSingles(_ rounding: FloatRounding) -> Self?

  /// Whole-vector conversions, lane by lane from lane 0: the low lanes when `B` is wider than `A`;
  /// when it is narrower the rest of the result is zero. Each has a default made of its scalar
  /// namesake. In LLVM: `sitofp`, `fpext` or `fptrunc`, `fptosi` with the indefinite selected.
  func convertedToFloat<A: Word, B: Word>(signed: A.Type, to: B.Type) -> Self
  where A.Carrier == Carrier, A.Flag == Flag, B.Carrier == Carrier, B.Flag == Flag
  func convertedFloat<A: Word, B: Word>(from: A.Type, to: B.Type) -> Self
  where A.Carrier == Carrier, A.Flag == Flag, B.Carrier == Carrier, B.Flag == Flag
  func convertedToSigned<A: Word, B: Word>(
    from: A.Type, to: B.Type, _ rounding: FloatRounding
  ) -> Self
  where A.Carrier == Carrier, A.Flag == Flag, B.Carrier == Carrier, B.Flag == Flag
}
