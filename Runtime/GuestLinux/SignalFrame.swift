import Host
import RuntimeABI

/// The guest's signal frame, exactly as an x86-64 kernel builds it (arch/x86 `struct rt_sigframe`):
/// return address, ucontext (flags, link, stack, sigcontext of 256 bytes, mask), siginfo, and above
/// it the processor's extended state in XSAVE's standard form (SDM vol. 1, 13.4): x87, SSE, AVX.

private enum Frame {
  static var context: UInt64 { 8 }
  static var registers: UInt64 { 8 + 40 }
  static var mask: UInt64 { 8 + 296 }
  static var information: UInt64 { 8 + 304 }
  static var size: UInt64 { 440 }
  /// Legacy area, header, upper halves, and the second magic word.
  static var stateSize: UInt64 { 512 + 64 + 256 }
}

/// `rflags` as the flags in the VCPU make it; IF and the fixed bit are always set.
public func rflags(_ vcpu: UnsafeMutablePointer<VCPU>) -> UInt64 {
  let v = vcpu.pointee
  return 0x202 | UInt64(v.cf) | UInt64(v.pf) &<< 2 | UInt64(v.af) &<< 4 | UInt64(v.zf) &<< 6
    | UInt64(v.sf) &<< 7 | UInt64(v.df) &<< 10 | UInt64(v.of) &<< 11
}
public func setRflags(_ vcpu: UnsafeMutablePointer<VCPU>, _ flags: UInt64) {
  func bit(_ n: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: (flags &>> n) & 1) }
  vcpu.pointee.cf = bit(0)
  vcpu.pointee.pf = bit(2)
  vcpu.pointee.af = bit(4)
  vcpu.pointee.zf = bit(6)
  vcpu.pointee.sf = bit(7)
  vcpu.pointee.df = bit(10)
  vcpu.pointee.of = bit(11)
}

/// sigcontext's order of the general registers, by our numbers: r8…r15, rdi, rsi, rbp, rbx, rdx,
/// rax, rcx, rsp; four bits each.
private func register(_ n: Int) -> Int {
  let order: UInt64 = 0x4102_3567_fedc_ba98
  return Int(truncatingIfNeeded: order &>> UInt64(truncatingIfNeeded: 4 &* n)) & 15
}

/// Delivers what is pending at a safepoint: all guest registers are in the VCPU, `rip` is the next
/// instruction. True when registers and `rip` were replaced by a handler's frame.
public func deliverPending(_ vcpu: UnsafeMutablePointer<VCPU>) -> Bool {
  let t = thread(of: vcpu)
  var transferred = false
  while vcpu.pointee.pending != 0 {
    vcpu.pointee.pending = 0
    var n: UInt64 = 0
    var taken = false
    while n < t.pointee.queued {
      let signal = UInt64(load32(t.queueEntry(n)))
      // Only a synchronous signal that somebody sent can be here and be blocked.
      if t.pointee.blocked & Signal.bit(signal) & Signal.synchronous == 0 {
        taken = true
        break
      }
      n &+= 1
    }
    if !taken { break }
    let information = t.base &+ Block.queue &+ 128 &* Block.queueRoom
    _ = hostCopy(information, t.queueEntry(n), 128)
    _ = hostCopy(t.queueEntry(n), t.queueEntry(n &+ 1), 128 &* (t.pointee.queued &- n &- 1))
    t.pointee.queued &-= 1
    if t.pointee.queued != 0 { vcpu.pointee.pending = 1 }
    if deliver(t, information, fault: (0, 0, 0)) { transferred = true }
  }
  if !transferred {
    t.pointee.hasTemporaryMask = false
    applyMask(t)
  }
  return transferred
}

/// Enters the guest's handler for the siginfo at `information`. `fault`: trap number, error code,
/// CR2. False when the guest no longer handles the signal (it then has its default effect).
private func deliver(
  _ t: ThreadPointer, _ information: UInt64, fault: (UInt64, UInt64, UInt64)
) -> Bool {
  let vcpu = t.pointee.vcpu
  let signal = UInt64(load32(information))
  let action = t.action(signal)
  let handler = load64(action)
  let flags = load64(action &+ 8)
  if handler == 1 { return false }
  if handler == 0 {
    // Changed since it was taken: let the kernel do it.
    applyMask(t)
    _ = host(
      Call.tgkill, UInt64(bitPattern: host(Call.getpid)), UInt64(bitPattern: host(Call.gettid)),
      signal)
    return false
  }

  var sp = vcpu.pointee.gpr[4] &- 128
  let alternate = flags & ActionFlag.onStack != 0 && t.pointee.alternateFlags & 2 == 0
    && !onAlternateStack(t, vcpu.pointee.gpr[4])
  if alternate { sp = t.pointee.alternateStack &+ t.pointee.alternateSize }
  let state = (sp &- (Frame.stateSize &+ 4)) & ~63
  let frame = ((state &- Frame.size) & ~15) &- 8

  let s = t.scratch
  clear(s, 2048)
  store64(s, load64(action &+ 16))
  let context = s &+ Frame.context
  store64(context, 7)  // UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS
  store64(context &+ 16, t.pointee.alternateStack)
  let inUse = onAlternateStack(t, vcpu.pointee.gpr[4])
  store64(context &+ 24, inUse ? 1 : t.pointee.alternateFlags)
  store64(context &+ 32, t.pointee.alternateSize)
  let registers = s &+ Frame.registers
  var n = 0
  while n < 16 {
    store64(registers &+ 8 &* UInt64(n), vcpu.pointee.gpr[register(n)])
    n &+= 1
  }
  store64(registers &+ 128, vcpu.pointee.rip)
  store64(registers &+ 136, rflags(vcpu))
  store64(registers &+ 144, 0x002b_0000_0000_0033)  // cs, gs, fs, ss
  store64(registers &+ 152, fault.1)
  store64(registers &+ 160, fault.0)
  store64(registers &+ 176, fault.2)
  store64(registers &+ 184, state)
  let oldMask = t.pointee.hasTemporaryMask ? t.pointee.temporaryMask : t.pointee.blocked
  store64(s &+ Frame.mask, t.pointee.blocked)
  _ = hostCopy(s &+ Frame.information, information, 128)
  saveState(vcpu, s &+ 1024)
  if !copy(to: frame, from: s, Frame.size)
    || !copy(to: state, from: s &+ 1024, Frame.stateSize &+ 4)
    || flags & ActionFlag.restorer == 0
  {
    die(Signal.segv)
  }

  if t.pointee.alternateFlags & 0x8000_0000 != 0 {
    t.pointee.alternateStack = 0
    t.pointee.alternateSize = 0
    t.pointee.alternateFlags = 2
  }
  vcpu.pointee.gpr[0] = 0
  vcpu.pointee.gpr[7] = signal
  vcpu.pointee.gpr[6] = frame &+ Frame.information
  vcpu.pointee.gpr[2] = frame &+ Frame.context
  vcpu.pointee.gpr[4] = frame
  vcpu.pointee.rip = handler
  vcpu.pointee.df = 0
  resetState(vcpu)

  if flags & ActionFlag.resetHandler != 0 {
    store64(action, 0)
    _ = setHostAction(t, signal, 0, flags)
  }
  var mask = oldMask | load64(action &+ 24)
  if flags & ActionFlag.noDefer == 0 { mask |= Signal.bit(signal) }
  t.pointee.blocked = mask & ~Signal.unblockable
  t.pointee.hasTemporaryMask = false
  applyMask(t)
  return true
}

/// FXSAVE's image (SDM vol. 1, 10.5.1), the XSAVE header, the upper halves of YMM.
private func saveState(_ vcpu: UnsafeMutablePointer<VCPU>, _ s: UInt64) {
  if hostIsX86 {
    hostX87Save(s)
  } else {
    vcpu.pointee.saveX87(to: UnsafeMutableRawPointer(bitPattern: UInt(s))!)
  }
  vcpu.pointee.mxcsr |= UInt32(truncatingIfNeeded: hostFloatFlags())
  store32(s &+ 24, vcpu.pointee.mxcsr)
  store32(s &+ 28, 0xffff)
  var n: UInt64 = 0
  while n < 16 {
    let ymm = 4 &* Int(n)
    store64(s &+ 160 &+ 16 &* n, vcpu.pointee.ymm[ymm])
    store64(s &+ 168 &+ 16 &* n, vcpu.pointee.ymm[ymm &+ 1])
    store64(s &+ 576 &+ 16 &* n, vcpu.pointee.ymm[ymm &+ 2])
    store64(s &+ 584 &+ 16 &* n, vcpu.pointee.ymm[ymm &+ 3])
    n &+= 1
  }
  store32(s &+ 464, 0x4650_5853)  // FP_XSTATE_MAGIC1
  store32(s &+ 468, UInt32(truncatingIfNeeded: Frame.stateSize &+ 4))
  store64(s &+ 472, 7)
  store32(s &+ 480, UInt32(truncatingIfNeeded: Frame.stateSize))
  store64(s &+ 512, 7)
  store32(s &+ Frame.stateSize, 0x4650_5845)  // FP_XSTATE_MAGIC2
}

private func restoreState(_ vcpu: UnsafeMutablePointer<VCPU>, _ s: UInt64) {
  loadX87(vcpu, s)
  vcpu.pointee.mxcsr = load32(s &+ 24) & 0xffff
  hostFloatLoad(UInt64(vcpu.pointee.mxcsr))
  let upper = load32(s &+ 464) == 0x4650_5853
  let present = load64(s &+ 512) & 4 != 0
  var n: UInt64 = 0
  while n < 16 {
    let ymm = 4 &* Int(n)
    vcpu.pointee.ymm[ymm] = load64(s &+ 160 &+ 16 &* n)
    vcpu.pointee.ymm[ymm &+ 1] = load64(s &+ 168 &+ 16 &* n)
    if upper {
      vcpu.pointee.ymm[ymm &+ 2] = present ? load64(s &+ 576 &+ 16 &* n) : 0
      vcpu.pointee.ymm[ymm &+ 3] = present ? load64(s &+ 584 &+ 16 &* n) : 0
    }
    n &+= 1
  }
}

/// A handler starts with the processor's initial state.
private func resetState(_ vcpu: UnsafeMutablePointer<VCPU>) {
  var initial = InlineArray<20, UInt64>(repeating: 0)
  initial[0] = 0x37f
  withUnsafeBytes(of: &initial) {
    loadX87(vcpu, UInt64(UInt(bitPattern: $0.baseAddress!)))
  }
  vcpu.pointee.mxcsr = 0x1f80
  hostFloatLoad(0x1f80)
  vcpu.pointee.ymm = .init(repeating: 0)
}

/// x87 registers from FXSAVE's image: an x86 host has them itself.
private func loadX87(_ vcpu: UnsafeMutablePointer<VCPU>, _ s: UInt64) {
  if hostIsX86 {
    hostX87Load(s)
  } else {
    vcpu.pointee.loadX87(from: UnsafeRawPointer(bitPattern: UInt(s))!)
  }
}

/// The handler's `ret` has popped the return address: `rsp` is the ucontext.
func rtSigreturn(_ t: ThreadPointer) -> Int64 {
  let vcpu = t.pointee.vcpu
  let s = t.scratch
  let context = vcpu.pointee.gpr[4]
  if !copy(to: s, from: context, 304) {
    die(Signal.segv)
  }
  let registers = s &+ 40
  let state = load64(registers &+ 184)
  if state != 0 {
    clear(s &+ 1024, 1024)
    if !copy(to: s &+ 1024, from: state, 512) { die(Signal.segv) }
    if load32(s &+ 1024 &+ 464) == 0x4650_5853 {
      if !copy(to: s &+ 1536, from: state &+ 512, Frame.stateSize &- 512) { die(Signal.segv) }
    }
    restoreState(vcpu, s &+ 1024)
  } else {
    resetState(vcpu)
  }
  var n = 0
  while n < 16 {
    vcpu.pointee.gpr[register(n)] = load64(registers &+ 8 &* UInt64(n))
    n &+= 1
  }
  vcpu.pointee.rip = load64(registers &+ 128)
  setRflags(vcpu, load64(registers &+ 136))
  let flags = load64(s &+ 24) & 0xffff_ffff
  if !onAlternateStack(t, vcpu.pointee.gpr[4]) && flags & ~0x8000_0000 != 1 {
    t.pointee.alternateStack = load64(s &+ 16)
    t.pointee.alternateFlags = flags
    t.pointee.alternateSize = load64(s &+ 32)
  }
  t.pointee.blocked = load64(s &+ 296) & ~Signal.unblockable
  if t.pointee.queued != 0 { vcpu.pointee.pending = 1 }
  applyMask(t)
  return registersReplaced
}

/// A synchronous signal at `vcpu.rip`: the guest's handler gets a frame, otherwise the process dies
/// of that very signal. All guest registers are in the VCPU. Always replaces registers.
public func raiseSignal(
  _ vcpu: UnsafeMutablePointer<VCPU>, _ signal: UInt64, code: Int32, address: UInt64,
  trap: UInt64, error: UInt64
) {
  let t = thread(of: vcpu)
  if t.pointee.blocked & Signal.bit(signal) != 0 || load64(t.action(signal)) <= 1 {
    if logTopics & Log.signals != 0 {
      say("recast: guest signal ")
      say(number: signal)
      say(" at ")
      say(hex: vcpu.pointee.rip)
      say(", address ")
      say(hex: address)
      say("\n")
    }
    die(signal)
  }
  let information = t.base &+ Block.queue &+ 128 &* Block.queueRoom
  clear(information, 128)
  store32(information, UInt32(truncatingIfNeeded: signal))
  store32(information &+ 8, UInt32(bitPattern: code))
  store64(information &+ 16, address)
  _ = deliver(t, information, fault: (trap, error, trap == 14 ? address : 0))
}

/// A processor exception (SDM vol. 3A, 6.15) as the signal that Linux makes of it. `address` and
/// `error` matter to #PF: error code bit 0 protection, 1 write, 2 user, 4 fetch.
public func raiseFault(
  _ vcpu: UnsafeMutablePointer<VCPU>, vector: UInt64, address: UInt64 = 0, error: UInt64 = 0
) {
  let pc = vcpu.pointee.rip
  switch vector {
  case 0: raiseSignal(vcpu, 8, code: 1, address: pc, trap: 0, error: 0)
  case 1: raiseSignal(vcpu, 5, code: 2, address: pc, trap: 1, error: 0)
  case 3: raiseSignal(vcpu, 5, code: 0x80, address: 0, trap: 3, error: 0)
  case 6: raiseSignal(vcpu, 4, code: 2, address: pc, trap: 6, error: 0)
  case 14:
    raiseSignal(
      vcpu, 11, code: error & 1 != 0 ? 2 : 1, address: address, trap: 14, error: error | 4)
  case 16: raiseSignal(vcpu, 8, code: x87Code(vcpu), address: pc, trap: 16, error: 0)
  case 17: raiseSignal(vcpu, 7, code: 1, address: address, trap: 17, error: 0)
  case 19: raiseSignal(vcpu, 8, code: vectorCode(vcpu), address: pc, trap: 19, error: 0)
  default: raiseSignal(vcpu, 11, code: 0x80, address: 0, trap: vector, error: error)
  }
}

/// FPE_FLTINV, FLTDIV, FLTOVF, FLTUND, FLTRES of the unmasked exceptions.
private func exceptionCode(_ raised: UInt32) -> Int32 {
  if raised & 1 != 0 { return 7 }
  if raised & 4 != 0 { return 3 }
  if raised & 8 != 0 { return 4 }
  if raised & 0x12 != 0 { return 5 }
  if raised & 0x20 != 0 { return 6 }
  return 0
}
private func x87Code(_ vcpu: UnsafeMutablePointer<VCPU>) -> Int32 {
  exceptionCode(UInt32(vcpu.pointee.x87Status & ~vcpu.pointee.x87Control & 0x3f))
}
private func vectorCode(_ vcpu: UnsafeMutablePointer<VCPU>) -> Int32 {
  exceptionCode(vcpu.pointee.mxcsr & ~(vcpu.pointee.mxcsr &>> 7) & 0x3f)
}
