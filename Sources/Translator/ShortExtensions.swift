// Indices of 32 bits that are computed in registers of 64. LLVM's passes make the extension and what stands before it
// shifts of the whole register: (x - 3) << 2 of a signed word becomes ((x << 32) + (-3 << 32)) >> 30. The constants
// are large there, and no host's address adds the rest. As sums of words that are extended and shifted, they are
// instructions that hosts have, and often parts of addresses.

import LLVM

/// Puts extensions and short shifts in the place of shifts up and down, and of shifts that are masked.
func shortenExtensions(in module: Module) {
  let builder = Builder(module.context)
  for function in module.functions where !function.isDeclaration {
    for block in function.basicBlocks {
      for value in block.instructions where value.type.isInteger && (32...64).contains(value.type.intWidth) {
        guard let extended = ExtendedSum(value) else { continue }
        builder.positionBefore(value)
        value.replaceAllUses(with: extended.built(builder, value.type))
      }
    }
  }
}

/// `extension(sum) << shift`, where the sum has fewer bits than the result.
private struct ExtendedSum {
  private enum Extension { case zero, sign, none }
  private let kind: Extension
  /// The sum, with each of its parts shifted up.
  private let sum: Value
  /// By how much.
  private let scale: Int
  /// Bits of the sum that count.
  private let width: Int
  private let shift: Int

  /// nil where `value` is nothing of the kind, or the plain extension of a part of a register.
  init?(_ value: Value) {
    guard [LLVMAShr, LLVMLShr, LLVMAnd].contains(value.opcode) else { return nil }
    sum = value.operand(0)
    guard sum.isInstruction else { return nil }
    switch value.opcode {
    case LLVMAShr, LLVMLShr:
      guard let down = value.operand(1).constantValue.flatMap(Int.init(exactly:)) else { return nil }
      scale = sum.scale()
      width = value.type.intWidth - scale
      shift = scale - down
      guard down > 0, shift >= 0, [8, 16, 32].contains(width), shift > 0 || sum.opcode != LLVMShl else { return nil }
    default:
      guard let mask = value.operand(1).constantValue, mask != 0 else { return nil }
      scale = mask.trailingZeroBitCount
      width = (mask >> UInt64(scale)).trailingOnes
      shift = scale
      guard scale > 0, [8, 16, 32].contains(width), mask >> UInt64(scale) == UInt64.max >> UInt64(64 - width) else {
        return nil
      }
    }
    guard sum.isSum(scaledBy: scale) else { return nil }
    kind = value.opcode != LLVMAShr ? .zero : sum.isScaledExactly ? .none : .sign
  }

  func built(_ builder: Builder, _ type: IRType) -> Value {
    var value = part(sum, builder, kind == .none ? type : builder.context.int(width))
    if kind == .zero { value = builder.zext(value, type) }
    if kind == .sign { value = builder.sext(value, type) }
    return shift == 0 ? value : builder.shl(value, type.constInt(UInt64(shift)))
  }

  /// A part of the sum without the shift, of `type`.
  private func part(_ value: Value, _ builder: Builder, _ type: IRType) -> Value {
    if let constant = value.signedConstant { return type.constInt(UInt64(bitPattern: constant >> Int64(scale)), signed: true) }
    switch value.opcode {
    case LLVMAdd: return builder.add(part(value.operand(0), builder, type), part(value.operand(1), builder, type))
    case LLVMSub: return builder.sub(part(value.operand(0), builder, type), part(value.operand(1), builder, type))
    default:
      let base = value.operand(0)
      return base.type == type ? base : builder.trunc(base, type)
    }
  }
}

/// Sums in each other that are looked at.
private let sumDepth = 3

extension UInt64 {
  fileprivate var trailingOnes: Int { (~self).trailingZeroBitCount }
}

extension Value {
  /// Of an integer constant of up to 64 bits.
  fileprivate var signedConstant: Int64? {
    constantValue.map { constant in
      let unused = 64 - type.intWidth
      return Int64(bitPattern: constant << UInt64(unused)) >> Int64(unused)
    }
  }

  private var shiftUp: Int? {
    guard isInstruction, opcode == LLVMShl else { return nil }
    return operand(1).constantValue.flatMap(Int.init(exactly:))
  }

  private var isSumOfTwo: Bool { isInstruction && (opcode == LLVMAdd || opcode == LLVMSub) }

  /// How far a part of a sum is shifted; 0 when none is.
  fileprivate func scale(depth: Int = sumDepth) -> Int {
    if let shiftUp { return shiftUp }
    return isSumOfTwo && depth > 0 ? operands.map { $0.scale(depth: depth - 1) }.max() ?? 0 : 0
  }

  /// Whether it is one part, or sums of parts, that are all shifted up by `scale`. A sum that others look at stays, so it
  /// would be computed twice.
  fileprivate func isSum(scaledBy scale: Int, depth: Int = sumDepth) -> Bool {
    if let constant = signedConstant { return constant.trailingZeroBitCount >= scale }
    if shiftUp == scale { return true }
    guard isSumOfTwo, depth > 0 else { return false }
    return users.count == 1 && operands.allSatisfy { $0.isSum(scaledBy: scale, depth: depth - 1) }
  }

  /// Of what `isSum` holds for: whether no step leaves the signed range.
  fileprivate var isScaledExactly: Bool {
    if isConstantInt { return true }
    return LLVMGetNSW(ref) != 0 && (opcode == LLVMShl || operands.allSatisfy(\.isScaledExactly))
  }
}
