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

/// Has the guest left the frame at `entryRSP`, with RSP now `rsp`? A signal handler on the alternate
/// stack, which may lie above, has not.
func hasLeft(_ vcpu: VCPUPointer, _ rsp: UInt64, _ entryRSP: UInt64) -> Bool {
  rsp > entryRSP && (!isAlternate(vcpu, rsp) || isAlternate(vcpu, entryRSP))
}

func unwind(_ vcpu: VCPUPointer) -> UInt64 {
  vcpu.pointee.unwinding = 1
  return unwindingAnswer
}

/// A `run` in progress: a link of the chain that begins at `ExecutorState.innermost`.
struct RunFrame {
  /// For `hostThrow`, which a fault's way back into `run` is. First, so that its address is the
  /// frame's.
  var save: UInt64 = 0
  let vcpu: VCPUPointer
  let entryRSP: UInt64
  let resume: ResumePoint?
  let outer: UInt64
  let outerEngine: Engine
  var isThrown = false
  /// RSP when translated code was last entered from here.
  var enteredRSP: UInt64 = 0
  /// The handler of a fault whose host state is lost may not return to it.
  var lost: ResumePoint? = nil
}
typealias RunFramePointer = UnsafeMutablePointer<RunFrame>

/// Evaluates guest code until the frame with its return address at `entryRSP` returns (answers the
/// PC), until `resume` is reached (answers 0), or until the guest has left (`unwindingAnswer`).
func run(_ vcpu: VCPUPointer, entryRSP: UInt64, resume: ResumePoint?) -> UInt64 {
  let state = threadState(vcpu)
  var frame = RunFrame(
    vcpu: vcpu, entryRSP: entryRSP, resume: resume, outer: state.pointee.innermost,
    outerEngine: state.pointee.engine)
  return withUnsafeMutablePointer(to: &frame) { frame in
    state.pointee.innermost = UInt64(UInt(bitPattern: frame))
    let body: @convention(c) (UInt64) -> UInt64 = runCaught
    let function = UInt64(unsafeBitCast(body, to: UInt.self))
    var answer: UInt64 = 0
    while true {
      state.pointee.engine = .runtime
      answer = hostCatch(function, address(frame), addressOfSave(frame))
      if !frame.pointee.isThrown { break }
      frame.pointee.isThrown = false
      answer = afterThrow(frame)
      if answer != 0 { break }
    }
    state.pointee.innermost = frame.pointee.outer
    state.pointee.engine = frame.pointee.outerEngine
    return answer
  }
}

func address(_ frame: RunFramePointer) -> UInt64 { UInt64(UInt(bitPattern: frame)) }
func addressOfSave(_ frame: RunFramePointer) -> UInt64 { address(frame) }

@_cdecl("recast_run_caught")
public func runCaught(_ at: UInt64) -> UInt64 {
  let frame = RunFramePointer(bitPattern: UInt(at))!
  let vcpu = frame.pointee.vcpu
  let entryRSP = frame.pointee.entryRSP
  let resume = frame.pointee.resume
  let state = threadState(vcpu)
  // Translated functions begin only where control has just been transferred to.
  var mayEnter = true
  while true {
    if vcpu.pointee.pending != 0 { _ = deliverPending(vcpu) }
    if mayEnter, let translated = state.pointee.map.find(vcpu.pointee.rip) {
      let rsp = vcpu.pointee.gpr[4]
      let saved = CalleeSaved(vcpu)
      frame.pointee.enteredRSP = rsp
      state.pointee.entered &+= 1
      state.pointee.engine = .translated
      let pc = enterTranslated(address(vcpu), translated.host, translated.delivered)
      state.pointee.engine = .runtime
      if vcpu.pointee.unwinding != 0 {
        vcpu.pointee.unwinding = 0
        state.pointee.left?.restore(vcpu)
        if let resume, resume.isReached(vcpu) {
          state.pointee.left = nil
          return 0
        }
        if frame.pointee.lost != nil { checkLost(frame) }
        if hasLeft(vcpu, vcpu.pointee.gpr[4], entryRSP) { return unwind(vcpu) }
        state.pointee.left = nil
        continue
      }
      saved.restore(vcpu)
      vcpu.pointee.gpr[4] = rsp &+ 8
      vcpu.pointee.rip = pc
      if rsp == entryRSP { return pc }
      if hasLeft(vcpu, rsp, entryRSP) { return unwind(vcpu) }
      continue
    }
    do throws(GuestFault) {
      state.pointee.engine = .interpreter
      let transfer = try state.pointee.interpreter.runBlock()
      state.pointee.engine = .runtime
      mayEnter = transfer != .none
      switch transfer {
      case .none: break
      case .jump, .call:
        if hasLeft(vcpu, vcpu.pointee.gpr[4], entryRSP) { return unwind(vcpu) }
      case .ret:
        let rsp = vcpu.pointee.gpr[4]
        if rsp == entryRSP &+ 8 { return vcpu.pointee.rip }
        if hasLeft(vcpu, rsp, entryRSP) { return unwind(vcpu) }
      case .systemCall:
        if systemCall(vcpu) == .transferred {
          if let resume, resume.isReached(vcpu) { return 0 }
          if frame.pointee.lost != nil { checkLost(frame) }
          if hasLeft(vcpu, vcpu.pointee.gpr[4], entryRSP) { return unwind(vcpu) }
        }
      }
    } catch {
      state.pointee.engine = .runtime
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
  let state = threadState(vcpu)
  if vcpu.pointee.unwinding != 0 { state.pointee.left?.restore(vcpu) }
  vcpu.pointee.unwinding = 0
  // The guest has left this frame.
  if hasLeft(vcpu, vcpu.pointee.gpr[4], entryRSP) { return unwind(vcpu) }
  state.pointee.left = nil
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
private func deliverNested(_ vcpu: VCPUPointer) -> UInt64 {
  let rip = vcpu.pointee.rip
  let here = ResumePoint(rip: rip, behind: rip &+ 2, rsp: vcpu.pointee.gpr[4])
  guard deliverPending(vcpu) else { return 0 }
  // On the interrupted stack a handler's frames are below it; on an alternate stack, see `hasLeft`;
  // on one that was disarmed, in the neighbourhood of the first.
  let handlerRSP = vcpu.pointee.gpr[4]
  let isBelow = handlerRSP < here.rsp || isAlternate(vcpu, handlerRSP)
  let bound = isBelow ? here.rsp : handlerRSP &+ 1 &<< 13
  let answer = run(vcpu, entryRSP: bound, resume: here)
  if answer == 0 { return 0 }
  // A handler that leaves brings all registers. The host frames that return now were interrupted
  // anywhere: what they would add is older.
  threadState(vcpu).pointee.left = CalleeSaved(vcpu)
  return unwind(vcpu)
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

/// `Symbol.fault`: the translated function has handed over, and goes on by `recast_interpret`.
@_cdecl("recast_fault")
public func faultFromTranslated(_ at: UInt64, _ vector: UInt64) -> UInt64 {
  let vcpu = pointer(at)
  let state = threadState(vcpu)
  let address = state.pointee.stepAddress
  state.pointee.stepAddress = 0
  raiseFault(vcpu, vector: vector, address: address)
  return 0
}

@_cdecl("recast_step")
public func step(_ at: UInt64, _ pc: UInt64, _ address: UInt64) -> UInt64 {
  let state = threadState(pointer(at))
  state.pointee.isStepping = true
  do throws(GuestFault) {
    try state.pointee.interpreter.stepOne(pc, address: address)
    state.pointee.isStepping = false
    return 0
  } catch {
    state.pointee.isStepping = false
    state.pointee.stepAddress = error.address
    return UInt64(error.fault.rawValue) &+ 1
  }
}
