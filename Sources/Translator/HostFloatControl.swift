// LDMXCSR and STMXCSR on x86 hosts, whose MXCSR is the guest's, masks and flags included. Elsewhere they are
// stepped (Stepped/System.swift).

import LLVM
import X86

extension LLVMMachine {
  /// Emits `i` as it is; false where the host has no MXCSR.
  func runOnHostFloatControl(_ i: Instruction, _ address: Value?) -> Bool {
    guard e.target.architecture == "x86_64", let address else { return false }
    let type = IRType.function(e.context.void, [e.i64])
    func emit(_ text: String) {
      b.call(b.inlineAsm(type, text, constraints: "r,~{memory}"), type, [address])
    }
    switch i.operation {
    case .stmxcsr, .vstmxcsr: emit("stmxcsr ($0)")
    case .ldmxcsr, .vldmxcsr:
      emit("ldmxcsr ($0)")
      let value = b.load(
        e.i32, b.intToPtr(address, e.ptr), align: 1, kind: e.tbaaKind, tag: e.guestTag)
      b.store(value, slotAddress(Slots.mxcsr), align: 4, kind: e.tbaaKind, tag: e.vcpuTag)
    default: return false
    }
    return true
  }
}
