// IEEE arithmetic on bit patterns with x86's answers (SDM vol. 1, 4.8 and appendix E). The host's
// unit computes only what all hosts compute alike: sums, products, quotients and roots of numbers,
// rounded to nearest. NaNs, minimum and maximum, rounding to an integer and conversions that do not
// fit differ from host to host and are decided here, on the bits, and so are the exceptions they raise
// (`HostFloat`).

/// A host floating-point type by its pattern.
public protocol EvaluatedFloat {
  associatedtype Pattern: EvaluatedWord
  init(pattern: Pattern)
  var pattern: Pattern { get }
  /// Stored bits of the significand, and the exponent's bias.
  static var fractionBits: Int { get }
  static var bias: Int { get }
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  static func < (a: Self, b: Self) -> Bool
  static func == (a: Self, b: Self) -> Bool
  func squareRoot() -> Self
}

extension Float: EvaluatedFloat {
  @inlinable @inline(__always) public init(pattern: UInt32) { self.init(bitPattern: pattern) }
  @inlinable @inline(__always) public var pattern: UInt32 { bitPattern }
  @inlinable @inline(__always) public static var fractionBits: Int { 23 }
  @inlinable @inline(__always) public static var bias: Int { 127 }
}
extension Double: EvaluatedFloat {
  @inlinable @inline(__always) public init(pattern: UInt64) { self.init(bitPattern: pattern) }
  @inlinable @inline(__always) public var pattern: UInt64 { bitPattern }
  @inlinable @inline(__always) public static var fractionBits: Int { 52 }
  @inlinable @inline(__always) public static var bias: Int { 1023 }
}

extension EvaluatedFloat {
  @inlinable @inline(__always) static var signBit: Pattern { 1 &<< Pattern(signShift) }
  @inlinable @inline(__always) static var signShift: UInt64 {
    UInt64(truncatingIfNeeded: Pattern.bitWidth &- 1)
  }
  @inlinable @inline(__always) static var unit: Pattern {
    1 &<< Pattern(truncatingIfNeeded: fractionBits)
  }
  @inlinable @inline(__always) static var quietBit: Pattern { unit &>> 1 }
  @inlinable @inline(__always) static var infinityPattern: Pattern {
    Pattern(truncatingIfNeeded: 2 &* bias &+ 1) &<< Pattern(truncatingIfNeeded: fractionBits)
  }
  /// "Real indefinite": what an invalid operation gives.
  @inlinable @inline(__always) static var defaultNaN: Pattern {
    signBit | infinityPattern | quietBit
  }
  @inlinable @inline(__always) static func isNaN(_ a: Pattern) -> Bool {
    a & ~signBit > infinityPattern
  }
  /// A NaN as the result of an operation: a signalling one raises "invalid".
  @inlinable static func quieted(_ a: Pattern) -> Pattern {
    if a & quietBit == 0 { HostFloat.raiseInvalid() }
    return a | quietBit
  }

  /// A number as operations see it: with DAZ a subnormal one is a zero of its sign. For what works on bits.
  @inlinable static func flushed(_ a: Pattern) -> Pattern {
    let isSubnormal = a & infinityPattern == 0 && a & ~signBit != 0
    return isSubnormal && HostFloat.flushesOperands ? a & signBit : a
  }

  @inlinable
  static func evaluate(_ operation: FloatOperation, _ a: Pattern, _ b: Pattern) -> Pattern {
    let x = Self(pattern: a)
    let y = Self(pattern: b)
    if isNaN(a) || isNaN(b) {
      if operation == .minimum || operation == .maximum {
        HostFloat.raiseInvalid()
        return flushed(b)
      }
      if isNaN(b) && b & quietBit == 0 { HostFloat.raiseInvalid() }
      return isNaN(a) ? quieted(a) : b | quietBit
    }
    if operation == .minimum { return flushed(x < y ? a : b) }
    if operation == .maximum { return flushed(y < x ? a : b) }
    let result: Pattern
    switch operation {
    case .add: result = (x + y).pattern
    case .subtract: result = (x - y).pattern
    case .multiply: result = (x * y).pattern
    default: result = (x / y).pattern
    }
    return isNaN(result) ? defaultNaN : result
  }

  @inlinable static func root(_ a: Pattern) -> Pattern {
    if isNaN(a) { return quieted(a) }
    if a > signBit && flushed(a) != signBit {
      HostFloat.raiseInvalid()
      return defaultNaN
    }
    return Self(pattern: a).squareRoot().pattern
  }

  /// Whether one is a NaN; raises "invalid" for a signalling one, or for any if the comparison `signals`.
  @inlinable static func areUnordered(_ a: Pattern, _ b: Pattern, signals: Bool) -> Bool {
    guard isNaN(a) || isNaN(b) else { return false }
    if signals || (isNaN(a) && a & quietBit == 0) || (isNaN(b) && b & quietBit == 0) {
      HostFloat.raiseInvalid()
    }
    return true
  }

  @inlinable
  static func compare(
    _ predicate: FloatPredicate, _ a: Pattern, _ b: Pattern, signals: Bool
  ) -> Bool {
    if areUnordered(a, b, signals: signals) {
      switch predicate {
      case .unordered, .notEqual, .notLess, .notLessOrEqual: return true
      default: return false
      }
    }
    let x = Self(pattern: a)
    let y = Self(pattern: b)
    switch predicate {
    case .equal: return x == y
    case .less: return x < y
    case .lessOrEqual: return x < y || x == y
    // Not false to the compiler: comparing raises DE on hosts that have it.
    case .unordered: return !(x == x) || !(y == y)
    case .notEqual: return !(x == y)
    case .notLess: return !(x < y)
    case .notLessOrEqual: return !(x < y || x == y)
    case .ordered: return x == x && y == y
    }
  }

  /// Rounded to an integral value of the same format; `current` as the host rounds now.
  @inlinable static func round(_ rounding: FloatRounding, _ a: Pattern, isSilent: Bool) -> Pattern {
    if isNaN(a) { return quieted(a) }
    let a = flushed(a)
    let result = whole(rounding == .current ? HostFloat.rounding : rounding, a)
    if result != a && !isSilent { HostFloat.raiseInexact() }
    return result
  }

  /// A number rounded to an integral value, without exceptions; `rounding` is not `current`.
  @inlinable static func whole(_ rounding: FloatRounding, _ a: Pattern) -> Pattern {
    let magnitude = a & ~signBit
    let sign = a & signBit
    let exponent = Int(truncatingIfNeeded: magnitude) &>> fractionBits &- bias
    if exponent >= fractionBits || magnitude == 0 { return a }
    let awayFromZero = sign == 0 ? rounding == .up : rounding == .down
    let toNearest = rounding == .nearest
    if exponent < 0 {
      let one = Pattern(truncatingIfNeeded: bias) &<< Pattern(truncatingIfNeeded: fractionBits)
      let half = one &- unit
      return sign | (awayFromZero || (toNearest && magnitude > half) ? one : 0)
    }
    let step = unit &>> Pattern(truncatingIfNeeded: exponent)
    let fraction = magnitude & (step &- 1)
    if fraction == 0 { return a }
    let below = magnitude &- fraction
    let half = step &>> 1
    let nearestIsAbove = fraction > half || (fraction == half && below & step != 0)
    return sign | (awayFromZero || (toNearest && nearestIsAbove) ? below &+ step : below)
  }

  /// As a signed integer of `bits`, in the low bits of the result; the indefinite if it does not
  /// fit. (The lowest integer and the indefinite have the same bits.)
  @inlinable
  static func integer(_ a: Pattern, bits: Int, _ rounding: FloatRounding) -> UInt64 {
    let a = flushed(a)
    let rounded = whole(rounding == .current ? HostFloat.rounding : rounding, a)
    let exponent = Int(truncatingIfNeeded: (rounded & ~signBit)) &>> fractionBits &- bias
    if exponent >= bits &- 1 {
      let indefinite: UInt64 = 1 &<< UInt64(truncatingIfNeeded: bits &- 1)
      let lowest = signBit
        | Pattern(truncatingIfNeeded: bias &+ bits &- 1) &<< Pattern(truncatingIfNeeded: fractionBits)
      if rounded != lowest {
        HostFloat.raiseInvalid()
      } else if rounded != a {
        HostFloat.raiseInexact()
      }
      return indefinite
    }
    if rounded != a { HostFloat.raiseInexact() }
    if exponent < 0 { return 0 }
    let significand = UInt64(truncatingIfNeeded: (rounded & (unit &- 1)) | unit)
    let shift = exponent &- fractionBits
    let magnitude =
      shift >= 0
      ? significand &<< UInt64(truncatingIfNeeded: shift)
      : significand &>> UInt64(truncatingIfNeeded: 0 &- shift)
    return rounded & signBit == 0 ? magnitude : 0 &- magnitude
  }
}

extension EvaluatedVector {
  @inlinable static func widened(_ a: UInt32) -> UInt64 {
    if !Float.isNaN(a) { return Double(Float(bitPattern: a)).bitPattern }
    _ = Float.quieted(a)
    let sign = UInt64(truncatingIfNeeded: a & Float.signBit) &<< 32
    let payload = UInt64(truncatingIfNeeded: a & 0x7f_ffff) &<< 29
    return sign | Double.infinityPattern | Double.quietBit | payload
  }

  @inlinable static func narrowed(_ a: UInt64) -> UInt32 {
    if !Double.isNaN(a) { return Float(Double(bitPattern: a)).bitPattern }
    _ = Double.quieted(a)
    let sign = UInt32(truncatingIfNeeded: a &>> 32) & Float.signBit
    let payload = UInt32(truncatingIfNeeded: (a & 0xf_ffff_ffff_ffff) &>> 29)
    return sign | Float.infinityPattern | Float.quietBit | payload
  }

  @inlinable static func narrow(_ a: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: a) }
  @inlinable static func wide(_ a: UInt32) -> UInt64 { UInt64(truncatingIfNeeded: a) }

  // The operations on lanes of 32 or 64 bits, as plain numbers.
  @inlinable
  static func float(_ operation: FloatOperation, _ a: UInt64, _ b: UInt64, bits: Int) -> UInt64 {
    bits == 32
      ? wide(Float.evaluate(operation, narrow(a), narrow(b))) : Double.evaluate(operation, a, b)
  }
  @inlinable static func root(_ a: UInt64, bits: Int) -> UInt64 {
    bits == 32 ? wide(Float.root(narrow(a))) : Double.root(a)
  }
  @inlinable
  static func compare(
    _ predicate: FloatPredicate, _ a: UInt64, _ b: UInt64, bits: Int, signals: Bool
  ) -> Bool {
    bits == 32
      ? Float.compare(predicate, narrow(a), narrow(b), signals: signals)
      : Double.compare(predicate, a, b, signals: signals)
  }
  @inlinable
  static func round(_ rounding: FloatRounding, _ a: UInt64, bits: Int, isSilent: Bool) -> UInt64 {
    bits == 32
      ? wide(Float.round(rounding, narrow(a), isSilent: isSilent))
      : Double.round(rounding, a, isSilent: isSilent)
  }

  @inlinable
  public func float<W: Word>(_ operation: FloatOperation, _ other: Self, lanes: W.Type) -> Self {
    mapped(bits: W.bits, other) { Self.float(operation, $0, $1, bits: W.bits) }
  }
  @inlinable public func flushed<W: Word>(lanes: W.Type) -> Self {
    mapped(bits: W.bits, self) { a, _ in
      W.bits == 32 ? Self.wide(Float.flushed(Self.narrow(a))) : Double.flushed(a)
    }
  }
  @inlinable public func subtractedOrAdded<W: Word>(_ other: Self, lanes: W.Type) -> Self {
    var result = self
    for index in 0..<(128 / W.bits) {
      let (a, b) = (number(index, bits: W.bits), other.number(index, bits: W.bits))
      let operation = index & 1 == 0 ? FloatOperation.subtract : .add
      result.setNumber(index, bits: W.bits, Self.float(operation, a, b, bits: W.bits))
    }
    return result
  }
  @inlinable public func squareRoot<W: Word>(lanes: W.Type) -> Self {
    mapped(bits: W.bits, self) { a, _ in Self.root(a, bits: W.bits) }
  }
  @inlinable
  public func compare<W: Word>(
    _ predicate: FloatPredicate, _ other: Self, lanes: W.Type, signals: Bool
  ) -> Self {
    mapped(bits: W.bits, other) {
      Self.compare(predicate, $0, $1, bits: W.bits, signals: signals) ? ~0 : 0
    }
  }
  @inlinable
  public func rounded<W: Word>(_ rounding: FloatRounding, lanes: W.Type, isSilent: Bool) -> Self {
    mapped(bits: W.bits, self) { a, _ in
      Self.round(rounding, a, bits: W.bits, isSilent: isSilent)
    }
  }

  @inlinable static func number<W: Word>(_ a: W) -> UInt64 where W.Carrier == UInt128 {
    UInt64(truncatingIfNeeded: a.carrier)
  }

  @inlinable public static func float<W: Word>(_ operation: FloatOperation, _ a: W, _ b: W) -> W
  where W.Carrier == UInt128, W.Flag == Bool {
    W(float(operation, number(a), number(b), bits: W.bits))
  }
  @inlinable public static func squareRoot<W: Word>(_ a: W) -> W
  where W.Carrier == UInt128, W.Flag == Bool { W(root(number(a), bits: W.bits)) }
  @inlinable public static func rounded<W: Word>(_ rounding: FloatRounding, _ a: W, isSilent: Bool)
    -> W where W.Carrier == UInt128, W.Flag == Bool
  { W(round(rounding, number(a), bits: W.bits, isSilent: isSilent)) }

  @inlinable public static func related<W: Word>(_ a: W, _ b: W, signals: Bool)
    -> FloatRelation<Bool> where W.Carrier == UInt128, W.Flag == Bool
  {
    let (x, y) = (number(a), number(b))
    return FloatRelation(
      isUnordered: compare(.unordered, x, y, bits: W.bits, signals: signals),
      isLess: compare(.less, x, y, bits: W.bits, signals: false),
      isEqual: compare(.equal, x, y, bits: W.bits, signals: false))
  }

  @inlinable public static func convertFloat<A: Word, B: Word>(_ a: A, to: B.Type) -> B
  where A.Carrier == UInt128, A.Flag == Bool, B.Carrier == UInt128, B.Flag == Bool {
    let value = number(a)
    if A.bits == B.bits { return B(value) }
    return A.bits == 32 ? B(widened(narrow(value))) : B(wide(narrowed(value)))
  }

  @inlinable public static func convertToFloat<A: Word, B: Word>(signed a: A, to: B.Type) -> B
  where A.Carrier == UInt128, A.Flag == Bool, B.Carrier == UInt128, B.Flag == Bool {
    let value = signed(number(a), A.bits)
    return B.bits == 32 ? B(wide(Float(value).bitPattern)) : B(Double(value).bitPattern)
  }

  @inlinable
  public static func convertToSigned<A: Word, B: Word>(
    _ a: A, to: B.Type, _ rounding: FloatRounding
  ) -> B
  where A.Carrier == UInt128, A.Flag == Bool, B.Carrier == UInt128, B.Flag == Bool {
    let value = number(a)
    return A.bits == 32
      ? B(Float.integer(narrow(value), bits: B.bits, rounding))
      : B(Double.integer(value, bits: B.bits, rounding))
  }
}
