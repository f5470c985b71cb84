// What kind of memory an access is to, as LLVM's TBAA metadata says it.

import LLVM

/// Guest memory and VCPU slots never overlap: two types under one root.
struct MemoryTags {
  let guest, vcpu: Value
  /// Guest memory, too: one half of what one instruction accesses of 32 bytes.
  let half: Value

  init(_ context: LLVMContext) {
    let root = context.tbaaRoot("recast")
    let guestType = context.tbaaType("guest", parent: root)
    func tag(_ type: Metadata) -> Value { context.value(of: context.tbaaTag(type)) }
    guest = tag(guestType)
    half = tag(context.tbaaType("half", parent: guestType))
    vcpu = tag(context.tbaaType("vcpu", parent: root))
  }
}
