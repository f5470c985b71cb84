// x86's instruction selection makes `(x & -256) | zext(load i8)` of 32 bits a load into the low byte of x's register (LLVM 19,
// X86InstrCompiler.td), and then takes a zero extension of that to 64 bits for free, as of any operation of 32 bits.
// But a write of a byte clears nothing, and the register may hold the sign extension of x: IMUL's, for its flags.

import LLVM

/// Hides such loads, so that they get an instruction of their own.
func hideInsertedLoads(in module: Module) {
  let builder = Builder(module.context)
  for function in module.functions where !function.isDeclaration {
    for instruction in function.basicBlocks.flatMap(\.instructions)
    where instruction.opcode == LLVMOr && instruction.type == module.context.i32 {
      let (x, y) = (instruction.operand(0), instruction.operand(1))
      for (kept, extended) in [(x, y), (y, x)] where kept.isMasked && extended.isExtendedLoad {
        builder.positionBefore(extended)
        extended.setOperand(0, builder.freeze(extended.operand(0)))
      }
    }
  }
}

extension Value {
  fileprivate var isMasked: Bool {
    guard isInstruction, opcode == LLVMAnd, let mask = operand(1).constantValue else { return false }
    return [0xffff_ff00, 0xffff_0000].contains(mask & 0xffff_ffff)
  }
  fileprivate var isExtendedLoad: Bool {
    guard isInstruction, opcode == LLVMZExt, operand(0).isInstruction else { return false }
    return operand(0).opcode == LLVMLoad
  }
}
