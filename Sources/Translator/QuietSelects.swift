// AArch64's selection of vectors by a comparison of scalars compares lanes, and comparing lanes raises
// "invalid" for quiet NaNs, which the scalar comparison does not. Its code generator makes selections of branches, too.

import LLVM

/// Gives comparisons that choose vectors, or may come to, their constrained form, which is not made lanes of.
func quietVectorSelects(in module: Module) {
  let context = module.context
  let builder = Builder(context)
  let strict = context.value(of: context.mdString("fpexcept.strict"))
  for function in module.functions where !function.isDeclaration {
    // All first: comparisons are erased, and may stand behind what chooses by them.
    for instruction in function.basicBlocks.flatMap(\.instructions).filter(\.choosesVectors) {
      let condition = instruction.condition
      guard condition.isInstruction else { continue }
      let isInverted = condition.opcode == LLVMXor && condition.operand(0).isInstruction
      let comparison = isInverted ? condition.operand(0) : condition
      guard comparison.opcode == LLVMFCmp, !comparison.type.isVector, let predicate = comparison.realPredicateName
      else { continue }
      let (x, y) = (comparison.operand(0), comparison.operand(1))
      builder.positionBefore(comparison)
      let call = builder.call(
        module.intrinsic("llvm.experimental.constrained.fcmp", [x.type]),
        [x, y, context.value(of: context.mdString(predicate)), strict])
      call.addCallAttribute(context.attribute("strictfp"))
      comparison.replaceAllUses(with: call)
      comparison.eraseFromParent()
    }
  }
}

extension Value {
  /// A selection of vectors, or a branch that one of two values of such a phi comes by.
  fileprivate var choosesVectors: Bool {
    if opcode == LLVMSelect { return type.isVector }
    guard opcode == LLVMBr, LLVMIsConditional(ref) != 0 else { return false }
    return successors.contains { block in
      block.beginsWithVector || (block.terminator?.successors.contains(where: \.beginsWithVector) ?? false)
    }
  }

  /// Of a selection or a conditional branch.
  fileprivate var condition: Value { opcode == LLVMSelect ? operand(0) : Value(LLVMGetCondition(ref)) }
}

extension BasicBlock {
  /// One of its phis is a vector.
  fileprivate var beginsWithVector: Bool {
    instructions.prefix { $0.opcode == LLVMPHI }.contains(where: \.type.isVector)
  }
}

extension Value {
  /// Of a comparison, as constrained intrinsics name it; nil for the two that are constant.
  var realPredicateName: String? {
    switch LLVMGetFCmpPredicate(ref) {
    case LLVMRealOEQ: "oeq"
    case LLVMRealOGT: "ogt"
    case LLVMRealOGE: "oge"
    case LLVMRealOLT: "olt"
    case LLVMRealOLE: "ole"
    case LLVMRealONE: "one"
    case LLVMRealORD: "ord"
    case LLVMRealUEQ: "ueq"
    case LLVMRealUGT: "ugt"
    case LLVMRealUGE: "uge"
    case LLVMRealULT: "ult"
    case LLVMRealULE: "ule"
    case LLVMRealUNE: "une"
    case LLVMRealUNO: "uno"
    default: nil
    }
  }
}
