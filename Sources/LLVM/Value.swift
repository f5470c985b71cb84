/// `llvm::Value`: an instruction, constant, argument, function, global variable or basic block.
public struct Value: Equatable, Hashable {
  public let ref: LLVMValueRef
  @inlinable public init(_ ref: LLVMValueRef) { self.ref = ref }

  @inlinable public var type: IRType { IRType(LLVMTypeOf(ref)) }
  @inlinable public var isConstant: Bool { LLVMIsConstant(ref) != 0 }
  @inlinable public var isConstantInt: Bool { LLVMIsAConstantInt(ref) != nil }
  /// Of a ConstantInt of up to 64 bits, zero-extended.
  @inlinable public var constantValue: UInt64? {
    isConstantInt && LLVMGetIntTypeWidth(LLVMTypeOf(ref)) <= 64
      ? LLVMConstIntGetZExtValue(ref) : nil
  }
  @inlinable public var isNull: Bool { LLVMIsNull(ref) != 0 }
  @inlinable public var isInstruction: Bool { LLVMIsAInstruction(ref) != nil }
  @inlinable public var isFunction: Bool { LLVMIsAFunction(ref) != nil }
  @inlinable public var hasUses: Bool { LLVMGetFirstUse(ref) != nil }

  public var name: String {
    get {
      var length = 0
      guard let text = LLVMGetValueName2(ref, &length) else { return "" }
      return String(
        decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    }
    nonmutating set { LLVMSetValueName2(ref, newValue, newValue.utf8.count) }
  }

  @inlinable public func replaceAllUses(with other: Value) { LLVMReplaceAllUsesWith(ref, other.ref) }
  @inlinable public func eraseFromParent() { LLVMInstructionEraseFromParent(ref) }
  @inlinable public func operand(_ index: Int) -> Value { Value(LLVMGetOperand(ref, UInt32(index))) }
  @inlinable public var operandCount: Int { Int(LLVMGetNumOperands(ref)) }

  /// Each user once, in the order of its first use.
  public var distinctUsers: [Value] {
    var seen: Set<Value> = []
    return users.filter { seen.insert($0).inserted }
  }

  @inlinable public var operands: [Value] { (0..<operandCount).map(operand) }
  @inlinable public func setOperand(_ index: Int, _ value: Value) {
    LLVMSetOperand(ref, UInt32(index), value.ref)
  }
  /// The instructions that use it, once for each use.
  public var users: [Value] {
    var all: [Value] = []
    var next = LLVMGetFirstUse(ref)
    while let use = next {
      all.append(Value(LLVMGetUser(use)))
      next = LLVMGetNextUse(use)
    }
    return all
  }
  /// Replaces the uses in those users that `isChosen` holds for.
  public func replaceUses(with other: Value, where isChosen: (Value) -> Bool) {
    for user in users where isChosen(user) {
      for n in 0..<user.operandCount where user.operand(n) == self { user.setOperand(n, other) }
    }
  }

  // Instructions.
  @inlinable public var opcode: LLVMOpcode { LLVMGetInstructionOpcode(ref) }
  @inlinable public var block: BasicBlock { BasicBlock(LLVMGetInstructionParent(ref)) }
  /// Of a call, where it is known.
  @inlinable public var callee: Function? {
    LLVMGetCalledValue(ref).flatMap { LLVMIsAFunction($0) }.map { Function($0) }
  }
  /// Of a terminator.
  public var successors: [BasicBlock] {
    (0..<LLVMGetNumSuccessors(ref)).map { BasicBlock(LLVMGetSuccessor(ref, $0)) }
  }
  public func replaceSuccessor(_ block: BasicBlock, with other: BasicBlock) {
    for n in 0..<LLVMGetNumSuccessors(ref) where LLVMGetSuccessor(ref, n) == block.ref {
      LLVMSetSuccessor(ref, n, other.ref)
    }
  }

  // Phi.
  @inlinable public func addIncoming(_ value: Value, from block: BasicBlock) {
    var v: LLVMValueRef? = value.ref
    var b: LLVMBasicBlockRef? = block.ref
    LLVMAddIncoming(ref, &v, &b, 1)
  }
  // Switch.
  @inlinable public func addCase(_ value: Value, _ block: BasicBlock) {
    LLVMAddCase(ref, value.ref, block.ref)
  }

  // Calls.
  @inlinable public var callConvention: UInt32 {
    get { LLVMGetInstructionCallConv(ref) }
    nonmutating set { LLVMSetInstructionCallConv(ref, newValue) }
  }
  @inlinable public var tailCallKind: LLVMTailCallKind {
    get { LLVMGetTailCallKind(ref) }
    nonmutating set { LLVMSetTailCallKind(ref, newValue) }
  }
  /// Of a call; `index` as in `Function.addAttribute`.
  @inlinable public func addCallAttribute(_ attribute: Attribute, at index: AttributeIndex = .function) {
    LLVMAddCallSiteAttribute(ref, index.rawValue, attribute.ref)
  }

  // Memory instructions and globals.
  @inlinable public var alignment: Int {
    get { Int(LLVMGetAlignment(ref)) }
    nonmutating set { LLVMSetAlignment(ref, UInt32(newValue)) }
  }
  @inlinable public var isVolatile: Bool {
    get { LLVMGetVolatile(ref) != 0 }
    nonmutating set { LLVMSetVolatile(ref, newValue ? 1 : 0) }
  }
  /// Of an atomic load or store, or fence.
  @inlinable public var ordering: LLVMAtomicOrdering {
    get { LLVMGetOrdering(ref) }
    nonmutating set { LLVMSetOrdering(ref, newValue) }
  }

  /// On an instruction; kinds come from `LLVMContext.metadataKind`.
  @inlinable public func setMetadata(_ kind: UInt32, _ node: Metadata, _ context: LLVMContext) {
    LLVMSetMetadata(ref, kind, LLVMMetadataAsValue(context.ref, node.ref))
  }
  /// As above, with the node already wrapped by `LLVMContext.value(of:)`.
  @inlinable public func setMetadata(_ kind: UInt32, _ wrapped: Value) {
    LLVMSetMetadata(ref, kind, wrapped.ref)
  }
  /// On a global or function.
  @inlinable public func setGlobalMetadata(_ kind: UInt32, _ node: Metadata) {
    LLVMGlobalSetMetadata(ref, kind, node.ref)
  }
  @inlinable public var fastMathFlags: UInt32 {
    get { LLVMGetFastMathFlags(ref) }
    nonmutating set { LLVMSetFastMathFlags(ref, newValue) }
  }

  // Constant expressions.
  @inlinable public func constAdd(_ other: Value) -> Value { Value(LLVMConstAdd(ref, other.ref)) }
  @inlinable public func constSub(_ other: Value) -> Value { Value(LLVMConstSub(ref, other.ref)) }
  @inlinable public func constTrunc(_ type: IRType) -> Value { Value(LLVMConstTrunc(ref, type.ref)) }
  @inlinable public func constPtrToInt(_ type: IRType) -> Value {
    Value(LLVMConstPtrToInt(ref, type.ref))
  }
  @inlinable public func constIntToPtr(_ type: IRType) -> Value {
    Value(LLVMConstIntToPtr(ref, type.ref))
  }
}

extension Value: CustomStringConvertible {
  public var description: String { takeMessage(LLVMPrintValueToString(ref)) }
}

/// Vector constants.
public func constVector(_ values: [Value]) -> Value {
  var refs = values.map { Optional($0.ref) }
  return Value(LLVMConstVector(&refs, UInt32(refs.count)))
}

/// `llvm::BasicBlock`.
public struct BasicBlock: Equatable, Hashable {
  public let ref: LLVMBasicBlockRef
  @inlinable public init(_ ref: LLVMBasicBlockRef) { self.ref = ref }
  @inlinable public var terminator: Value? { LLVMGetBasicBlockTerminator(ref).map { Value($0) } }
  @inlinable public var firstInstruction: Value? { LLVMGetFirstInstruction(ref).map { Value($0) } }
  public var instructions: [Value] {
    var all: [Value] = []
    var next = LLVMGetFirstInstruction(ref)
    while let instruction = next {
      all.append(Value(instruction))
      next = LLVMGetNextInstruction(instruction)
    }
    return all
  }
  /// The terminators that lead to it.
  public var users: [Value] { Value(LLVMBasicBlockAsValue(ref)).users }
  @inlinable public var parent: Function { Function(LLVMGetBasicBlockParent(ref)) }
  @inlinable public var name: String { String(cString: LLVMGetBasicBlockName(ref)) }
  @inlinable public func moveAfter(_ other: BasicBlock) { LLVMMoveBasicBlockAfter(ref, other.ref) }
  @inlinable public func moveBefore(_ other: BasicBlock) { LLVMMoveBasicBlockBefore(ref, other.ref) }
  @inlinable public func delete() { LLVMDeleteBasicBlock(ref) }
}

/// Where an attribute sits.
public enum AttributeIndex {
  case function, returnValue
  case parameter(Int)
  @inlinable public var rawValue: UInt32 {
    switch self {
    case .function: UInt32.max
    case .returnValue: 0
    case .parameter(let n): UInt32(n) + 1
    }
  }
}
