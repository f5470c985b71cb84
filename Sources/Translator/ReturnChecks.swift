// Every call compares the PC that it comes back with. AArch64 compares with addresses below 16 MiB by two
// immediate operands, but LLVM takes the address for one expensive constant with that which was stored before the
// call, or makes it of another one: either is put away while the call runs, or made twice. So the
// upper part is taken off out of LLVM's sight, and the stored address is hidden from the pass that makes constants of
// each other.

import LLVM

/// Rewrites comparisons of calls' PCs with constants, and stores of these.
func compareReturnsInPlace(in module: Module) {
  let builder = Builder(module.context)
  for function in module.functions where !function.isDeclaration {
    let addresses = splitComparisons(in: function, builder)
    if !addresses.isEmpty { hideStores(of: addresses, in: function, module, builder) }
  }
}

/// Answers the addresses.
private func splitComparisons(in function: Function, _ builder: Builder) -> Set<UInt64> {
  let i64 = builder.context.i64
  let type = IRType.function(i64, [i64])
  var addresses: Set<UInt64> = []
  for block in function.basicBlocks {
    for comparison in block.instructions {
      guard let (pc, address) = comparison.comparedReturn else { continue }
      addresses.insert(address)
      builder.positionBefore(comparison)
      let upper = builder.inlineAsm(
        type, "sub $0, $1, #\(address >> 12), lsl #12", constraints: "=r,r", sideEffects: false)
      comparison.setOperand(0, builder.call(upper, type, [pc]))
      comparison.setOperand(1, i64.constInt(address & 0xfff))
    }
  }
  return addresses
}

/// LLVM's constant hoisting, which comes before the rest of its code generation, takes no pointer through this
/// intrinsic, and what comes behind it drops the intrinsic.
private func hideStores(of addresses: Set<UInt64>, in function: Function, _ module: Module, _ builder: Builder) {
  let (i64, ptr) = (module.context.i64, module.context.ptr)
  for block in function.basicBlocks {
    for store in block.instructions where store.opcode == LLVMStore {
      let stored = store.operand(0)
      guard stored.type == i64, addresses.contains(stored.constantValue ?? 0) else { continue }
      builder.positionBefore(store)
      let launder = module.intrinsic("llvm.launder.invariant.group", [ptr])
      let hidden = builder.call(launder, [stored.constIntToPtr(ptr)])
      store.setOperand(0, builder.ptrToInt(hidden, i64))
    }
  }
}

extension Value {
  /// Of a comparison for equality with a call's first result: that, and the constant.
  fileprivate var comparedReturn: (pc: Value, address: UInt64)? {
    guard opcode == LLVMICmp, [LLVMIntEQ, LLVMIntNE].contains(LLVMGetICmpPredicate(ref)),
      let address = operand(1).constantValue, address > 0xfff, address < 1 << 24
    else { return nil }
    let pc = operand(0)
    guard pc.isInstruction, pc.opcode == LLVMExtractValue, LLVMGetIndices(pc.ref)[0] == 0,
      LLVMIsACallInst(pc.operand(0).ref) != nil, LLVMGetIntTypeWidth(pc.type.ref) == 64
    else { return nil }
    return (pc, address)
  }
}
