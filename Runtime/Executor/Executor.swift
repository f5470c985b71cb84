// Dispatch: who runs next, translated code or the interpreter, and how host frames come and go.
//
// Every host frame of translated code stands for one guest frame. `run` stands for a guest frame,
// too: the one whose return address is at `entryRSP`. It evaluates guest code from `vcpu.rip`, calls
// translated functions where the code map has them, and answers the PC its frame returned to. A
// guest that leaves in another way (longjmp, unwinding, a switch of stacks) is noticed by its RSP:
// then `unwinding` is set and host frames return until one of them still stands for a live guest
// frame; the bottom one always does.

import GuestLinux
import Host
import Interpreter
import RuntimeABI
import Semantics

@_extern(c, "recast_enter")
func enterTranslated(_ vcpu: UInt64, _ host: UInt64, _ delivered: UInt64) -> UInt64

typealias VCPUPointer = UnsafeMutablePointer<VCPU>

/// What unknown code has to bring back unchanged for its translated callers (psABI 3.2.1).
struct CalleeSaved: Equatable {
  var rbx, rbp, r12, r13, r14, r15: UInt64

  init(_ vcpu: VCPUPointer) {
    rbx = vcpu.pointee.gpr[3]
    rbp = vcpu.pointee.gpr[5]
    r12 = vcpu.pointee.gpr[12]
    r13 = vcpu.pointee.gpr[13]
    r14 = vcpu.pointee.gpr[14]
    r15 = vcpu.pointee.gpr[15]
  }

  func restore(_ vcpu: VCPUPointer) {
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

/// Where a nested run ends: a signal handler has returned to what it interrupted. An interrupted
/// system call goes on at its instruction or behind it.
struct ResumePoint {
  var rip: UInt64
  var behind: UInt64
  var rsp: UInt64

  func isReached(_ vcpu: VCPUPointer) -> Bool {
    (vcpu.pointee.rip == rip || vcpu.pointee.rip == behind) && vcpu.pointee.gpr[4] == rsp
  }
}

/// How host frames return while unwinding (`VCPU.unwinding`).
enum Unwinding {
  /// Every frame adds the registers that nothing below it touches.
  static var filling: UInt8 { 1 }
  /// The VCPU has all registers: a signal handler, which may have interrupted any frame, has left
  /// by itself.
  static var complete: UInt8 { 2 }
}

func unwind(_ vcpu: VCPUPointer, _ kind: UInt8 = Unwinding.filling) -> UInt64 {
  vcpu.pointee.unwinding = kind
  return unwindingAnswer
}

/// Evaluates guest code until the frame with its return address at `entryRSP` returns (answers the
/// PC), until `resume` is reached (answers 0), or until the guest has left (`unwindingAnswer`).
func run(
  _ vcpu: VCPUPointer, entryRSP: UInt64, resume: ResumePoint?, kind: UInt8 = Unwinding.filling
) -> UInt64 {
  var kind = kind
  let state = threadState(vcpu)
  // Translated functions begin only where control has just been transferred to.
  var mayEnter = true
  while true {
    if vcpu.pointee.pending != 0 { _ = deliverPending(vcpu) }
    if mayEnter, let translated = state.pointee.map.find(vcpu.pointee.rip) {
      let rsp = vcpu.pointee.gpr[4]
      let saved = CalleeSaved(vcpu)
      let pc = enterTranslated(address(vcpu), translated.host, translated.delivered)
      if vcpu.pointee.unwinding != 0 {
        kind = max(kind, vcpu.pointee.unwinding)
        vcpu.pointee.unwinding = 0
        if let resume, resume.isReached(vcpu) { return 0 }
        if vcpu.pointee.gpr[4] > entryRSP { return unwind(vcpu, kind) }
        continue
      }
      saved.restore(vcpu)
      vcpu.pointee.gpr[4] = rsp &+ 8
      vcpu.pointee.rip = pc
      if rsp == entryRSP { return pc }
      if rsp > entryRSP { return unwind(vcpu, kind) }
      continue
    }
    do throws(GuestFault) {
      let transfer = try state.pointee.interpreter.runBlock()
      mayEnter = transfer != .none
      switch transfer {
      case .none: break
      case .jump, .call: if vcpu.pointee.gpr[4] > entryRSP { return unwind(vcpu, kind) }
      case .ret:
        let rsp = vcpu.pointee.gpr[4]
        if rsp == entryRSP &+ 8 { return vcpu.pointee.rip }
        if rsp > entryRSP { return unwind(vcpu, kind) }
      case .systemCall:
        if systemCall(vcpu) == .transferred {
          if let resume, resume.isReached(vcpu) { return 0 }
        }
      }
    } catch {
      raiseFault(vcpu, vector: UInt64(error.fault.rawValue), address: error.address)
      mayEnter = true
    }
  }
}

func address(_ vcpu: VCPUPointer) -> UInt64 { UInt64(UInt(bitPattern: vcpu)) }
private func pointer(_ vcpu: UInt64) -> VCPUPointer { VCPUPointer(bitPattern: UInt(vcpu))! }

/// `Symbol.interpret`: the frame whose return address is at `entryRSP` goes on at `vcpu.rip`.
@_cdecl("recast_interpret")
public func interpret(_ at: UInt64, _ entryRSP: UInt64) -> UInt64 {
  let vcpu = pointer(at)
  let kind = max(vcpu.pointee.unwinding, Unwinding.filling)
  vcpu.pointee.unwinding = 0
  // The guest has left this frame.
  if vcpu.pointee.gpr[4] > entryRSP { return unwind(vcpu, kind) }
  let isWholeFrame = vcpu.pointee.gpr[4] == entryRSP
  let before = CalleeSaved(vcpu)
  let pc = run(vcpu, entryRSP: entryRSP, resume: nil, kind: kind)
  if vcpu.pointee.unwinding != 0 { return pc }
  // Translated callers keep these in host registers; code that breaks the psABI is not for them.
  if isWholeFrame && CalleeSaved(vcpu) != before { return unwind(vcpu) }
  return pc
}

/// Delivers pending signals in the middle of translated code: their handlers run nested on this
/// host stack. Answers 0 when the interrupted code may simply go on.
private func deliverNested(_ vcpu: VCPUPointer) -> UInt64 {
  let rip = vcpu.pointee.rip
  let here = ResumePoint(rip: rip, behind: rip &+ 2, rsp: vcpu.pointee.gpr[4])
  guard deliverPending(vcpu) else { return 0 }
  return runHandler(vcpu, resume: here)
}

/// Runs the signal handler that was just entered until it returns to `here` (answers 0) or leaves.
func runHandler(_ vcpu: VCPUPointer, resume here: ResumePoint) -> UInt64 {
  // On the interrupted stack a handler's frames are below it; on an alternate stack they are in
  // the frame's neighbourhood, and leaving that means leaving the handler.
  let handlerRSP = vcpu.pointee.gpr[4]
  let isSameStack = handlerRSP < here.rsp && here.rsp &- handlerRSP < 1 &<< 16
  let bound = isSameStack ? here.rsp : handlerRSP &+ 1 &<< 13
  let answer = run(vcpu, entryRSP: bound, resume: here)
  return vcpu.pointee.unwinding != 0 || answer != 0 ? unwind(vcpu, Unwinding.complete) : 0
}

@_cdecl("recast_safepoint")
public func safepoint(_ at: UInt64) -> UInt64 { deliverNested(pointer(at)) }

@_cdecl("recast_system_call")
public func systemCallFromTranslated(_ at: UInt64) -> UInt64 {
  let vcpu = pointer(at)
  let next = vcpu.pointee.rip
  while true {
    switch systemCall(vcpu) {
    case .transferred: return unwind(vcpu)
    case .done:
      if vcpu.pointee.pending != 0 { return deliverNested(vcpu) }
      return 0
    case .interrupted:
      let answer = deliverNested(vcpu)
      if answer != 0 { return answer }
      if vcpu.pointee.rip == next { return 0 }
      vcpu.pointee.rip = next
    }
  }
}

@_cdecl("recast_fault")
public func faultFromTranslated(_ at: UInt64, _ vector: UInt64) -> UInt64 {
  let vcpu = pointer(at)
  return raiseNested(vcpu, vector: vector, address: 0)
}

/// A fault at `vcpu.rip` in translated code: its handler runs nested. When it returns, the caller
/// goes on at the instruction again.
private func raiseNested(_ vcpu: VCPUPointer, vector: UInt64, address: UInt64) -> UInt64 {
  let rip = vcpu.pointee.rip
  let here = ResumePoint(rip: rip, behind: rip, rsp: vcpu.pointee.gpr[4])
  raiseFault(vcpu, vector: vector, address: address)
  let answer = runHandler(vcpu, resume: here)
  return answer == 0 ? unwind(vcpu) : answer
}

@_cdecl("recast_step")
public func step(_ at: UInt64, _ pc: UInt64, _ address: UInt64) -> UInt64 {
  let vcpu = pointer(at)
  do throws(GuestFault) {
    try threadState(vcpu).pointee.interpreter.stepOne(pc, address: address)
    return 0
  } catch {
    return raiseNested(vcpu, vector: UInt64(error.fault.rawValue), address: error.address)
  }
}
