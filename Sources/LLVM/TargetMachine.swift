/// `llvm::TargetMachine`.
public final class TargetMachine {
  public let ref: LLVMTargetMachineRef
  public let triple: String

  public static let initialize: Void = recast_initialize_all_targets()

  /// For the rest of this process, loop strength reduction keeps a loop unless its own solution costs less: an option of
  /// LLVM's command line, which the C interface has no other way to.
  public static let keepCheapLoops: Void = {
    "recast".withCString { tool in
      "-lsr-drop-solution".withCString { option in
        let words: [UnsafePointer<CChar>?] = [tool, option]
        LLVMParseCommandLineOptions(Int32(words.count), words, nil)
      }
    }
  }()

  /// Whether this LLVM can emit code for the triple.
  public static func hasBackend(for triple: String) -> Bool {
    _ = initialize
    var target: LLVMTargetRef?
    var message: UnsafeMutablePointer<CChar>?
    let isMissing = LLVMGetTargetFromTriple(triple, &target, &message) != 0
    if isMissing { _ = takeMessage(message) }
    return !isMissing
  }

  /// "19.1.7"
  public static var version: String {
    var (major, minor, patch): (UInt32, UInt32, UInt32) = (0, 0, 0)
    LLVMGetVersion(&major, &minor, &patch)
    return "\(major).\(minor).\(patch)"
  }

  /// - Parameters:
  ///   - abi: "lp64d" and the like; empty for the target's default.
  ///   - level: of instruction selection, 0…3.
  public init(
    triple: String, cpu: String = "", features: String = "", abi: String = "", level: Int = 2,
    reloc: LLVMRelocMode = LLVMRelocPIC, codeModel: LLVMCodeModel = LLVMCodeModelSmall
  ) throws(LLVMError) {
    _ = TargetMachine.initialize
    var target: LLVMTargetRef?
    var message: UnsafeMutablePointer<CChar>?
    if LLVMGetTargetFromTriple(triple, &target, &message) != 0 {
      throw LLVMError(takeMessage(message))
    }
    let options = LLVMCreateTargetMachineOptions()
    defer { LLVMDisposeTargetMachineOptions(options) }
    LLVMTargetMachineOptionsSetCPU(options, cpu)
    LLVMTargetMachineOptionsSetFeatures(options, features)
    if !abi.isEmpty { LLVMTargetMachineOptionsSetABI(options, abi) }
    let levels = [
      LLVMCodeGenLevelNone, LLVMCodeGenLevelLess, LLVMCodeGenLevelDefault,
      LLVMCodeGenLevelAggressive,
    ]
    LLVMTargetMachineOptionsSetCodeGenOptLevel(options, levels[max(0, min(3, level))])
    LLVMTargetMachineOptionsSetRelocMode(options, reloc)
    LLVMTargetMachineOptionsSetCodeModel(options, codeModel)
    guard let machine = LLVMCreateTargetMachineWithOptions(target, triple, options) else {
      throw LLVMError("LLVM has no target machine for \(triple)")
    }
    ref = machine
    self.triple = triple
  }
  deinit { LLVMDisposeTargetMachine(ref) }

  public var dataLayout: String {
    let data = LLVMCreateTargetDataLayout(ref)
    defer { LLVMDisposeTargetData(data) }
    return takeMessage(LLVMCopyStringRepOfTargetData(data))
  }

  /// Gives the module this machine's triple and layout.
  public func prepare(_ module: Module) {
    module.triple = triple
    module.dataLayout = dataLayout
  }

  public func emit(_ module: Module, _ type: LLVMCodeGenFileType = LLVMObjectFile)
    throws(LLVMError) -> [UInt8]
  {
    var buffer: LLVMMemoryBufferRef?
    var message: UnsafeMutablePointer<CChar>?
    let failed =
      LLVMTargetMachineEmitToMemoryBuffer(ref, module.ref, type, &message, &buffer) != 0
    let said = failed ? takeMessage(message) : ""
    let bytes = takeBytes(buffer)
    try module.context.check(failed, said)
    return bytes
  }

  /// The running machine's CPU and features, in LLVM's spelling.
  public static var hostCPU: (name: String, features: String) {
    (takeMessage(LLVMGetHostCPUName()), takeMessage(LLVMGetHostCPUFeatures()))
  }
}

public var llvmVersion: String {
  var (major, minor, patch): (UInt32, UInt32, UInt32) = (0, 0, 0)
  LLVMGetVersion(&major, &minor, &patch)
  return "\(major).\(minor).\(patch)"
}
