extension Module {
  /// Replaces 64-bit integer constants, where instructions use them as values: stored, compared,
  /// chosen between, handed to calls and put into structures. Others, such as the cases of a switch,
  /// stay, and so do those without a replacement.
  public func replaceIntegers(with replacement: (UInt64) -> Value?) {
    for function in functions {
      var block = LLVMGetFirstBasicBlock(function.ref)
      while let here = block {
        var instruction = LLVMGetFirstInstruction(here)
        while let i = instruction {
          for n in 0..<Module.valueOperands(of: i) {
            guard let operand = LLVMGetOperand(i, n), LLVMIsAConstantInt(operand) != nil,
              LLVMGetIntTypeWidth(LLVMTypeOf(operand)) == 64
            else { continue }
            if let new = replacement(LLVMConstIntGetZExtValue(operand)) {
              LLVMSetOperand(i, n, new.ref)
            }
          }
          instruction = LLVMGetNextInstruction(i)
        }
        block = LLVMGetNextBasicBlock(here)
      }
    }
  }

  /// How many of an instruction's first operands may be any value.
  private static func valueOperands(of i: LLVMValueRef) -> UInt32 {
    switch LLVMGetInstructionOpcode(i) {
    case LLVMStore: 1
    case LLVMICmp, LLVMInsertValue, LLVMPHI, LLVMSelect, LLVMRet: UInt32(LLVMGetNumOperands(i))
    case LLVMCall: takesValues(LLVMGetCalledValue(i)) ? LLVMGetNumArgOperands(i) : 0
    default: 0
    }
  }

  /// Intrinsics and assembly may want constants as arguments.
  private static func takesValues(_ callee: LLVMValueRef?) -> Bool {
    guard let callee, LLVMIsAInlineAsm(callee) == nil else { return false }
    return LLVMIsAFunction(callee) == nil || LLVMGetIntrinsicID(callee) == 0
  }
}
