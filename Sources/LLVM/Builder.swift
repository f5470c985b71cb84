/// `llvm::IRBuilder`: every call is one C call. Constants fold as they are built.
public final class Builder {
  public let ref: LLVMBuilderRef
  public let context: LLVMContext

  public init(_ context: LLVMContext) {
    self.context = context
    ref = LLVMCreateBuilderInContext(context.ref)
  }
  deinit { LLVMDisposeBuilder(ref) }

  @inlinable public func positionAtEnd(_ block: BasicBlock) {
    LLVMPositionBuilderAtEnd(ref, block.ref)
  }
  @inlinable public func positionBefore(_ instruction: Value) {
    LLVMPositionBuilderBefore(ref, instruction.ref)
  }
  /// Before the first instruction of `block` (behind nothing: phis first is the caller's care).
  @inlinable public func positionAtStart(_ block: BasicBlock) {
    LLVMPositionBuilder(ref, block.ref, LLVMGetFirstInstruction(block.ref))
  }
  /// Takes an instruction out of its block and puts it here.
  @inlinable public func move(_ instruction: Value) {
    LLVMInstructionRemoveFromParent(instruction.ref)
    LLVMInsertIntoBuilder(ref, instruction.ref)
  }
  /// A copy of an instruction, with the same operands.
  @inlinable public func insert(copyOf instruction: Value) -> Value {
    let copy = Value(LLVMInstructionClone(instruction.ref))
    LLVMInsertIntoBuilder(ref, copy.ref)
    return copy
  }
  @inlinable public var insertBlock: BasicBlock? { LLVMGetInsertBlock(ref).map { BasicBlock($0) } }
}

// Integer and float arithmetic.
extension Builder {
  @inlinable public func add(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildAdd(ref, a.ref, b.ref, ""))
  }
  @inlinable public func sub(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildSub(ref, a.ref, b.ref, ""))
  }
  @inlinable public func mul(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildMul(ref, a.ref, b.ref, ""))
  }
  @inlinable public func udiv(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildUDiv(ref, a.ref, b.ref, ""))
  }
  @inlinable public func sdiv(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildSDiv(ref, a.ref, b.ref, ""))
  }
  @inlinable public func urem(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildURem(ref, a.ref, b.ref, ""))
  }
  @inlinable public func srem(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildSRem(ref, a.ref, b.ref, ""))
  }
  @inlinable public func shl(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildShl(ref, a.ref, b.ref, ""))
  }
  @inlinable public func lshr(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildLShr(ref, a.ref, b.ref, ""))
  }
  @inlinable public func ashr(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildAShr(ref, a.ref, b.ref, ""))
  }
  @inlinable public func and(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildAnd(ref, a.ref, b.ref, ""))
  }
  @inlinable public func or(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildOr(ref, a.ref, b.ref, ""))
  }
  @inlinable public func xor(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildXor(ref, a.ref, b.ref, ""))
  }
  @inlinable public func fadd(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildFAdd(ref, a.ref, b.ref, ""))
  }
  @inlinable public func fsub(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildFSub(ref, a.ref, b.ref, ""))
  }
  @inlinable public func fmul(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildFMul(ref, a.ref, b.ref, ""))
  }
  @inlinable public func fdiv(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildFDiv(ref, a.ref, b.ref, ""))
  }
  @inlinable public func frem(_ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildFRem(ref, a.ref, b.ref, ""))
  }
  @inlinable public func neg(_ a: Value) -> Value { Value(LLVMBuildNeg(ref, a.ref, "")) }
  @inlinable public func not(_ a: Value) -> Value { Value(LLVMBuildNot(ref, a.ref, "")) }
  @inlinable public func fneg(_ a: Value) -> Value { Value(LLVMBuildFNeg(ref, a.ref, "")) }
  @inlinable public func freeze(_ a: Value) -> Value { Value(LLVMBuildFreeze(ref, a.ref, "")) }
  @inlinable public func icmp(_ predicate: LLVMIntPredicate, _ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildICmp(ref, predicate, a.ref, b.ref, ""))
  }
  @inlinable public func fcmp(_ predicate: LLVMRealPredicate, _ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildFCmp(ref, predicate, a.ref, b.ref, ""))
  }
  @inlinable public func select(_ condition: Value, _ yes: Value, _ no: Value) -> Value {
    Value(LLVMBuildSelect(ref, condition.ref, yes.ref, no.ref, ""))
  }
}

// Casts.
extension Builder {
  @inlinable public func trunc(_ value: Value, _ type: IRType) -> Value {
    Value(LLVMBuildTrunc(ref, value.ref, type.ref, ""))
  }
  @inlinable public func zext(_ value: Value, _ type: IRType) -> Value {
    Value(LLVMBuildZExt(ref, value.ref, type.ref, ""))
  }
  @inlinable public func sext(_ value: Value, _ type: IRType) -> Value {
    Value(LLVMBuildSExt(ref, value.ref, type.ref, ""))
  }
  @inlinable public func fpToUI(_ value: Value, _ type: IRType) -> Value {
    Value(LLVMBuildFPToUI(ref, value.ref, type.ref, ""))
  }
  @inlinable public func fpToSI(_ value: Value, _ type: IRType) -> Value {
    Value(LLVMBuildFPToSI(ref, value.ref, type.ref, ""))
  }
  @inlinable public func uiToFP(_ value: Value, _ type: IRType) -> Value {
    Value(LLVMBuildUIToFP(ref, value.ref, type.ref, ""))
  }
  @inlinable public func siToFP(_ value: Value, _ type: IRType) -> Value {
    Value(LLVMBuildSIToFP(ref, value.ref, type.ref, ""))
  }
  @inlinable public func fpTrunc(_ value: Value, _ type: IRType) -> Value {
    Value(LLVMBuildFPTrunc(ref, value.ref, type.ref, ""))
  }
  @inlinable public func fpExt(_ value: Value, _ type: IRType) -> Value {
    Value(LLVMBuildFPExt(ref, value.ref, type.ref, ""))
  }
  @inlinable public func ptrToInt(_ value: Value, _ type: IRType) -> Value {
    Value(LLVMBuildPtrToInt(ref, value.ref, type.ref, ""))
  }
  @inlinable public func intToPtr(_ value: Value, _ type: IRType) -> Value {
    Value(LLVMBuildIntToPtr(ref, value.ref, type.ref, ""))
  }
  @inlinable public func bitCast(_ value: Value, _ type: IRType) -> Value {
    Value(LLVMBuildBitCast(ref, value.ref, type.ref, ""))
  }
}
