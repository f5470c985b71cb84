// A memory fault of host code on the guest's behalf, in translated code or in the interpreter,
// becomes the guest's signal.
//
// The guest's handler runs nested, on the interrupted host stack, while the host's signal frame
// stays on the signal stack. When the handler returns, so does the host's, and the host instruction
// is tried again with every register as it was. When the handler leaves (siglongjmp), the VCPU is
// complete and no host frame is needed any more: dispatch starts afresh.

import GuestLinux
import Host
import Interpreter
import RuntimeABI

private struct FaultNote {
  var vcpu: UInt64
  var signal: UInt64
  var information: UInt64
  var context: UInt64
}

/// `executorFaultHook`. Host traps other than memory faults are the runtime's own.
func hostFault(_ signal: UInt64, _ information: UInt64, _ context: UInt64, _ at: UInt64) -> Bool {
  guard signal == 11 || signal == 7, guestHandles(VCPUPointer(bitPattern: UInt(at))!, signal) else {
    return false
  }
  var note = FaultNote(vcpu: at, signal: signal, information: information, context: context)
  let body: @convention(c) (UInt64) -> UInt64 = nestedFault
  withUnsafePointer(to: &note) {
    _ = hostSwitchStack(
      (interruptedSP(context) &- 1024) & ~63, UInt64(unsafeBitCast(body, to: UInt.self)),
      UInt64(UInt(bitPattern: $0)))
  }
  return true
}

@_cdecl("recast_nested_fault")
public func nestedFault(_ at: UInt64) -> UInt64 {
  let note = UnsafePointer<FaultNote>(bitPattern: UInt(at))!.pointee
  let vcpu = VCPUPointer(bitPattern: UInt(note.vcpu))!
  let previous = limitSignalStack(vcpu, to: (at &- 1024) & ~63)
  let rsp = vcpu.pointee.gpr[4]
  // Registers are those of the last safepoint; the frame must only not hit what is alive.
  let free = lowestStackUse(vcpu, note.context, reach: 8 &<< 20) & ~7
  vcpu.pointee.gpr[4] = free
  let rip = vcpu.pointee.rip
  let information = UnsafeRawPointer(bitPattern: UInt(note.information))!
  raiseSignal(
    vcpu, note.signal, code: information.load(fromByteOffset: 8, as: Int32.self),
    address: information.load(fromByteOffset: 16, as: UInt64.self), trap: 14, error: 4)
  if runHandler(vcpu, resume: ResumePoint(rip: rip, behind: rip, rsp: free)) == 0 {
    vcpu.pointee.gpr[4] = rsp
    _ = limitSignalStack(vcpu, to: previous)
    return 0
  }
  vcpu.pointee.unwinding = 0
  _ = limitSignalStack(vcpu, to: 0)
  let top = vcpu.pointee.hostStackLimit
  if top == 0 { return runForever(note.vcpu) }
  let body: @convention(c) (UInt64) -> UInt64 = runForever
  return hostSwitchStack(top, UInt64(unsafeBitCast(body, to: UInt.self)), note.vcpu)
}
