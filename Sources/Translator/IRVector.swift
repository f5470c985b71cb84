import LLVM
import Semantics

private var e: Emission { Emission.current }
private var b: Builder { Emission.current.builder }

/// A 128-bit guest vector as an LLVM vector; bit casts between lane shapes cost nothing.
struct IRVector: Vector {
  typealias Flag = IRFlag
  typealias Carrier = Value
  typealias W8 = IRWord<Bits8>
  typealias W16 = IRWord<Bits16>
  typealias W32 = IRWord<Bits32>
  typealias W64 = IRWord<Bits64>
  typealias W128 = IRWord<Bits128>

  /// Of any 128-bit vector type.
  var value: Value
  init(_ value: Value) { self.value = value }

  static var zero: IRVector { IRVector(e.v2i64.null) }
  init(bits: W128) { value = b.bitCast(bits.carrier, e.v2i64) }
  var bits: W128 { W128(value: b.bitCast(value, e.i128)) }
  init(low: UInt64, high: UInt64) {
    value = constVector([e.i64.constInt(low), e.i64.constInt(high)])
  }
  /// As it is kept in registers and VCPU slots.
  var canonical: Value { b.bitCast(value, e.v2i64) }

  static func laneType(_ bits: Int) -> IRType { e.context.int(bits).vector(128 / bits) }
  static func floatType(_ bits: Int) -> IRType { bits == 32 ? e.float : e.double }
  func lanes(_ bits: Int) -> Value { b.bitCast(value, Self.laneType(bits)) }
  func floats(_ bits: Int) -> Value {
    b.bitCast(value, Self.floatType(bits).vector(128 / bits))
  }

  func lane<W: Word>(_ index: Int, _ type: W.Type) -> W where W.Carrier == Value, W.Flag == IRFlag {
    wrap(b.extractElement(lanes(W.bits), index))
  }
  func replacing<W: Word>(_ index: Int, with value: W) -> Self
  where W.Carrier == Value, W.Flag == IRFlag {
    if let scalar = Self.floating(value.carrier, W.bits) {
      return IRVector(b.insertElement(floats(W.bits), scalar, index))
    }
    return IRVector(b.insertElement(lanes(W.bits), value.carrier, index))
  }
  /// A word that comes from a floating-point register or from memory, as what keeps it out of general registers: backends
  /// take an integer lane through one.
  private static func floating(_ word: Value, _ bits: Int) -> Value? {
    guard bits == 32 || bits == 64, word.isInstruction else { return nil }
    switch word.opcode {
    case LLVMLoad: return b.bitCast(word, floatType(bits))
    case LLVMBitCast where word.operand(0).type == floatType(bits): return word.operand(0)
    default: return nil
    }
  }
  init<W: Word>(repeating word: W) where W.Carrier == Value, W.Flag == IRFlag {
    value = Self.splat(word.carrier, bits: W.bits)
  }

  static func & (x: Self, y: Self) -> Self { IRVector(b.and(x.canonical, y.canonical)) }
  static func | (x: Self, y: Self) -> Self { IRVector(b.or(x.canonical, y.canonical)) }
  static func ^ (x: Self, y: Self) -> Self { IRVector(b.xor(x.canonical, y.canonical)) }
  static prefix func ~ (x: Self) -> Self { IRVector(b.not(x.canonical)) }

  func combined<W: Word>(_ operation: LaneOperation, _ other: Self, lanes _: W.Type) -> Self {
    let bits = W.bits
    let (x, y, type) = (lanes(bits), other.lanes(bits), Self.laneType(bits))
    func intrinsic(_ name: String) -> Value { b.call(e.module.intrinsic(name, [type]), [x, y]) }
    /// Computes in lanes of twice the width.
    func widened(signed: Bool, _ body: (Value, Value, IRType) -> Value) -> Value {
      let wide = e.context.int(2 * bits).vector(128 / bits)
      let (p, q) = signed ? (b.sext(x, wide), b.sext(y, wide)) : (b.zext(x, wide), b.zext(y, wide))
      return b.trunc(body(p, q, wide), type)
    }
    func splat(_ n: UInt64, _ type: IRType) -> Value {
      constVector([Value](repeating: type.elementType.constInt(n), count: type.vectorSize))
    }
    switch operation {
    case .add: return IRVector(b.add(x, y))
    case .subtract: return IRVector(b.sub(x, y))
    case .multiply: return IRVector(b.mul(x, y))
    case .minimumSigned: return IRVector(intrinsic("llvm.smin"))
    case .minimumUnsigned: return IRVector(intrinsic("llvm.umin"))
    case .maximumSigned: return IRVector(intrinsic("llvm.smax"))
    case .maximumUnsigned: return IRVector(intrinsic("llvm.umax"))
    case .addSaturatingSigned: return IRVector(intrinsic("llvm.sadd.sat"))
    case .addSaturatingUnsigned: return IRVector(intrinsic("llvm.uadd.sat"))
    case .subtractSaturatingSigned: return IRVector(intrinsic("llvm.ssub.sat"))
    case .subtractSaturatingUnsigned: return IRVector(intrinsic("llvm.usub.sat"))
    case .averageUnsigned:
      return IRVector(
        widened(signed: false) { p, q, t in b.lshr(b.add(b.add(p, q), splat(1, t)), splat(1, t)) })
    case .multiplyHighSigned, .multiplyHighUnsigned:
      return IRVector(
        widened(signed: operation == .multiplyHighSigned) { p, q, t in
          b.lshr(b.mul(p, q), splat(UInt64(bits), t))
        })
    case .multiplyLowerSigned, .multiplyLowerUnsigned:
      let isSigned = operation == .multiplyLowerSigned
      let half = e.context.int(bits / 2).vector(128 / bits)
      let (p, q) = (b.trunc(x, half), b.trunc(y, half))
      if let products = e.target.lowerProducts {
        // LLVM forgets that they were narrow where the upper half of the product is not used, and has no
        // multiplication of vectors of 64-bit lanes.
        let name = isSigned ? products.signed : products.unsigned
        return IRVector(b.call(e.module.intrinsic(name, [type]), [p, q]))
      }
      return IRVector(
        isSigned ? b.mul(b.sext(p, type), b.sext(q, type)) : b.mul(b.zext(p, type), b.zext(q, type)))
    case .equal: return IRVector(b.sext(b.icmp(LLVMIntEQ, x, y), type))
    case .greaterSigned: return IRVector(b.sext(b.icmp(LLVMIntSGT, x, y), type))
    }
  }

  func shifted<W: Word>(_ shift: LaneShift, by count: W64, lanes _: W.Type) -> Self {
    let bits = W.bits
    let element = e.context.int(bits)
    let limit = e.i64.constInt(UInt64(bits))
    let inRange = b.icmp(LLVMIntULT, count.carrier, limit)
    let safe = b.select(
      inRange, count.carrier, e.i64.constInt(shift == .rightArithmetic ? UInt64(bits - 1) : 0))
    let narrow = bits == 64 ? safe : b.trunc(safe, element)
    let amount = Self.splat(narrow, bits: bits)
    let x = lanes(bits)
    switch shift {
    case .left: return IRVector(b.select(inRange, b.shl(x, amount), Self.laneType(bits).null))
    case .rightLogical:
      return IRVector(b.select(inRange, b.lshr(x, amount), Self.laneType(bits).null))
    case .rightArithmetic: return IRVector(b.ashr(x, amount))
    }
  }
  private static func splat(_ element: Value, bits: Int) -> Value {
    let type = Self.laneType(bits)
    let one = b.insertElement(type.poison, element, 0)
    return b.shuffleVector(one, type.poison, [Int](repeating: 0, count: 128 / bits))
  }

  func shuffled<W: Word>(_ other: Self, lanes _: W.Type, _ source: (Int) -> Int) -> Self {
    let n = 128 / W.bits
    let mask = (0..<n).map(source)
    let type = Self.laneType(W.bits)
    if !mask.contains(where: { $0 < 0 }) {
      return Self(b.shuffleVector(lanes(W.bits), other.lanes(W.bits), mask))
    }
    if !mask.contains(where: { $0 >= n }) {
      return Self(b.shuffleVector(lanes(W.bits), type.null, mask.map { $0 < 0 ? n : $0 }))
    }
    let both = b.shuffleVector(lanes(W.bits), other.lanes(W.bits), mask.map { max($0, 0) })
    return Self(
      b.shuffleVector(both, type.null, mask.enumerated().map { $0.element < 0 ? n : $0.offset }))
  }

  func shuffled(byControl control: Self) -> Self {
    let type = Self.laneType(8)
    let (x, c) = (lanes(8), control.lanes(8))
    switch e.target.architecture {
    case "x86_64":
      return Self(b.call(e.module.intrinsic("llvm.x86.ssse3.pshuf.b.128"), [x, c]))
    case "aarch64":
      let mask = constVector([Value](repeating: e.i8.constInt(0x8f), count: 16))
      return Self(b.call(e.module.intrinsic("llvm.aarch64.neon.tbl1", [type]), [x, b.and(c, mask)]))
    default:
      var result = type.poison
      for n in 0..<16 {
        let index = b.extractElement(c, n)
        let byte = b.extractElement(x, b.zext(b.and(index, e.i8.constInt(15)), e.i32))
        let kept = b.icmp(LLVMIntSGE, index, e.i8.null)
        result = b.insertElement(result, b.select(kept, byte, e.i8.null), n)
      }
      return Self(result)
    }
  }

  func signMask<W: Word>(lanes _: W.Type) -> W32 {
    let n = 128 / W.bits
    let signs = b.icmp(LLVMIntSLT, lanes(W.bits), Self.laneType(W.bits).null)
    return W32(value: b.zext(b.bitCast(signs, e.context.int(n)), e.i32))
  }

  func extended<N: Word, W: Word>(from: N.Type, to: W.Type, signed: Bool) -> Self {
    let n = 128 / W.bits
    let source = lanes(N.bits)
    let low = b.shuffleVector(source, source.type.poison, Array(0..<n))
    return Self(signed ? b.sext(low, Self.laneType(W.bits)) : b.zext(low, Self.laneType(W.bits)))
  }

  func packed<W: Word>(_ other: Self, lanes _: W.Type, signed: Bool) -> Self {
    let (n, half) = (128 / W.bits, W.bits / 2)
    let wide = b.shuffleVector(lanes(W.bits), other.lanes(W.bits), Array(0..<2 * n))
    let element = e.context.int(W.bits)
    func splat(_ v: Int64) -> Value {
      constVector([Value](repeating: element.constInt(UInt64(bitPattern: v), signed: true), count: 2 * n))
    }
    let (low, high) = signed
      ? (-(Int64(1) << (half - 1)), (Int64(1) << (half - 1)) - 1) : (0, (Int64(1) << half) - 1)
    let type = wide.type
    let clamped = b.call(
      e.module.intrinsic("llvm.smin", [type]),
      [b.call(e.module.intrinsic("llvm.smax", [type]), [wide, splat(low)]), splat(high)])
    return Self(b.trunc(clamped, Self.laneType(half)))
  }
}

/// Wraps an LLVM value in a word type known only as a generic parameter.
func wrap<W: Word>(_ value: Value) -> W where W.Carrier == Value, W.Flag == IRFlag {
  switch W.bits {
  case 8: return W(zeroExtending: IRWord<Bits8>(value: value))
  case 16: return W(zeroExtending: IRWord<Bits16>(value: value))
  case 32: return W(zeroExtending: IRWord<Bits32>(value: value))
  case 64: return W(zeroExtending: IRWord<Bits64>(value: value))
  default: return W(zeroExtending: IRWord<Bits128>(value: value))
  }
}
