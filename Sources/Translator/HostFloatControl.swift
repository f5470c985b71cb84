// LDMXCSR and STMXCSR on x86 hosts, whose MXCSR is the guest's, masks and flags included. Elsewhere
// LDMXCSR is stepped (Stepped/System.swift), and STMXCSR adds to the VCPU's MXCSR the flags that the host has
// raised, as `currentMXCSR` there does.

import LLVM
import X86

extension TargetTraits {
  /// The instruction that reads the host's exception flags, and where they are: (host bit, MXCSR bit, number of
  /// bits). IE is MXCSR's bit 0, ZE OE UE PE are bits 2 to 5.
  fileprivate var floatFlags: (read: String, bits: [(from: Int, to: Int, count: Int)])? {
    switch architecture {
    case "aarch64": ("mrs $0, fpsr", [(0, 0, 1), (1, 2, 4)])
    default: nil
    }
  }
}

extension LLVMMachine {
  /// Emits `i` as it is; false where the host has nothing for it.
  func runOnHostFloatControl(_ i: Instruction, _ address: Value?) -> Bool {
    guard let address else { return false }
    switch i.operation {
    case .stmxcsr, .vstmxcsr: return storeFloatControl(address)
    case .ldmxcsr, .vldmxcsr: return loadFloatControl(address)
    default: return false
    }
  }

  private var isX86: Bool { e.target.isX86 }

  private func emit(_ text: String, _ address: Value) {
    let type = IRType.function(e.context.void, [e.i64])
    b.call(b.inlineAsm(type, text, constraints: "r,~{memory}"), type, [address])
  }

  private func loadFloatControl(_ address: Value) -> Bool {
    guard isX86 else { return false }
    emit("ldmxcsr ($0)", address)
    let value = b.load(
      e.i32, b.intToPtr(address, e.ptr), align: 1, kind: e.tbaaKind, tag: e.guestTag)
    b.store(value, slotAddress(Slots.mxcsr), align: 4, kind: e.tbaaKind, tag: e.vcpuTag)
    return true
  }

  private func storeFloatControl(_ address: Value) -> Bool {
    if isX86 {
      emit("stmxcsr ($0)", address)
      return true
    }
    guard let flags = e.target.floatFlags else { return false }
    let type = IRType.function(e.i64, [])
    let raised = b.call(b.inlineAsm(type, flags.read, constraints: "=r,~{memory}"), type, [])
    let slot = slotAddress(Slots.mxcsr)
    var value = b.load(e.i32, slot, align: 4, kind: e.tbaaKind, tag: e.vcpuTag)
    for (from, to, count) in flags.bits {
      let bits = b.and(b.lshr(raised, e.i64.constInt(UInt64(from))), e.i64.constInt(1 << UInt64(count) - 1))
      value = b.or(value, b.trunc(b.shl(bits, e.i64.constInt(UInt64(to))), e.i32))
    }
    b.store(value, slot, align: 4, kind: e.tbaaKind, tag: e.vcpuTag)
    b.store(value, b.intToPtr(address, e.ptr), align: 1, kind: e.tbaaKind, tag: e.guestTag)
    return true
  }
}
