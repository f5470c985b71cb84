import LLVM

/// What the IR words need to build instructions: one context and builder per process.
///
/// Words are plain values with operators, so the builder cannot be passed to them. Every shard is
/// translated by a process of its own with one thread, which is what makes this global sound.
final class Emission {
  let context: LLVMContext
  let builder: Builder
  let module: Module
  let target: TargetTraits
  let i1, i8, i16, i32, i64, i128, v2i64, ptr, double, float: IRType
  /// Guest memory and VCPU slots never overlap: two TBAA types under one root.
  let tbaaKind: UInt32
  let guestTag, vcpuTag: Value
  let profKind: UInt32
  let unlikely: Value
  /// The function being lifted sees the floating-point environment change (`FunctionLifter`).
  var isStrict = false
  /// Its instructions are compiled for x86-64-v3 (`HostFeatures`).
  var isWide = false
  /// `memory(inaccessiblemem: readwrite)`: two bits for each kind of memory.
  let inaccessibleMemory: Attribute
  let dynamicRounding, strictExceptions, unusedExceptions: Value

  nonisolated(unsafe) static var current: Emission! = nil

  init(module: Module, target: TargetTraits) {
    context = module.context
    self.module = module
    self.target = target
    builder = Builder(context)
    i1 = context.i1
    i8 = context.i8
    i16 = context.i16
    i32 = context.i32
    i64 = context.i64
    i128 = context.i128
    v2i64 = context.i64.vector(2)
    ptr = context.ptr
    double = context.double
    float = context.float
    tbaaKind = context.metadataKind("tbaa")
    let root = context.tbaaRoot("recast")
    guestTag = context.value(of: context.tbaaTag(context.tbaaType("guest", parent: root)))
    vcpuTag = context.value(of: context.tbaaTag(context.tbaaType("vcpu", parent: root)))
    profKind = context.metadataKind("prof")
    unlikely = context.value(of: context.branchWeights([1, 100_000]))
    dynamicRounding = context.value(of: context.mdString("round.dynamic"))
    inaccessibleMemory = context.attribute("memory", 3 << 2)
    unusedExceptions = context.value(of: context.mdString("fpexcept.maytrap"))
    strictExceptions = context.value(of: context.mdString("fpexcept.strict"))
  }

  /// An unlikely branch to `cold`.
  func branchCold(_ condition: Value, _ cold: BasicBlock, _ hot: BasicBlock) {
    let branch = builder.condBr(condition, cold, hot)
    branch.setMetadata(profKind, unlikely)
  }
}

/// What differs between targets in how meanings become IR.
public struct TargetTraits {
  /// The triple's first component.
  public var architecture: String
  /// LLVM's feature string.
  public var features: String
  /// Floating-point instructions choose NaNs as x86 does.
  public var hasX86NaN: Bool { architecture == "x86_64" }
  /// Conversions between formats keep a NaN's sign and payload, as x86's do.
  public var convertsNaNs: Bool { ["x86_64", "aarch64"].contains(architecture) }

  /// No vector registers beyond those of the baseline hold values, so that hand-written assembly can
  /// save them all.
  public var hasBaselineVectors: Bool
  /// PCMPISTRI itself is there (SSE4.2).
  public var hasStringComparison: Bool
  /// The processor that code is scheduled and chosen for, where it is not the one whose features it has: LLVM tunes
  /// x86-64-v2 for Sandy Bridge, with rotations by SHLD, which are slow on other processors.
  public var tuning: String? { architecture == "x86_64" && hasBaselineVectors ? "generic" : nil }

  /// A rotation is one instruction, as the code table's index wants it. Without (riscv64), the code map is
  /// quicker: qsortcb takes 4 % fewer instructions.
  var hasCheapRotation: Bool { ["x86_64", "aarch64"].contains(architecture) }
  /// Passes that are left out.
  public var disabled: Set<OwnPass> = []
  func does(_ pass: OwnPass) -> Bool { !disabled.contains(pass) }

  public init(
    architecture: String, features: String = "", hasBaselineVectors: Bool = true,
    hasStringComparison: Bool = false, disabled: Set<OwnPass> = []
  ) {
    self.disabled = disabled
    self.architecture = architecture
    self.features = features
    self.hasBaselineVectors = hasBaselineVectors
    self.hasStringComparison = hasStringComparison
  }
}
