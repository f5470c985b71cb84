// Dispatch: who runs next, translated code or the interpreter, and how host frames come and go.
//
// Every host frame of translated code stands for one guest frame. `interpret` stands for a guest
// frame, too: the one whose return address is at `entryRSP`. It runs guest code from `vcpu.rip`,
// calls translated functions where the code map has them, and answers the PC its frame returned to.
// A guest that leaves in another way (longjmp, unwinding, a switch of stacks) is noticed by its RSP:
// then `unwinding` is set and host frames return until one of them still stands for a live guest
// frame; the bottom one always does.

import GuestLinux
import Host
import Interpreter
import RuntimeABI

@_extern(c, "recast_enter")
func enterTranslated(_ vcpu: UnsafeMutablePointer<VCPU>, _ host: UInt64, _ delivered: UInt64) -> UInt64

@_extern(c, "recast_guest_image")
func guestImage() -> UnsafePointer<GuestImage>

/// What unknown code has to bring back unchanged for its translated callers (psABI 3.2.1).
struct CalleeSaved: Equatable {
  var rbx, rbp, r12, r13, r14, r15: UInt64

  init(_ vcpu: UnsafeMutablePointer<VCPU>) {
    rbx = vcpu.pointee.gpr[3]
    rbp = vcpu.pointee.gpr[5]
    r12 = vcpu.pointee.gpr[12]
    r13 = vcpu.pointee.gpr[13]
    r14 = vcpu.pointee.gpr[14]
    r15 = vcpu.pointee.gpr[15]
  }

  func restore(_ vcpu: UnsafeMutablePointer<VCPU>) {
    vcpu.pointee.gpr[3] = rbx
    vcpu.pointee.gpr[5] = rbp
    vcpu.pointee.gpr[12] = r12
    vcpu.pointee.gpr[13] = r13
    vcpu.pointee.gpr[14] = r14
    vcpu.pointee.gpr[15] = r15
  }
}

/// Answered by whoever returns while unwinding: no return address is 1.
let unwindingAnswer: UInt64 = 1

/// Where a nested run ends: a signal handler has returned to what it interrupted.
struct ResumePoint {
  var rip: UInt64
  var rsp: UInt64
}

func unwind(_ vcpu: UnsafeMutablePointer<VCPU>) -> UInt64 {
  vcpu.pointee.unwinding = 1
  return unwindingAnswer
}

/// Runs guest code until the frame with its return address at `entryRSP` returns (answers the PC),
/// until `resume` is reached (answers 0), or until the guest has left (answers `unwindingAnswer`).
func run(
  _ vcpu: UnsafeMutablePointer<VCPU>, entryRSP: UInt64, resume: ResumePoint?
) -> UInt64 {
  let map = CodeMapView(guestImage())
  var machine = InterpreterMachine(vcpu)
  // Only where control has just been transferred may a translated function begin.
  var mayEnter = true
  while true {
    if vcpu.pointee.pending != 0 { _ = deliverPending(vcpu) }
    if mayEnter, let translated = map.find(vcpu.pointee.rip) {
      let rsp = vcpu.pointee.gpr[4]
      let saved = CalleeSaved(vcpu)
      let pc = enterTranslated(vcpu, translated.host, translated.delivered)
      if vcpu.pointee.unwinding != 0 {
        vcpu.pointee.unwinding = 0
        if reached(resume, vcpu) { return 0 }
        if vcpu.pointee.gpr[4] > entryRSP { return unwind(vcpu) }
        continue
      }
      saved.restore(vcpu)
      vcpu.pointee.gpr[4] = rsp &+ 8
      vcpu.pointee.rip = pc
      if rsp == entryRSP { return pc }
      if rsp > entryRSP { return unwind(vcpu) }
      continue
    }
    mayEnter = true
    switch machine.runBlock() {
    case .next: mayEnter = false
    case .jump, .call:
      if vcpu.pointee.gpr[4] > entryRSP { return unwind(vcpu) }
    case .ret:
      let rsp = vcpu.pointee.gpr[4]
      if rsp == entryRSP &+ 8 { return vcpu.pointee.rip }
      if rsp > entryRSP { return unwind(vcpu) }
    case .systemCall:
      if case .transferred = systemCall(vcpu) {
        machine.codeChanged()
        if reached(resume, vcpu) { return 0 }
      }
    case .fault(let fault):
      raiseFault(vcpu, fault)
    }
  }
}

private func reached(_ resume: ResumePoint?, _ vcpu: UnsafeMutablePointer<VCPU>) -> Bool {
  guard let resume else { return false }
  return vcpu.pointee.rip == resume.rip && vcpu.pointee.gpr[4] == resume.rsp
}

/// `Symbol.interpret`: the frame whose return address is at `entryRSP` goes on at `vcpu.rip`.
@_cdecl("recast_interpret")
public func interpret(_ vcpu: UnsafeMutablePointer<VCPU>, _ entryRSP: UInt64) -> UInt64 {
  vcpu.pointee.unwinding = 0
  // The guest has left this frame.
  if vcpu.pointee.gpr[4] > entryRSP { return unwind(vcpu) }
  let isWholeFrame = vcpu.pointee.gpr[4] == entryRSP
  let before = CalleeSaved(vcpu)
  let pc = run(vcpu, entryRSP: entryRSP, resume: nil)
  if vcpu.pointee.unwinding != 0 { return pc }
  // Translated callers keep these in host registers; code that breaks the psABI is not for them.
  if isWholeFrame && CalleeSaved(vcpu) != before { return unwind(vcpu) }
  return pc
}

/// Delivers pending signals in the middle of translated code: their handlers run nested on this
/// host stack. Answers 0 when the interrupted code may simply go on.
private func deliverNested(_ vcpu: UnsafeMutablePointer<VCPU>) -> UInt64 {
  let here = ResumePoint(rip: vcpu.pointee.rip, rsp: vcpu.pointee.gpr[4])
  guard deliverPending(vcpu) else { return 0 }
  // On the interrupted stack a handler's frames are below it; on an alternate stack they are in
  // the frame's neighbourhood, and leaving that means leaving the handler.
  let handlerRSP = vcpu.pointee.gpr[4]
  let isSameStack = handlerRSP < here.rsp && here.rsp &- handlerRSP < 1 &<< 16
  let bound = isSameStack ? here.rsp : handlerRSP &+ 1 &<< 13
  let answer = run(vcpu, entryRSP: bound, resume: here)
  if vcpu.pointee.unwinding == 0 && answer != 0 { return unwind(vcpu) }
  return answer
}

@_cdecl("recast_safepoint")
public func safepoint(_ vcpu: UnsafeMutablePointer<VCPU>) -> UInt64 { deliverNested(vcpu) }

@_cdecl("recast_system_call")
public func systemCallFromTranslated(_ vcpu: UnsafeMutablePointer<VCPU>) -> UInt64 {
  if case .transferred = systemCall(vcpu) { return unwind(vcpu) }
  if vcpu.pointee.pending != 0 { return deliverNested(vcpu) }
  return 0
}

@_cdecl("recast_fault")
public func faultFromTranslated(_ vcpu: UnsafeMutablePointer<VCPU>, _ vector: UInt64) -> UInt64 {
  raiseFault(vcpu, GuestFault(Fault(rawValue: UInt8(vector))!, address: 0))
  return unwind(vcpu)
}

@_cdecl("recast_step")
public func step(_ vcpu: UnsafeMutablePointer<VCPU>, _ pc: UInt64, _ address: UInt64) -> UInt64 {
  var machine = InterpreterMachine(vcpu)
  if let fault = machine.step(at: pc, address: address) {
    raiseFault(vcpu, fault)
    return unwind(vcpu)
  }
  return 0
}

/// The child of a `clone` that shares memory: on a host stack of its own.
@_cdecl("recast_run_child")
public func runChild(_ vcpu: UnsafeMutablePointer<VCPU>) {
  while true { _ = run(vcpu, entryRSP: .max, resume: nil) }
}

@_cdecl("recast_start")
public func start(_ stack: UnsafeMutablePointer<UInt64>) {
  let vcpu = prepare(stack)
  runChild(vcpu)
}
