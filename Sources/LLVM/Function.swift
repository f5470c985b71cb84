/// Calling conventions by their number in LLVM 19's CallingConv.h.
public enum CallConvention {
  public static var c: UInt32 { 0 }
  public static var fast: UInt32 { 8 }
  public static var cold: UInt32 { 9 }
  public static var ghc: UInt32 { 10 }
  public static var preserveMost: UInt32 { 14 }
  public static var preserveAll: UInt32 { 15 }
  public static var tail: UInt32 { 18 }
  public static var preserveNone: UInt32 { 21 }
}

/// `llvm::Function`.
public struct Function: Equatable, Hashable {
  public let ref: LLVMValueRef
  @inlinable public init(_ ref: LLVMValueRef) { self.ref = ref }

  @inlinable public var value: Value { Value(ref) }
  /// The function type, which `Builder.call` needs.
  @inlinable public var functionType: IRType { IRType(LLVMGlobalGetValueType(ref)) }
  public var name: String {
    get { value.name }
    nonmutating set { value.name = newValue }
  }
  @inlinable public var isDeclaration: Bool { LLVMIsDeclaration(ref) != 0 }
  @inlinable public var parameterCount: Int { Int(LLVMCountParams(ref)) }
  @inlinable public func parameter(_ index: Int) -> Value { Value(LLVMGetParam(ref, UInt32(index))) }

  @inlinable public var callConvention: UInt32 {
    get { LLVMGetFunctionCallConv(ref) }
    nonmutating set { LLVMSetFunctionCallConv(ref, newValue) }
  }
  @inlinable public var linkage: LLVMLinkage {
    get { LLVMGetLinkage(ref) }
    nonmutating set { LLVMSetLinkage(ref, newValue) }
  }
  @inlinable public var visibility: LLVMVisibility {
    get { LLVMGetVisibility(ref) }
    nonmutating set { LLVMSetVisibility(ref, newValue) }
  }
  public var section: String {
    get { LLVMGetSection(ref).map { String(cString: $0) } ?? "" }
    nonmutating set { LLVMSetSection(ref, newValue) }
  }
  @inlinable public var alignment: Int {
    get { Int(LLVMGetAlignment(ref)) }
    nonmutating set { LLVMSetAlignment(ref, UInt32(newValue)) }
  }
  @inlinable public func addAttribute(
    _ attribute: Attribute, at index: AttributeIndex = .function
  ) {
    LLVMAddAttributeAtIndex(ref, index.rawValue, attribute.ref)
  }
  public func removeAttribute(_ name: String, at index: AttributeIndex = .function) {
    let kind = LLVMGetEnumAttributeKindForName(name, name.utf8.count)
    LLVMRemoveEnumAttributeAtIndex(ref, index.rawValue, kind)
  }
  public func removeStringAttribute(_ name: String, at index: AttributeIndex = .function) {
    LLVMRemoveStringAttributeAtIndex(ref, index.rawValue, name, UInt32(name.utf8.count))
  }

  @inlinable public func appendBasicBlock(_ name: String = "", in context: LLVMContext)
    -> BasicBlock
  {
    BasicBlock(LLVMAppendBasicBlockInContext(context.ref, ref, name))
  }
  @inlinable public var entryBlock: BasicBlock? {
    LLVMCountBasicBlocks(ref) == 0 ? nil : BasicBlock(LLVMGetEntryBasicBlock(ref))
  }
  @inlinable public var basicBlockCount: Int { Int(LLVMCountBasicBlocks(ref)) }
  /// The blocks, in order.
  public var basicBlocks: [BasicBlock] {
    var refs = [LLVMBasicBlockRef?](repeating: nil, count: basicBlockCount)
    LLVMGetBasicBlocks(ref, &refs)
    return refs.map { BasicBlock($0!) }
  }
  @inlinable public func delete() { LLVMDeleteFunction(ref) }

  /// Checks this function alone; false means the IR is wrong (LLVM gives no message here, use
  /// `Module.verify` for one).
  public var isValid: Bool { LLVMVerifyFunction(ref, LLVMReturnStatusAction) == 0 }
}
