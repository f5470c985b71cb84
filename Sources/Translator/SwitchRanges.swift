// A jump table of the guest becomes a `switch`, whose default is where a value beyond its cases goes. Mostly there is none
// such: the guest has compared the value or masked it, and does not look again. LLVM does, once more in front of each
// table, unless there is a case for each value that can be.

import LLVM

/// Gives switches whose values are bounded a case for each, and nothing beyond.
func completeSwitches(in module: Module) {
  let builder = Builder(module.context)
  for function in module.functions where !function.isDeclaration {
    for block in function.basicBlocks {
      guard let end = block.terminator, end.opcode == LLVMSwitch, let bounded = BoundedSwitch(end) else { continue }
      bounded.complete(builder, function)
    }
  }
}

private struct BoundedSwitch {
  private let branch: Value
  private let fallback: BasicBlock
  /// Values without a case.
  private let missing: [UInt64]

  /// As many values without a case as with one are worth entries of a table.
  init?(_ branch: Value) {
    self.branch = branch
    fallback = BasicBlock(LLVMGetSwitchDefaultDest(branch.ref))
    guard LLVMGetNumSuccessors(branch.ref) > 4, fallback.firstInstruction?.opcode != LLVMUnreachable,
      let most = branch.block.bound(of: branch.operand(0))
    else { return nil }
    let cases = Set(branch.caseValues)
    guard cases.count == branch.caseValues.count, most < 2 * UInt64(cases.count) else { return nil }
    missing = (0...most).filter { !cases.contains($0) }
    if missing.count > cases.count { return nil }
  }

  func complete(_ builder: Builder, _ function: Function) {
    let never = function.appendBasicBlock(in: builder.context)
    builder.positionAtEnd(never)
    builder.unreachable()
    let type = branch.operand(0).type
    for value in missing { branch.addCase(type.constInt(value), fallback) }
    LLVMSetSuccessor(branch.ref, 0, never.ref)
    for phi in fallback.instructions.prefix(while: { $0.opcode == LLVMPHI }) {
      // One for each edge.
      let ways = (0..<phi.operandCount).map { (phi.operand($0), phi.incomingBlock($0)) }
      let mine = ways.first { $0.1 == branch.block }!
      if missing.isEmpty {
        phi.replace(builder, byPhiOf: ways.removingOne { $0.1 == branch.block })
      } else {
        for _ in 1..<missing.count { phi.addIncoming(mine.0, from: mine.1) }
      }
    }
  }
}

extension BasicBlock {
  /// The greatest unsigned number that `value` can be where the block ends, where its own mask or a comparison on the only way
  /// here says so.
  fileprivate func bound(of value: Value) -> UInt64? {
    var bounds = [value.mask].compactMap { $0 }
    var block = self
    for _ in 0..<4 {
      guard block.users.count == 1, let end = block.users.first, end.opcode == LLVMBr else { break }
      if let bound = end.bound(of: value, towards: block) { bounds.append(bound) }
      block = end.block
    }
    return bounds.min()
  }
}

extension Value {
  /// Of a switch, in order.
  fileprivate var caseValues: [UInt64] {
    stride(from: 2, to: operandCount, by: 2).compactMap { operand($0).constantValue }
  }

  /// What a mask of its lowest bits leaves at most.
  fileprivate var mask: UInt64? {
    guard isInstruction else { return nil }
    switch opcode {
    case LLVMAnd:
      guard let mask = operand(1).constantValue, mask & (mask &+ 1) == 0 else { return nil }
      return mask
    case LLVMZExt: return operand(0).mask ?? (operand(0).type.intWidth <= 8 ? 1 << UInt64(operand(0).type.intWidth) - 1 : nil)
    case LLVMTrunc:
      guard let mask = operand(0).mask, mask < 1 << UInt64(type.intWidth) else { return nil }
      return mask
    default: return nil
    }
  }

  /// Of a branch: what `value` is at most on the way to `block`.
  fileprivate func bound(of value: Value, towards block: BasicBlock) -> UInt64? {
    guard LLVMIsConditional(ref) != 0, LLVMGetSuccessor(ref, 0) != LLVMGetSuccessor(ref, 1) else { return nil }
    let comparison = Value(LLVMGetCondition(ref))
    guard comparison.isInstruction, comparison.opcode == LLVMICmp,
      comparison.operand(0).withoutExtension == value.withoutExtension,
      let limit = comparison.operand(1).constantValue
    else { return nil }
    let isTrue = LLVMGetSuccessor(ref, 0) == block.ref
    switch (LLVMGetICmpPredicate(comparison.ref), isTrue) {
    case (LLVMIntULE, true), (LLVMIntUGT, false): return limit
    case (LLVMIntULT, true), (LLVMIntUGE, false): return limit == 0 ? nil : limit - 1
    default: return nil
    }
  }

  private var withoutExtension: Value {
    isInstruction && opcode == LLVMZExt ? operand(0).withoutExtension : self
  }

  /// Puts a phi with other ways in its place; without any, its block is never reached.
  fileprivate func replace(_ builder: Builder, byPhiOf ways: [(Value, BasicBlock)]) {
    builder.positionBefore(self)
    let new = ways.isEmpty ? type.poison : builder.phi(type)
    for (value, block) in ways { new.addIncoming(value, from: block) }
    replaceAllUses(with: new)
    eraseFromParent()
  }
}

extension Array {
  fileprivate func removingOne(where isIt: (Element) -> Bool) -> Self {
    guard let n = firstIndex(where: isIt) else { return self }
    return Array(self[..<n] + self[(n + 1)...])
  }
}
