// Every call compares the PC that it comes back with. AArch64 does so with two immediate operands, but
// LLVM's constant hoisting takes the addresses for expensive constants: it makes them of a common
// one, which is put away while the call runs. A switch's cases it leaves alone.

import LLVM

/// Turns branches by a comparison of a call's result with a constant into switches.
func compareReturnsInPlace(in module: Module) {
  let context = module.context
  let builder = Builder(context)
  let profile = context.metadataKind("prof")
  let likely = context.value(of: context.branchWeights([1, 100_000]))
  for function in module.functions where !function.isDeclaration {
    for block in function.basicBlocks {
      guard let branch = block.terminator, let check = ReturnCheck(branch) else { continue }
      builder.positionBefore(branch)
      let new = builder.switchOn(check.programCounter, default: check.differs, cases: 1)
      new.addCase(check.address, check.equal)
      new.setMetadata(profile, likely)
      branch.eraseFromParent()
      if !check.comparison.hasUses { check.comparison.eraseFromParent() }
    }
  }
}

private struct ReturnCheck {
  let comparison, programCounter, address: Value
  let equal, differs: BasicBlock

  init?(_ branch: Value) {
    guard branch.opcode == LLVMBr, LLVMIsConditional(branch.ref) != 0 else { return nil }
    comparison = Value(LLVMGetCondition(branch.ref))
    guard comparison.isInstruction, comparison.opcode == LLVMICmp else { return nil }
    (programCounter, address) = (comparison.operand(0), comparison.operand(1))
    guard address.isConstantInt, programCounter.isInstruction,
      programCounter.opcode == LLVMExtractValue
    else { return nil }
    let first = BasicBlock(LLVMGetSuccessor(branch.ref, 0))
    let second = BasicBlock(LLVMGetSuccessor(branch.ref, 1))
    switch LLVMGetICmpPredicate(comparison.ref) {
    case LLVMIntEQ: (equal, differs) = (first, second)
    case LLVMIntNE: (equal, differs) = (second, first)
    default: return nil
    }
    // The PC comes first.
    guard LLVMIsACallInst(programCounter.operand(0).ref) != nil, LLVMGetIndices(programCounter.ref)[0] == 0
    else { return nil }
  }
}
