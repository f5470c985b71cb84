// AArch64's selection of vectors by a comparison of scalars compares lanes, and comparing lanes raises
// "invalid" for quiet NaNs, which the scalar comparison does not.

import LLVM

/// Gives such comparisons their constrained form, which is not made lanes of.
func quietVectorSelects(in module: Module) {
  let context = module.context
  let builder = Builder(context)
  let strict = context.value(of: context.mdString("fpexcept.strict"))
  for function in module.functions where !function.isDeclaration {
    for instruction in function.basicBlocks.flatMap(\.instructions)
    where instruction.opcode == LLVMSelect && instruction.type.isVector {
      let comparison = instruction.operand(0)
      guard comparison.isInstruction, comparison.opcode == LLVMFCmp, !comparison.type.isVector,
        let predicate = comparison.realPredicateName
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
