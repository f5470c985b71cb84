// Safepoints: where a loop looks whether signals are to be delivered.
//
// The flag's test stays in line; the cold side calls `recast_poll` (Runtime/Host/Assembly), which
// keeps every register, so that nothing has to be saved around it. Loops that end by themselves have
// none (CountedLoops.swift): whatever runs on polls in the loop around them.

import LLVM
import RuntimeABI
import X86

extension TargetTraits {
  /// How to call a function that keeps all registers: where it looks for the VCPU, as the assembler's
  /// constraint, unless it knows by itself; the register that the call itself changes, and the call. LLVM passes over a
  /// name that it does not know without a word: it knows `lr`, and not `x30`.
  ///
  /// - Parameter isWide: YMM registers may be in use.
  func poll(isWide: Bool) -> (vcpu: String?, link: String, call: String)? {
    guard hasBaselineVectors else { return nil }
    return switch architecture {
    case "x86_64": ("{rbx}", "", isWide ? "call recast_poll_wide" : "call recast_poll")
    case "aarch64": (nil, ",~{lr}", "bl recast_poll")
    case "riscv64": (nil, ",~{x1}", "call recast_poll")
    case "loongarch64": (nil, ",~{$r1}", "bl recast_poll")
    default: nil
    }
  }
}

extension FunctionLifter {
  /// At the start of block `target`, where the registers in `live` matter.
  func emitSafepoint(before target: Int, live: RegisterSet) {
    let pending = b.load(
      e.i32, machine.slotAddress(Slots.pending), align: 4, kind: e.tbaaKind, tag: e.vcpuTag)
    pending.isVolatile = true
    let cold = function.appendBasicBlock(in: e.context)
    let go = function.appendBasicBlock(in: e.context)
    e.branchCold(b.icmp(LLVMIntNE, pending, e.i32.null), cold, go)
    b.positionAtEnd(cold)
    // The handler's frame is built below RSP; the other registers stay where they are
    // (docs/QUIRKS.md, "Registers in signal frames"), except where they are known to be used.
    if analysis.convention.preempts {
      for r in live.subtracting(.rsp) { machine.storeSlot(r, machine.read(r)) }
    }
    machine.storeSlot(.gpr(.rsp), machine.get(.gpr(.rsp)))
    for r in machine.dirty where isSlotHomed(r) { machine.storeSlot(r, machine.read(r)) }
    unit.storeRIP(e.i64.constInt(facts.blocks[target].start), machine)
    if let poll = e.target.poll(isWide: e.isWide) {
      let type = IRType.function(e.context.void, poll.vcpu == nil ? [] : [e.ptr])
      let vcpu = poll.vcpu.map { $0 + "," } ?? ""
      let code = b.inlineAsm(type, poll.call, constraints: vcpu + "~{memory}" + poll.link)
      b.call(code, type, poll.vcpu == nil ? [] : [machine.vcpu])
      let unwinding = b.load(
        e.i8, machine.slotAddress(Slots.unwinding), align: 1, kind: e.tbaaKind, tag: e.vcpuTag)
      let unwind = function.appendBasicBlock(in: e.context)
      e.branchCold(b.icmp(LLVMIntNE, unwinding, e.i8.null), unwind, go)
      b.positionAtEnd(unwind)
      branch(to: .unwind)
    } else {
      callRuntime(Symbol.safepoint, [])
      b.br(go)
    }
    b.positionAtEnd(go)
  }
}
