/// The interpreter's vector: 128 bits as two 64-bit words, lanes taken out by shifting, so that it
/// means the same on a host of any instruction set and byte order.
public struct EvaluatedVector: Equatable {
  public var low: UInt64
  public var high: UInt64

  @inlinable @inline(__always) public init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }
}

// Lanes as plain numbers: what every operation below is made of.
extension EvaluatedVector {
  /// Lane `index` of `bits` (8 … 64), zero-extended.
  @inlinable @inline(__always) public func number(_ index: Int, bits: Int) -> UInt64 {
    let position = index &* bits
    let half = position < 64 ? low : high
    return (half &>> UInt64(truncatingIfNeeded: position & 63)) & Self.mask(bits)
  }

  @inlinable @inline(__always)
  public mutating func setNumber(_ index: Int, bits: Int, _ value: UInt64) {
    let position = index &* bits
    let shift = UInt64(truncatingIfNeeded: position & 63)
    let mask = Self.mask(bits)
    if position < 64 {
      low = (low & ~(mask &<< shift)) | ((value & mask) &<< shift)
    } else {
      high = (high & ~(mask &<< shift)) | ((value & mask) &<< shift)
    }
  }

  @inlinable @inline(__always) static func mask(_ bits: Int) -> UInt64 {
    ~0 &>> UInt64(truncatingIfNeeded: 64 &- bits)
  }

  @inlinable @inline(__always) static func signed(_ value: UInt64, _ bits: Int) -> Int64 {
    let shift = Int64(truncatingIfNeeded: 64 &- bits)
    return Int64(bitPattern: value &<< UInt64(bitPattern: shift)) &>> shift
  }

  @inlinable @inline(__always)
  func mapped(bits: Int, _ other: Self, _ body: (UInt64, UInt64) -> UInt64) -> Self {
    Self(
      low: Self.mapped(bits, low, other.low, body), high: Self.mapped(bits, high, other.high, body))
  }

  @inlinable @inline(__always)
  static func mapped(_ bits: Int, _ a: UInt64, _ b: UInt64, _ body: (UInt64, UInt64) -> UInt64)
    -> UInt64
  {
    let mask = mask(bits)
    var result: UInt64 = 0
    var position = 0
    while position < 64 {
      let shift = UInt64(truncatingIfNeeded: position)
      result |= (body((a &>> shift) & mask, (b &>> shift) & mask) & mask) &<< shift
      position &+= bits
    }
    return result
  }

  @inlinable @inline(__always)
  func mappedSigned(bits: Int, _ other: Self, _ body: (Int64, Int64) -> Int64) -> Self {
    mapped(bits: bits, other) {
      UInt64(bitPattern: body(Self.signed($0, bits), Self.signed($1, bits)))
    }
  }

  /// `value` in the range of a signed or unsigned lane of `bits` (below 64).
  @inlinable @inline(__always)
  static func saturated(_ value: Int64, _ bits: Int, signed: Bool) -> Int64 {
    let width = Int64(truncatingIfNeeded: signed ? bits &- 1 : bits)
    let highest = (1 &<< width) &- 1
    let lowest = signed ? ~highest : 0
    return value < lowest ? lowest : value > highest ? highest : value
  }
}

extension EvaluatedVector: Vector {
  public typealias Flag = Bool
  public typealias Carrier = UInt128
  public typealias W8 = UInt8
  public typealias W16 = UInt16
  public typealias W32 = UInt32
  public typealias W64 = UInt64
  public typealias W128 = UInt128

  @inlinable public static var zero: Self { Self(low: 0, high: 0) }

  @inlinable public init(bits: UInt128) {
    self.init(
      low: UInt64(truncatingIfNeeded: bits), high: UInt64(truncatingIfNeeded: bits &>> 64))
  }

  @inlinable public var bits: UInt128 {
    (UInt128(truncatingIfNeeded: high) &<< 64) | UInt128(truncatingIfNeeded: low)
  }

  @inlinable public func lane<W: Word>(_ index: Int, _ type: W.Type) -> W
  where W.Carrier == UInt128, W.Flag == Bool {
    W.bits == 128 ? W(truncating: bits) : W(number(index, bits: W.bits))
  }

  @inlinable public func replacing<W: Word>(_ index: Int, with value: W) -> Self
  where W.Carrier == UInt128, W.Flag == Bool {
    if W.bits == 128 { return Self(bits: value.carrier) }
    var result = self
    result.setNumber(index, bits: W.bits, UInt64(truncatingIfNeeded: value.carrier))
    return result
  }

  @inlinable public init<W: Word>(repeating value: W)
  where W.Carrier == UInt128, W.Flag == Bool {
    let number = UInt64(truncatingIfNeeded: value.carrier)
    let half = Self.mapped(W.bits, 0, 0) { _, _ in number }
    self.init(low: half, high: half)
  }

  @inlinable public static func & (a: Self, b: Self) -> Self {
    Self(low: a.low & b.low, high: a.high & b.high)
  }
  @inlinable public static func | (a: Self, b: Self) -> Self {
    Self(low: a.low | b.low, high: a.high | b.high)
  }
  @inlinable public static func ^ (a: Self, b: Self) -> Self {
    Self(low: a.low ^ b.low, high: a.high ^ b.high)
  }
  @inlinable public static prefix func ~ (a: Self) -> Self { Self(low: ~a.low, high: ~a.high) }

  @inlinable
  public func combined<W: Word>(_ operation: LaneOperation, _ other: Self, lanes: W.Type) -> Self {
    combined(operation, other, bits: W.bits)
  }

  @inlinable
  func combined(_ operation: LaneOperation, _ other: Self, bits: Int) -> Self {
    let upper = UInt64(truncatingIfNeeded: bits)
    switch operation {
    case .add: return mapped(bits: bits, other) { $0 &+ $1 }
    case .subtract: return mapped(bits: bits, other) { $0 &- $1 }
    case .multiply: return mapped(bits: bits, other) { $0 &* $1 }
    case .minimumUnsigned: return mapped(bits: bits, other) { $0 < $1 ? $0 : $1 }
    case .maximumUnsigned: return mapped(bits: bits, other) { $0 > $1 ? $0 : $1 }
    case .minimumSigned: return mappedSigned(bits: bits, other) { $0 < $1 ? $0 : $1 }
    case .maximumSigned: return mappedSigned(bits: bits, other) { $0 > $1 ? $0 : $1 }
    case .addSaturatingSigned:
      return mappedSigned(bits: bits, other) { Self.saturated($0 &+ $1, bits, signed: true) }
    case .subtractSaturatingSigned:
      return mappedSigned(bits: bits, other) { Self.saturated($0 &- $1, bits, signed: true) }
    case .addSaturatingUnsigned:
      let highest = Self.mask(bits)
      return mapped(bits: bits, other) { $0 > highest &- $1 ? highest : $0 &+ $1 }
    case .subtractSaturatingUnsigned:
      return mapped(bits: bits, other) { $0 > $1 ? $0 &- $1 : 0 }
    case .averageUnsigned:
      return mapped(bits: bits, other) { ($0 | $1) &- (($0 ^ $1) &>> 1) }
    case .multiplyHighSigned:
      return mappedSigned(bits: bits, other) {
        bits == 64 ? $0.multipliedFullWidth(by: $1).high : ($0 &* $1) &>> Int64(bitPattern: upper)
      }
    case .multiplyHighUnsigned:
      return mapped(bits: bits, other) {
        bits == 64 ? $0.multipliedFullWidth(by: $1).high : ($0 &* $1) &>> upper
      }
    case .multiplyLowerUnsigned:
      let half = Self.mask(bits / 2)
      return mapped(bits: bits, other) { ($0 & half) &* ($1 & half) }
    case .multiplyLowerSigned:
      let sign = Int64(64 - bits / 2)
      return mappedSigned(bits: bits, other) { (($0 &<< sign) &>> sign) &* (($1 &<< sign) &>> sign) }
    case .equal: return mapped(bits: bits, other) { $0 == $1 ? ~0 : 0 }
    case .greaterSigned: return mappedSigned(bits: bits, other) { $0 > $1 ? -1 : 0 }
    }
  }

  @inlinable
  public func shifted<W: Word>(_ shift: LaneShift, by count: UInt64, lanes: W.Type) -> Self {
    let bits = W.bits
    let width = UInt64(truncatingIfNeeded: bits)
    switch shift {
    case .left: return count >= width ? .zero : mapped(bits: bits, self) { a, _ in a &<< count }
    case .rightLogical:
      return count >= width ? .zero : mapped(bits: bits, self) { a, _ in a &>> count }
    case .rightArithmetic:
      let clamped = Int64(bitPattern: count >= width ? width &- 1 : count)
      return mappedSigned(bits: bits, self) { a, _ in a &>> clamped }
    }
  }

  @inlinable
  public func shuffled<W: Word>(_ other: Self, lanes: W.Type, _ source: (Int) -> Int) -> Self {
    let count = 128 / W.bits
    var result = Self.zero
    var index = 0
    while index < count {
      let from = source(index)
      if from >= 0 {
        let value =
          from < count
          ? number(from, bits: W.bits) : other.number(from &- count, bits: W.bits)
        result.setNumber(index, bits: W.bits, value)
      }
      index &+= 1
    }
    return result
  }

  @inlinable public func shuffled(byControl control: Self) -> Self {
    var result = Self.zero
    var index = 0
    while index < 16 {
      let selector = control.number(index, bits: 8)
      if selector < 128 {
        let from = Int(truncatingIfNeeded: selector & 15)
        result.setNumber(index, bits: 8, number(from, bits: 8))
      }
      index &+= 1
    }
    return result
  }

  @inlinable public func signMask<W: Word>(lanes: W.Type) -> UInt32 {
    let count = 128 / W.bits
    let sign = UInt64(truncatingIfNeeded: W.bits &- 1)
    var result: UInt64 = 0
    var index = 0
    while index < count {
      let bit = number(index, bits: W.bits) &>> sign
      result |= bit &<< UInt64(truncatingIfNeeded: index)
      index &+= 1
    }
    return UInt32(truncatingIfNeeded: result)
  }

  @inlinable
  public func extended<N: Word, W: Word>(from: N.Type, to: W.Type, signed: Bool) -> Self {
    let count = 128 / W.bits
    var result = Self.zero
    var index = 0
    while index < count {
      let narrow = number(index, bits: N.bits)
      let wide = signed ? UInt64(bitPattern: Self.signed(narrow, N.bits)) : narrow
      result.setNumber(index, bits: W.bits, wide)
      index &+= 1
    }
    return result
  }

  @inlinable public func packed<W: Word>(_ other: Self, lanes: W.Type, signed: Bool) -> Self {
    let count = 128 / W.bits
    let narrow = W.bits / 2
    var result = Self.zero
    var index = 0
    while index < count {
      let a = Self.signed(number(index, bits: W.bits), W.bits)
      let b = Self.signed(other.number(index, bits: W.bits), W.bits)
      let x = Self.saturated(a, narrow, signed: signed)
      let y = Self.saturated(b, narrow, signed: signed)
      result.setNumber(index, bits: narrow, UInt64(bitPattern: x))
      result.setNumber(index &+ count, bits: narrow, UInt64(bitPattern: y))
      index &+= 1
    }
    return result
  }
}
