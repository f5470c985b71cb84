// LLVM's passes fold across a loop's end: what stands behind it is computed from the value that a counter had before
// its last step. Where the loop is left alone (`TargetTraits.keepsCheapLoops`), that value would need a register of its
// own in every turn.

import LLVM

/// Behind loops of one block, counters' values before the last step are made of those after it.
func useLastValues(in module: Module) {
  let builder = Builder(module.context)
  for function in module.functions where !function.isDeclaration {
    for block in function.basicBlocks where block.terminator?.successors.contains(block) ?? false {
      for phi in block.instructions.prefix(while: { $0.opcode == LLVMPHI }) {
        guard let counter = Counter(phi) else { continue }
        let later = phi.distinctUsers.filter { $0.block != block }
        // A phi behind the loop wants the value at the loop's end.
        if later.contains(where: { $0.opcode == LLVMPHI }) { continue }
        for user in later { counter.replace(in: user, builder) }
      }
    }
  }
}

/// A phi to which a loop of one block adds the same in every turn.
private struct Counter {
  let phi: Value
  let next: Value
  let step: UInt64

  init?(_ phi: Value) {
    let block = phi.block
    guard phi.type.isInteger, phi.type.intWidth == 64, let next = phi.incoming(from: block) else { return nil }
    guard next.isInstruction, next.opcode == LLVMAdd, next.block == block, next.operand(0) == phi,
      let step = next.operand(1).constantValue
    else { return nil }
    (self.phi, self.next, self.step) = (phi, next, step)
  }

  /// Lets `user`, which stands behind the loop, look at the value after the last step.
  func replace(in user: Value, _ builder: Builder) {
    // The last step's overflow meant nothing to what looked at the value before it.
    LLVMSetNSW(next.ref, 0)
    LLVMSetNUW(next.ref, 0)
    builder.positionBefore(user)
    if let constant = user.operandCount == 2 && user.operand(0) == phi ? user.operand(1).constantValue : nil {
      switch user.opcode {
      case LLVMAdd:
        user.replaceAllUses(with: builder.add(next, phi.type.constInt(constant &- step)))
        user.eraseFromParent()
        return
      case LLVMICmp where [LLVMIntEQ, LLVMIntNE].contains(LLVMGetICmpPredicate(user.ref)):
        user.setOperand(0, next)
        user.setOperand(1, phi.type.constInt(constant &+ step))
        return
      default: break
      }
    }
    let value = builder.sub(next, phi.type.constInt(step))
    phi.replaceUses(with: value) { $0 == user }
  }
}
