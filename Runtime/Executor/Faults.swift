// Synchronous faults: a bad address that guest code used raises SIGSEGV or SIGBUS in the host.
//
// In the interpreter the VCPU is exact, so the fault simply goes back to `run`, which raises it as
// it raises the faults that meanings find.
//
// In translated code the guest's registers are in host registers, and nobody says which. What the
// guest's handler is told of them is what the VCPU was last handed; `rip` is the entry of the
// translated function, or the instruction where it is stepped; signal, code and address are exact.
// The handler runs nested, below the interrupted host code, with the host's signal frame kept: when
// it returns, the interrupted host instruction is tried again with all its registers. When it leaves
// by siglongjmp, which brings all registers itself, the innermost `run` takes over.
//
// The handler's frame must not hit what the interrupted functions have on the guest's stack, and RSP
// is only known to be below where translated code was entered. The lowest stack address in the host
// registers and on the last 64 KiB of the host's stack is taken, less a gap for its function's
// locals: every frame keeps its entry RSP there for its return.

import GuestLinux
import Host
import RuntimeABI

private var stackGap: UInt64 { 0x1_0000 }
private var smallStackGap: UInt64 { 0x2000 }
private var scannedStack: UInt64 { 0x1_0000 }
/// In an x86 host's ucontext: where the interrupted code's FXSAVE image is.
private var interruptedState: UInt64 { 224 }
/// For handlers: host stack below the interrupted code, and signal stack for the next signals.
private var neededStack: UInt64 { 0x4_0000 }
private var neededSignalStack: UInt64 { 0x6000 }

/// `executorFaultHook`, on the host's signal stack.
func takeHostFault(
  _ signal: UInt64, _ information: UInt64, _ context: UInt64, _ at: UInt64
) -> Bool {
  let vcpu = VCPUPointer(bitPattern: UInt(at))!
  if executorState(vcpu) == 0 { return false }
  let state = threadState(vcpu)
  if signal == 4 || signal == 5 { return takeDropped(vcpu, context) }
  // An x86 host's x87 and MXCSR are the guest's, so their exceptions are, too (#MF, #XM).
  if signal != 11 && signal != 7 && !(signal == 8 && hostIsX86) { return false }
  guard state.pointee.engine != .runtime, isHandled(vcpu, signal),
    let frame = RunFramePointer(bitPattern: UInt(state.pointee.innermost))
  else { return false }
  let fault = HostFault(signal, information, context)
  if state.pointee.engine == .interpreter {
    return throwFault(state, frame, fault, context)
  }
  return takeTranslatedFault(vcpu, frame, fault, context)
}

/// Sends the interrupted host code back into `run`.
private func throwFault(
  _ state: UnsafeMutablePointer<ExecutorState>, _ frame: RunFramePointer, _ fault: HostFault,
  _ context: UInt64
) -> Bool {
  state.pointee.fault = fault
  frame.pointee.isThrown = true
  redirectHost(
    context, to: hostFacts.throwing, argument: addressOfSave(frame),
    stack: frame.pointee.save)
  return true
}

/// In `run`, after a throw: 0 when it goes on, or its answer.
func afterThrow(_ frame: RunFramePointer) -> UInt64 {
  let vcpu = frame.pointee.vcpu
  let state = threadState(vcpu)
  state.pointee.engine = .runtime
  state.pointee.isStepping = false
  vcpu.pointee.unwinding = 0
  if let fault = state.pointee.fault {
    state.pointee.fault = nil
    if vcpu.pointee.rip == fault.address && fault.trap == 14 {
      // Fetching the instruction.
      raiseFault(vcpu, vector: 14, address: fault.address, error: fault.error | 16)
    } else {
      fault.raise(vcpu)
    }
    return 0
  }
  if let resume = frame.pointee.resume, resume.isReached(vcpu) { return 0 }
  if hasLeft(vcpu, vcpu.pointee.gpr[4], frame.pointee.entryRSP) { return unwind(vcpu) }
  return 0
}

private func takeTranslatedFault(
  _ vcpu: VCPUPointer, _ frame: RunFramePointer, _ fault: HostFault, _ context: UInt64
) -> Bool {
  let state = threadState(vcpu)
  let before = vcpu.pointee
  if hostIsX86 {
    // The kernel starts signal handlers with x87 registers and an MXCSR of their own.
    let image = hostWord(context &+ interruptedState)
    hostX87Load(image)
    vcpu.pointee.mxcsr |= UInt32(truncatingIfNeeded: hostWord(image &+ 24) & 0x3f)
  }
  vcpu.pointee.unwinding = 0
  vcpu.pointee.gpr[4] = lowestRSP(vcpu, frame, context)
  if !state.pointee.isStepping,
    let function = state.pointee.map.function(around: interruptedPC(context))
  {
    vcpu.pointee.rip = function
  }
  let here = ResumePoint(rip: vcpu.pointee.rip, behind: vcpu.pointee.rip, rsp: vcpu.pointee.gpr[4])
  let hostSP = interruptedSP(context)
  let used = withUnsafePointer(to: before) { UInt64(UInt(bitPattern: $0)) } &- 4096
  if hostSP < state.pointee.hostStackLow &+ neededStack
    || signalStackRoom(vcpu, below: used) < neededSignalStack
  {
    // No room to keep the host's side: the handler can leave, but not return.
    frame.pointee.lost = here
    return throwFault(state, frame, fault, context)
  }
  let wasStepping = state.pointee.isStepping
  state.pointee.isStepping = false
  var nested = NestedFault(vcpu: vcpu, fault: fault, here: here, signalStackTop: used)
  let body: @convention(c) (UInt64) -> UInt64 = runNestedFault
  withUnsafeMutablePointer(to: &nested) {
    _ = hostSwitchStack(
      (hostSP &- 1024) & ~63, UInt64(unsafeBitCast(body, to: UInt.self)),
      UInt64(UInt(bitPattern: $0)))
  }
  state.pointee.isStepping = wasStepping
  let now = vcpu.pointee
  vcpu.pointee = before
  vcpu.pointee.pending = now.pending
  vcpu.pointee.fsBase = now.fsBase
  vcpu.pointee.gsBase = now.gsBase
  vcpu.pointee.interpreted = now.interpreted
  vcpu.pointee.stepped = now.stepped
  setInterruptedMask(context, vcpu)
  return true
}

private struct NestedFault {
  var vcpu: VCPUPointer
  var fault: HostFault
  var here: ResumePoint
  var signalStackTop: UInt64
}

/// On the interrupted host stack. Returns when the handler has returned to what it interrupted.
@_cdecl("recast_run_nested_fault")
public func runNestedFault(_ at: UInt64) -> UInt64 {
  let nested = UnsafeMutablePointer<NestedFault>(bitPattern: UInt(at))!
  let vcpu = nested.pointee.vcpu
  let outerLimit = threadState(vcpu).pointee.signalStackLimit
  threadState(vcpu).pointee.signalStackLimit = nested.pointee.signalStackTop
  limitSignalStack(vcpu, nested.pointee.signalStackTop)
  nested.pointee.fault.raise(vcpu)
  let here = nested.pointee.here
  let handlerRSP = vcpu.pointee.gpr[4]
  let isBelow = handlerRSP < here.rsp || isAlternate(vcpu, handlerRSP)
  let answer = run(
    vcpu, entryRSP: isBelow ? here.rsp : handlerRSP &+ 1 &<< 13, resume: here)
  let state = threadState(vcpu)
  state.pointee.signalStackLimit = outerLimit
  blockHostSignals()
  limitSignalStack(vcpu, outerLimit)
  if answer == 0 && vcpu.pointee.unwinding == 0 { return 0 }
  let frame = RunFramePointer(bitPattern: UInt(state.pointee.innermost))!
  frame.pointee.isThrown = true
  restoreGuestMask(vcpu)
  hostThrow(addressOfSave(frame))
  return 0
}

/// Ends the process when a handler returns to host code that is gone.
func checkLost(_ frame: RunFramePointer) {
  let vcpu = frame.pointee.vcpu
  if let lost = frame.pointee.lost, lost.isReached(vcpu) {
    say("recast: a signal handler returned to code that ran out of host stack\n")
    die(11)
  }
}

/// A guest RSP that is certainly, or very likely, below all that interrupted translated code uses.
private func lowestRSP(_ vcpu: VCPUPointer, _ frame: RunFramePointer, _ context: UInt64) -> UInt64 {
  let entered = frame.pointee.enteredRSP
  var low = entered > 0x80_0000 ? entered &- 0x80_0000 : 0
  var gap = smallStackGap
  if isAlternate(vcpu, entered) {
    low = alternateStackBase(vcpu)
    gap = smallStackGap / 2
  } else if entered >= mainStackLow && entered <= mainStackHigh {
    low = mainStackLow
    gap = stackGap
  }
  var lowest = entered
  func scan(_ from: UInt64, _ to: UInt64) {
    var at = from
    while at < to {
      let word = hostWord(at)
      if word >= low && word < lowest { lowest = word }
      at &+= 8
    }
  }
  scan(context, context &+ 640)
  let hostSP = interruptedSP(context) & ~7
  let end = frame.pointee.save
  if hostSP >= threadState(vcpu).pointee.hostStackLow && hostSP < end {
    scan(hostSP, end &- hostSP > scannedStack ? hostSP &+ scannedStack : end)
  }
  let room = lowest &- low
  return (lowest &- (room / 2 < gap ? room / 2 : gap)) & ~15
}
