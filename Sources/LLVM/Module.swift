/// `llvm::Module`. Keeps its context alive.
public final class Module {
  public let context: LLVMContext
  public private(set) var ref: LLVMModuleRef
  private var isOwned = true

  public init(_ name: String, in context: LLVMContext) {
    self.context = context
    ref = LLVMModuleCreateWithNameInContext(name, context.ref)
  }
  init(owning ref: LLVMModuleRef, in context: LLVMContext) {
    self.context = context
    self.ref = ref
  }
  deinit { if isOwned { LLVMDisposeModule(ref) } }

  /// Parses bitcode or textual IR, whichever it is.
  public convenience init(bytes: [UInt8], name: String, in context: LLVMContext) throws(LLVMError) {
    // Textual IR wants a byte of zero behind the buffer: the copy has it.
    let buffer = bytes.withUnsafeBytes {
      LLVMCreateMemoryBufferWithMemoryRangeCopy(
        $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, name)
    }
    var module: LLVMModuleRef?
    var message: UnsafeMutablePointer<CChar>?
    let failed = LLVMParseIRInContext(context.ref, buffer, &module, &message) != 0
    let said = takeMessage(message)
    try context.check(failed, said)
    self.init(owning: module!, in: context)
  }

  public convenience init(path: String, in context: LLVMContext) throws(LLVMError) {
    var buffer: LLVMMemoryBufferRef?
    var message: UnsafeMutablePointer<CChar>?
    if LLVMCreateMemoryBufferWithContentsOfFile(path, &buffer, &message) != 0 {
      throw LLVMError("\(path): \(takeMessage(message))")
    }
    var module: LLVMModuleRef?
    let failed = LLVMParseIRInContext(context.ref, buffer, &module, &message) != 0
    let said = takeMessage(message)
    try context.check(failed, said)
    self.init(owning: module!, in: context)
  }

  public var text: String { takeMessage(LLVMPrintModuleToString(ref)) }
  public var bitcode: [UInt8] { takeBytes(LLVMWriteBitcodeToMemoryBuffer(ref)) }

  public var triple: String {
    get { String(cString: LLVMGetTarget(ref)) }
    set { LLVMSetTarget(ref, newValue) }
  }
  public var dataLayout: String {
    get { String(cString: LLVMGetDataLayoutStr(ref)) }
    set { LLVMSetDataLayout(ref, newValue) }
  }
  /// Assembly text ahead of the module's own code; setting replaces it.
  public var inlineAssembly: String {
    get {
      var length = 0
      guard let text = LLVMGetModuleInlineAsm(ref, &length) else { return "" }
      return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    }
    set { LLVMSetModuleInlineAsm2(ref, newValue, newValue.utf8.count) }
  }
  public func appendInlineAssembly(_ text: String) {
    LLVMAppendModuleInlineAsm(ref, text, text.utf8.count)
  }
  public func setFlag(_ key: String, _ value: UInt32, behavior: LLVMModuleFlagBehavior) {
    LLVMAddModuleFlag(
      ref, behavior, key, key.utf8.count, LLVMValueAsMetadata(context.i32.constInt(UInt64(value)).ref))
  }
  public func setFlag(_ key: String, _ value: Metadata, behavior: LLVMModuleFlagBehavior) {
    LLVMAddModuleFlag(ref, behavior, key, key.utf8.count, value.ref)
  }

  public func addFunction(_ name: String, _ type: IRType) -> Function {
    Function(LLVMAddFunction(ref, name, type.ref))
  }
  public func function(named name: String) -> Function? {
    LLVMGetNamedFunction(ref, name).map { Function($0) }
  }
  public func addGlobal(_ name: String, _ type: IRType) -> GlobalVariable {
    GlobalVariable(LLVMAddGlobal(ref, type.ref, name))
  }
  public func addGlobal(_ name: String, _ type: IRType, addressSpace: UInt32) -> GlobalVariable {
    GlobalVariable(LLVMAddGlobalInAddressSpace(ref, type.ref, name, addressSpace))
  }
  public func global(named name: String) -> GlobalVariable? {
    LLVMGetNamedGlobal(ref, name).map { GlobalVariable($0) }
  }
  public func addAlias(_ name: String, of value: Value, type: IRType) -> Value {
    Value(LLVMAddAlias2(ref, type.ref, 0, value.ref, name))
  }
  /// All functions, declarations too.
  public var functions: [Function] {
    var all: [Function] = []
    var next = LLVMGetFirstFunction(ref)
    while let f = next {
      all.append(Function(f))
      next = LLVMGetNextFunction(f)
    }
    return all
  }
  public var globals: [GlobalVariable] {
    var all: [GlobalVariable] = []
    var next = LLVMGetFirstGlobal(ref)
    while let g = next {
      all.append(GlobalVariable(g))
      next = LLVMGetNextGlobal(g)
    }
    return all
  }

  /// The declaration of an intrinsic; `types` are its overloaded types.
  public func intrinsic(_ name: String, _ types: [IRType] = []) -> Function {
    let id = LLVMLookupIntrinsicID(name, name.utf8.count)
    precondition(id != 0, "LLVM 19 has no intrinsic \(name)")
    var refs = types.map { Optional($0.ref) }
    return Function(LLVMGetIntrinsicDeclaration(ref, id, &refs, refs.count))
  }

  public func verify() throws(LLVMError) {
    var message: UnsafeMutablePointer<CChar>?
    let failed = LLVMVerifyModule(ref, LLVMReturnStatusAction, &message) != 0
    let said = takeMessage(message)
    try context.check(failed, said)
  }

  /// Moves everything of `other` (same context) into this module; `other` is used up.
  public func link(_ other: Module) throws(LLVMError) {
    precondition(other.context === context && other.isOwned)
    other.isOwned = false
    try context.check(LLVMLinkModules2(ref, other.ref) != 0, "the modules do not link")
  }

  public func clone() -> Module { Module(owning: LLVMCloneModule(ref), in: context) }

  /// Runs a textual pass pipeline, such as `default<O2>` or `function(sroa,instcombine)`.
  public func runPasses(
    _ pipeline: String, on machine: TargetMachine? = nil, options: PassOptions = PassOptions()
  ) throws(LLVMError) {
    let o = LLVMCreatePassBuilderOptions()
    defer { LLVMDisposePassBuilderOptions(o) }
    LLVMPassBuilderOptionsSetVerifyEach(o, options.verifyEach ? 1 : 0)
    LLVMPassBuilderOptionsSetLoopVectorization(o, options.loopVectorization ? 1 : 0)
    LLVMPassBuilderOptionsSetSLPVectorization(o, options.slpVectorization ? 1 : 0)
    LLVMPassBuilderOptionsSetLoopInterleaving(o, options.loopInterleaving ? 1 : 0)
    LLVMPassBuilderOptionsSetLoopUnrolling(o, options.loopUnrolling ? 1 : 0)
    LLVMPassBuilderOptionsSetMergeFunctions(o, options.mergeFunctions ? 1 : 0)
    if let threshold = options.inlinerThreshold {
      LLVMPassBuilderOptionsSetInlinerThreshold(o, Int32(threshold))
    }
    if let error = LLVMRunPasses(ref, pipeline, machine?.ref, o) {
      let message = LLVMGetErrorMessage(error)
      defer { LLVMDisposeErrorMessage(message) }
      throw LLVMError(message.map { String(cString: $0) } ?? "the passes failed")
    }
    try context.check(false, "")
  }
}

public struct PassOptions: Sendable {
  public var verifyEach = false
  public var loopVectorization = true
  public var slpVectorization = true
  public var loopInterleaving = true
  public var loopUnrolling = true
  public var mergeFunctions = false
  public var inlinerThreshold: Int?
  public init() {}
}

/// `llvm::GlobalVariable`.
public struct GlobalVariable: Equatable, Hashable {
  public let ref: LLVMValueRef
  @inlinable public init(_ ref: LLVMValueRef) { self.ref = ref }
  @inlinable public var value: Value { Value(ref) }
  @inlinable public var valueType: IRType { IRType(LLVMGlobalGetValueType(ref)) }
  public var name: String { value.name }
  @inlinable public var isDeclaration: Bool { LLVMIsDeclaration(ref) != 0 }
  public var initializer: Value? {
    get { LLVMGetInitializer(ref).map { Value($0) } }
    nonmutating set { LLVMSetInitializer(ref, newValue?.ref) }
  }
  public var isConstant: Bool {
    get { LLVMIsGlobalConstant(ref) != 0 }
    nonmutating set { LLVMSetGlobalConstant(ref, newValue ? 1 : 0) }
  }
  public var linkage: LLVMLinkage {
    get { LLVMGetLinkage(ref) }
    nonmutating set { LLVMSetLinkage(ref, newValue) }
  }
  public var visibility: LLVMVisibility {
    get { LLVMGetVisibility(ref) }
    nonmutating set { LLVMSetVisibility(ref, newValue) }
  }
  public var section: String {
    get { LLVMGetSection(ref).map { String(cString: $0) } ?? "" }
    nonmutating set { LLVMSetSection(ref, newValue) }
  }
  public var alignment: Int {
    get { Int(LLVMGetAlignment(ref)) }
    nonmutating set { LLVMSetAlignment(ref, UInt32(newValue)) }
  }
  public func delete() { LLVMDeleteGlobal(ref) }
}

func takeBytes(_ buffer: LLVMMemoryBufferRef?) -> [UInt8] {
  guard let buffer else { return [] }
  defer { LLVMDisposeMemoryBuffer(buffer) }
  return [UInt8](
    UnsafeRawBufferPointer(start: LLVMGetBufferStart(buffer), count: LLVMGetBufferSize(buffer)))
}
