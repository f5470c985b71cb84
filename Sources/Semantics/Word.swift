/// A one-bit guest value.
///
/// It is not a `Bool`: a Swift `if` decides at translation time, a guest decision goes through
/// `Machine.select` or `Machine.when`. Mixing the two up fails to compile.
public protocol FlagValue {
  init(_ constant: Bool)
  static func & (a: Self, b: Self) -> Self
  static func | (a: Self, b: Self) -> Self
  static func ^ (a: Self, b: Self) -> Self
  static prefix func ! (a: Self) -> Self
}

/// A guest integer of a fixed width (8, 16, 32, 64 or 128 bits), or the bits of a guest
/// floating-point number of that width.
///
/// Pure operations live here; whatever touches registers, memory or control flow lives on
/// `Machine`. All arithmetic wraps. Operators keep the standard library's meaning and spelling, so
/// that `UInt8` … `UInt128` conform as they are.
///
/// Shift counts are guest values of the same width and must be below `bits`: the x86 meaning masks
/// them first. A count that is not is the meaning's mistake (undefined here, not trapped).
public protocol Word {
  associatedtype Flag: FlagValue
  /// What every width of one machine is carried in: `UInt128` when evaluated, an LLVM value when
  /// lifted. It exists for conversions between widths only.
  associatedtype Carrier

  static var bits: Int { get }

  /// The constant, truncated to the width.
  init(_ constant: UInt64)
  init<W: Word>(zeroExtending value: W) where W.Carrier == Carrier, W.Flag == Flag
  init<W: Word>(signExtending value: W) where W.Carrier == Carrier, W.Flag == Flag
  init<W: Word>(truncating value: W) where W.Carrier == Carrier, W.Flag == Flag
  /// 0 or 1.
  init(_ flag: Flag)
  /// How the conversions read any width: the bits, zero-extended when evaluated.
  var carrier: Carrier { get }

  static func &+ (a: Self, b: Self) -> Self
  static func &- (a: Self, b: Self) -> Self
  static func &* (a: Self, b: Self) -> Self
  static func & (a: Self, b: Self) -> Self
  static func | (a: Self, b: Self) -> Self
  static func ^ (a: Self, b: Self) -> Self
  static prefix func ~ (a: Self) -> Self

  func shiftedLeft(by count: Self) -> Self
  func shiftedRight(by count: Self) -> Self
  func shiftedRightArithmetically(by count: Self) -> Self
  /// Rotates; `count` is below `bits`.
  func rotatedLeft(by count: Self) -> Self
  func rotatedRight(by count: Self) -> Self

  /// Unsigned and signed quotient and remainder. The divisor is not zero and the signed quotient
  /// does not overflow: the meaning has faulted before.
  func dividedUnsigned(by divisor: Self) -> Self
  func remainderUnsigned(by divisor: Self) -> Self
  func dividedSigned(by divisor: Self) -> Self
  func remainderSigned(by divisor: Self) -> Self

  func isEqual(to other: Self) -> Flag
  func isBelow(_ other: Self) -> Flag  // unsigned
  func isLess(_ other: Self) -> Flag  // signed
  var isZero: Flag { get }
  var isNegative: Flag { get }
  /// Bit `position` as a flag (a translation-time position).
  func bit(_ position: Int) -> Flag

  /// Number of ones; of zeros above the highest, below the lowest one (`bits` for zero).
  var populationCount: Self { get }
  var leadingZeros: Self { get }
  var trailingZeros: Self { get }
  var bytesReversed: Self { get }
}
