import LLVM
import Semantics

/// The width of an `IRWord`, as a type.
protocol BitWidth { static var bits: Int { get } }
enum Bits8: BitWidth { static var bits: Int { 8 } }
enum Bits16: BitWidth { static var bits: Int { 16 } }
enum Bits32: BitWidth { static var bits: Int { 32 } }
enum Bits64: BitWidth { static var bits: Int { 64 } }
enum Bits128: BitWidth { static var bits: Int { 128 } }

private var e: Emission { Emission.current }
private var b: Builder { Emission.current.builder }

/// A guest condition as an `i1`.
struct IRFlag: FlagValue {
  var value: Value
  init(_ value: Value) { self.value = value }
  init(_ constant: Bool) { value = e.i1.constInt(constant ? 1 : 0) }
  static func & (x: IRFlag, y: IRFlag) -> IRFlag { IRFlag(b.and(x.value, y.value)) }
  static func | (x: IRFlag, y: IRFlag) -> IRFlag { IRFlag(b.or(x.value, y.value)) }
  static func ^ (x: IRFlag, y: IRFlag) -> IRFlag { IRFlag(b.xor(x.value, y.value)) }
  static prefix func ! (x: IRFlag) -> IRFlag { IRFlag(b.not(x.value)) }
}

/// A guest word as an LLVM integer of its width.
struct IRWord<Width: BitWidth>: Word {
  typealias Flag = IRFlag
  typealias Carrier = Value

  var carrier: Value
  static var bits: Int { Width.bits }
  static var type: IRType { e.context.int(Width.bits) }

  init(value: Value) { carrier = value }
  init(_ constant: UInt64) {
    carrier = Width.bits == 128
      ? e.i128.constInt(low: constant, high: 0) : Self.type.constInt(constant)
  }
  init<W: Word>(zeroExtending value: W) where W.Carrier == Value, W.Flag == IRFlag {
    carrier = W.bits < Width.bits ? b.zext(value.carrier, Self.type)
      : W.bits == Width.bits ? value.carrier : b.trunc(value.carrier, Self.type)
  }
  init<W: Word>(signExtending value: W) where W.Carrier == Value, W.Flag == IRFlag {
    carrier = W.bits < Width.bits ? b.sext(value.carrier, Self.type)
      : W.bits == Width.bits ? value.carrier : b.trunc(value.carrier, Self.type)
  }
  init<W: Word>(truncating value: W) where W.Carrier == Value, W.Flag == IRFlag {
    self.init(zeroExtending: value)
  }
  init(_ flag: IRFlag) { carrier = b.zext(flag.value, Self.type) }

  private func with(_ v: Value) -> Self { Self(value: v) }

  static func &+ (x: Self, y: Self) -> Self { Self(value: b.add(x.carrier, y.carrier)) }
  static func &- (x: Self, y: Self) -> Self { Self(value: b.sub(x.carrier, y.carrier)) }
  static func &* (x: Self, y: Self) -> Self { Self(value: b.mul(x.carrier, y.carrier)) }
  static func & (x: Self, y: Self) -> Self { Self(value: b.and(x.carrier, y.carrier)) }
  static func | (x: Self, y: Self) -> Self { Self(value: b.or(x.carrier, y.carrier)) }
  static func ^ (x: Self, y: Self) -> Self { Self(value: b.xor(x.carrier, y.carrier)) }
  static prefix func ~ (x: Self) -> Self { Self(value: b.not(x.carrier)) }

  // A count at or above the width would be poison; the mask folds away where the meaning has
  // masked already, and is free on every target whose shifts mask.
  private func bounded(_ count: Self) -> Value {
    count.carrier.isConstant ? count.carrier : b.and(count.carrier, Self(UInt64(Width.bits - 1)).carrier)
  }
  func shiftedLeft(by n: Self) -> Self { with(b.shl(carrier, bounded(n))) }
  func shiftedRight(by n: Self) -> Self { with(b.lshr(carrier, bounded(n))) }
  func shiftedRightArithmetically(by n: Self) -> Self { with(b.ashr(carrier, bounded(n))) }
  func rotatedLeft(by n: Self) -> Self { intrinsic("llvm.fshl", [carrier, carrier, n.carrier]) }
  func rotatedRight(by n: Self) -> Self { intrinsic("llvm.fshr", [carrier, carrier, n.carrier]) }

  private func intrinsic(_ name: String, _ arguments: [Value]) -> Self {
    with(b.call(e.module.intrinsic(name, [Self.type]), arguments))
  }

  func dividedUnsigned(by d: Self) -> Self { with(b.udiv(carrier, d.carrier)) }
  func remainderUnsigned(by d: Self) -> Self { with(b.urem(carrier, d.carrier)) }
  func dividedSigned(by d: Self) -> Self { with(b.sdiv(carrier, d.carrier)) }
  func remainderSigned(by d: Self) -> Self { with(b.srem(carrier, d.carrier)) }

  func isEqual(to o: Self) -> IRFlag { IRFlag(b.icmp(LLVMIntEQ, carrier, o.carrier)) }
  func isBelow(_ o: Self) -> IRFlag { IRFlag(b.icmp(LLVMIntULT, carrier, o.carrier)) }
  func isLess(_ o: Self) -> IRFlag { IRFlag(b.icmp(LLVMIntSLT, carrier, o.carrier)) }
  var isZero: IRFlag { IRFlag(b.icmp(LLVMIntEQ, carrier, Self.type.null)) }
  var isNegative: IRFlag { IRFlag(b.icmp(LLVMIntSLT, carrier, Self.type.null)) }
  func bit(_ position: Int) -> IRFlag {
    if position == 0 { return IRFlag(b.trunc(carrier, e.i1)) }
    if position == Width.bits - 1 { return isNegative }
    return IRFlag(b.trunc(b.lshr(carrier, Self(UInt64(position)).carrier), e.i1))
  }

  var populationCount: Self { intrinsic("llvm.ctpop", [carrier]) }
  var leadingZeros: Self { intrinsic("llvm.ctlz", [carrier, e.i1.null]) }
  var trailingZeros: Self { intrinsic("llvm.cttz", [carrier, e.i1.null]) }
  var bytesReversed: Self { Width.bits == 8 ? self : intrinsic("llvm.bswap", [carrier]) }
}
