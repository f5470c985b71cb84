// Where hosts choose NaNs in another way than x86, the lifter leaves a marker behind each operation:
// an opaque function of the host's result and the guest's operands that answers the guest's result.
// LLVM moves and merges markers as it likes. `NaNChecks` puts compares and branches in their place
// when the other passes are through, and only where results leave a chain of operations.

import LLVM
import Semantics

private var e: Emission { Emission.current }
private var b: Builder { Emission.current.builder }

/// What a marker answers if the host's result, its first operand, is a NaN.
enum NaNMarker: String, CaseIterable {
  /// The first NaN among the other operands, quieted, else the negative default (SDM vol. 1, 4.8.3.5).
  case first = "recast.nan.first"
  /// The other operand, of another format, with its sign and as much of its payload as fits.
  case converted = "recast.nan.converted"

  /// `result` as the guest has it.
  func callAsFunction(_ result: Value, _ operands: [Value]) -> Value {
    let types = [result.type] + operands.map(\.type)
    let type = IRType.function(result.type, types)
    let name = ([rawValue, "\(operands.count)"] + types.prefix(2).map(Self.name)).joined(separator: ".")
    let function = e.module.function(named: name) ?? declare(name, type)
    return b.call(function, [result] + operands)
  }

  private func declare(_ name: String, _ type: IRType) -> Function {
    let function = e.module.addFunction(name, type)
    for attribute in ["nounwind", "willreturn", "nosync", "nofree", "speculatable", "memory"] {
      function.addAttribute(e.context.attribute(attribute))
    }
    return function
  }

  private static func name(_ type: IRType) -> String {
    let element = type.isVector ? type.elementType : type
    return (type.isVector ? "v\(type.vectorSize)" : "") + (element == e.float ? "f32" : "f64")
  }

  /// Of a declaration.
  init?(_ function: Function) {
    let name = function.name
    guard let kind = Self.allCases.first(where: { name.hasPrefix($0.rawValue) }) else { return nil }
    self = kind
  }
}

/// NaNs as bits, and how x86 makes one of others.
struct NaNBits {
  let builder: Builder
  let context: LLVMContext

  /// What the marker answers for a NaN result of `type`.
  func chosen(_ marker: NaNMarker, _ operands: [Value], _ type: IRType) -> Value {
    switch marker {
    case .first: builder.bitCast(first(operands, type), type)
    case .converted: builder.bitCast(converted(operands[0], type), type)
    }
  }

  private func first(_ operands: [Value], _ type: IRType) -> Value {
    let integers = integer(like: type)
    let isSingle = isSingle(type)
    let quietBit = constant(isSingle ? 0x0040_0000 : 0x0008_0000_0000_0000, integers)
    var chosen = constant(isSingle ? 0xffc0_0000 : 0xfff8_0000_0000_0000, integers)
    for operand in operands.reversed() {
      let quiet = builder.or(builder.bitCast(operand, integers), quietBit)
      chosen = builder.select(builder.fcmp(LLVMRealUNO, operand, operand), quiet, chosen)
    }
    return chosen
  }

  private func converted(_ source: Value, _ type: IRType) -> Value {
    let (narrow, wide) = isSingle(type)
      ? (integer(like: type), integer(like: source.type)) : (integer(like: source.type), integer(like: type))
    if isSingle(type) {
      let bits = builder.bitCast(source, wide)
      let sign = builder.and(builder.lshr(bits, constant(32, wide)), constant(0x8000_0000, wide))
      let payload = builder.and(builder.lshr(bits, constant(29, wide)), constant(0x003f_ffff, wide))
      return builder.trunc(
        builder.or(builder.or(sign, payload), constant(0x7fc0_0000, wide)), narrow)
    }
    let bits = builder.zext(builder.bitCast(source, narrow), wide)
    let sign = builder.shl(builder.and(bits, constant(0x8000_0000, wide)), constant(32, wide))
    let payload = builder.shl(builder.and(bits, constant(0x003f_ffff, wide)), constant(29, wide))
    return builder.or(builder.or(sign, payload), constant(0x7ff8_0000_0000_0000, wide))
  }

  private func isSingle(_ type: IRType) -> Bool {
    (type.isVector ? type.elementType : type) == context.float
  }

  /// The integer type of the same shape.
  private func integer(like type: IRType) -> IRType {
    let element = context.int(isSingle(type) ? 32 : 64)
    return type.isVector ? element.vector(type.vectorSize) : element
  }

  private func constant(_ bits: UInt64, _ type: IRType) -> Value {
    type.isVector
      ? constVector([Value](repeating: type.elementType.constInt(bits), count: type.vectorSize))
      : type.constInt(bits)
  }
}
