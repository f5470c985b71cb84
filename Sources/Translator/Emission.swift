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
  let tbaaKind: UInt32
  let guestTag, vcpuTag: Value
  /// For vectors in guest memory: `guestTag`, or while an instruction on 32 bytes is lifted that of their halves.
  var vectorTag: Value
  let halfTag: Value
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
    let tags = MemoryTags(context)
    (guestTag, vcpuTag, halfTag) = (tags.guest, tags.vcpu, tags.half)
    vectorTag = guestTag
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
