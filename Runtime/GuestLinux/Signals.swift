import Host
import RuntimeABI

/// Signals. The host's kernel keeps masks, queues and default actions; only signals for which the
/// guest has a handler come here.
///
/// The host handler takes one: it queues the siginfo, sets `vcpu.pending`, and returns with every
/// signal blocked, so the kernel keeps the rest. At the next safepoint `deliverPending` builds the
/// guest's frame and sets the mask that the guest's handler asked for. A signal taken before a
/// system call is delivered before it: `hostSystemCallChecked`.

enum Signal {
  static func bit(_ signal: UInt64) -> UInt64 { 1 &<< (signal &- 1) }
  static var fpe: UInt64 { 8 }
  static var segv: UInt64 { 11 }
  static var bus: UInt64 { 7 }
  /// ILL, TRAP, BUS, FPE, SEGV: the runtime's own faults come this way, never blocked on the host.
  static var synchronous: UInt64 { bit(4) | bit(5) | bit(7) | bit(8) | bit(11) }
  static var unblockable: UInt64 { bit(9) | bit(19) }
}

enum ActionFlag {
  static var noChildWait: UInt64 { 2 }
  static var information: UInt64 { 4 }
  static var restorer: UInt64 { 0x0400_0000 }
  static var onStack: UInt64 { 0x0800_0000 }
  static var restart: UInt64 { 0x1000_0000 }
  static var noDefer: UInt64 { 0x4000_0000 }
  static var resetHandler: UInt64 { 0x8000_0000 }
}

/// Asked about a SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGTRAP that a host instruction outside the
/// kernel interface caused: (signal, host siginfo, host ucontext, VCPU). True when the executor has
/// dealt with it (changed the context so that execution goes on elsewhere).
public nonisolated(unsafe) var executorFaultHook:
  (@convention(c) (UInt64, UInt64, UInt64, UInt64) -> Bool)? = nil

/// Installs `action` (guest layout) on the host: default and ignore as they are, handlers as the
/// runtime's own. Returns the host's answer.
func setHostAction(_ t: ThreadPointer, _ signal: UInt64, _ handler: UInt64, _ flags: UInt64)
  -> Int64
{
  let s = t.scratch
  clear(s, 32)
  let facts = hostFacts
  let own = handler > 1 || Signal.bit(signal) & Signal.synchronous != 0
  var hostFlags = flags & (ActionFlag.noChildWait | 1 | ActionFlag.restart)
  if own { hostFlags |= ActionFlag.information | ActionFlag.onStack }
  store64(s, own ? facts.signalHandler : handler)
  // x86_64 needs a restorer, aarch64 has the field; the others have neither.
  if facts.kind < 2 {
    store64(s &+ 8, hostFlags | ActionFlag.restorer)
    store64(s &+ 16, facts.signalReturn)
    store64(s &+ 24, ~Signal.synchronous)
  } else {
    store64(s &+ 8, hostFlags)
    store64(s &+ 16, ~Signal.synchronous)
  }
  return host(Call.rt_sigaction, signal, s, 0, 8)
}

func rtSigaction(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  let signal = x.a & 0xffff_ffff
  if x.d != 8 || signal == 0 || signal > 64 { return Errno.invalid }
  let entry = t.action(signal)
  let new = t.scratch &+ 64
  if x.b != 0 {
    if signal == 9 || signal == 19 { return Errno.invalid }
    if !copy(to: new, from: x.b, 32) { return Errno.fault }
  }
  if x.c != 0 && !copy(to: x.c, from: entry, 32) { return Errno.fault }
  if x.b != 0 {
    // Handler before table on the way in, so that a signal in between finds a table entry.
    let oldHandler = load64(entry)
    let handler = load64(new)
    if handler > 1 { _ = copy(to: entry, from: new, 32) }
    let got = setHostAction(t, signal, handler, load64(new &+ 8))
    if got < 0 {
      store64(entry, oldHandler)
      return got
    }
    _ = copy(to: entry, from: new, 32)
    store64(entry &+ 24, load64(entry &+ 24) & ~Signal.unblockable)
  }
  return 0
}

/// Reads the inherited dispositions, and takes the synchronous signals for the runtime.
func startSignals(_ t: ThreadPointer) {
  var signal: UInt64 = 1
  let s = t.scratch
  while signal <= 64 {
    clear(s, 32)
    if host(Call.rt_sigaction, signal, 0, s, 8) == 0 && load64(s) == 1 {
      store64(t.action(signal), 1)
    }
    if Signal.bit(signal) & Signal.synchronous != 0 { _ = setHostAction(t, signal, 0, 0) }
    signal &+= 1
  }
  _ = host(Call.rt_sigprocmask, 0, 0, s, 8)
  t.pointee.blocked = load64(s)
  if load64(s) & Signal.synchronous != 0 { applyMask(t) }
}

func rtSigprocmask(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  if x.d != 8 { return Errno.invalid }
  let old = t.pointee.blocked
  if x.b != 0 {
    if !copy(to: t.scratch, from: x.b, 8) { return Errno.fault }
    let set = load64(t.scratch)
    var new: UInt64
    switch Int32(truncatingIfNeeded: x.a) {
    case 0: new = old | set
    case 1: new = old & ~set
    case 2: new = set
    default: return Errno.invalid
    }
    new &= ~Signal.unblockable
    if x.c != 0 {
      store64(t.scratch, old)
      if !copy(to: x.c, from: t.scratch, 8) { return Errno.fault }
    }
    if new != old {
      store64(t.scratch, new & ~Signal.synchronous)
      let got = guest(t, Call.rt_sigprocmask, 2, t.scratch, 0, 8)
      if got < 0 { return got }
      t.pointee.blocked = new
      if t.pointee.queued != 0 { t.pointee.vcpu.pointee.pending = 1 }
    }
  } else if x.c != 0 {
    store64(t.scratch, old)
    if !copy(to: x.c, from: t.scratch, 8) { return Errno.fault }
  }
  return 0
}

func rtSigsuspend(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  if x.b != 8 { return Errno.invalid }
  if !copy(to: t.scratch, from: x.a, 8) { return Errno.fault }
  t.pointee.temporaryMask = load64(t.scratch) & ~Signal.unblockable
  t.pointee.hasTemporaryMask = true
  store64(t.scratch, t.pointee.temporaryMask & ~Signal.synchronous)
  return guest(t, Call.rt_sigsuspend, t.scratch, 8)
}

func onAlternateStack(_ t: ThreadPointer, _ sp: UInt64) -> Bool {
  t.pointee.alternateFlags & (2 | 0x8000_0000) == 0 && sp > t.pointee.alternateStack
    && sp &- t.pointee.alternateStack <= t.pointee.alternateSize
}

func sigaltstack(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  let s = t.scratch
  let sp = t.pointee.vcpu.pointee.gpr[4]
  let inUse = onAlternateStack(t, sp)
  if x.a != 0 {
    if !copy(to: s, from: x.a, 24) { return Errno.fault }
  }
  if x.b != 0 {
    store64(s &+ 32, t.pointee.alternateStack)
    store64(s &+ 40, inUse ? 1 : t.pointee.alternateFlags)
    store64(s &+ 48, t.pointee.alternateSize)
    if !copy(to: x.b, from: s &+ 32, 24) { return Errno.fault }
  }
  if x.a != 0 {
    let flags = load64(s &+ 8) & 0xffff_ffff
    if inUse { return Errno.perm }
    let mode = flags & ~0x8000_0000
    if mode > 2 { return Errno.invalid }
    if mode == 2 {
      t.pointee.alternateStack = 0
      t.pointee.alternateSize = 0
      t.pointee.alternateFlags = 2
    } else {
      if load64(s &+ 16) < 2048 { return Errno.noMemory }
      t.pointee.alternateStack = load64(s)
      t.pointee.alternateSize = load64(s &+ 16)
      t.pointee.alternateFlags = flags & 0x8000_0000
    }
  }
  return 0
}

/// The host's handler, on the thread's signal stack.
@_cdecl("recast_host_signal")
public func hostSignal(_ number: Int32, _ information: UInt64, _ context: UInt64) {
  let facts = hostFacts
  let t = ThreadPointer(bitPattern: UInt(context & ~0xffff))!
  let signal = UInt64(UInt32(bitPattern: number))
  let pc = load64(context &+ facts.contextPC)
  let code = Int32(bitPattern: load32(information &+ 8))
  if Signal.bit(signal) & Signal.synchronous != 0 && code > 0 {
    if pc >= facts.copyStart && pc < facts.copyEnd {
      store64(context &+ facts.contextPC, facts.copyEnd)
      return
    }
    let vcpu = UInt64(UInt(bitPattern: t.pointee.vcpu))
    if let hook = executorFaultHook, hook(signal, information, context, vcpu) { return }
    if logTopics & Log.signals != 0 {
      say("recast: signal ")
      say(number: signal)
      say(" at host ")
      say(hex: pc)
      say(", guest ")
      say(hex: t.pointee.vcpu.pointee.rip)
      say(", address ")
      say(hex: load64(information &+ 16))
      say("\n")
    }
    die(signal)
  }
  if load64(t.action(signal)) <= 1 {
    if load64(t.action(signal)) == 0 { die(signal) }
    return
  }
  let n = t.pointee.queued
  if n < Block.queueRoom {
    _ = hostCopy(t.queueEntry(n), information, 128)
    t.pointee.queued = n &+ 1
  }
  t.pointee.vcpu.pointee.pending = 1
  store64(context &+ facts.contextMask, ~(Signal.synchronous | Signal.unblockable))
  if pc >= facts.checkStart && pc < facts.checkEnd {
    store64(context &+ facts.contextPC, facts.checkInterrupted)
  }
}

/// Ends the process by the default action of `signal`, as its parent expects to see it.
public func die(_ signal: UInt64) {
  leaving()
  var action = InlineArray<4, UInt64>(repeating: 0)
  var mask: UInt64 = Signal.bit(signal)
  let process = UInt64(bitPattern: host(Call.getpid))
  let this = UInt64(bitPattern: host(Call.gettid))
  withUnsafePointer(to: &action) {
    _ = host(Call.rt_sigaction, signal, UInt64(UInt(bitPattern: $0)), 0, 8)
  }
  _ = host(Call.tgkill, process, this, signal)
  withUnsafePointer(to: &mask) {
    _ = host(Call.rt_sigprocmask, 1, UInt64(UInt(bitPattern: $0)), 0, 8)
  }
}

/// For `executorFaultHook`: makes the interrupted host code go on as `function(argument)` on
/// `stack`, as if just called; what it was doing is forgotten.
public func redirectHost(
  _ context: UInt64, to function: UInt64, argument: UInt64, stack: UInt64
) {
  let facts = hostFacts
  store64(context &+ facts.contextPC, function)
  store64(context &+ facts.contextSP, (stack & ~15) &- (facts.kind == 0 ? 8 : 0))
  store64(context &+ facts.contextArgument, argument)
}
/// The host PC at which the signal came, and the stack pointer there.
public func interruptedPC(_ context: UInt64) -> UInt64 { load64(context &+ hostFacts.contextPC) }
public func interruptedSP(_ context: UInt64) -> UInt64 { load64(context &+ hostFacts.contextSP) }
public func setInterruptedPC(_ context: UInt64, _ pc: UInt64) {
  store64(context &+ hostFacts.contextPC, pc)
}

/// Has the guest a handler that a synchronous `signal` would enter now?
public func isHandled(_ vcpu: UnsafeMutablePointer<VCPU>, _ signal: UInt64) -> Bool {
  let t = thread(of: vcpu)
  return t.pointee.blocked & Signal.bit(signal) == 0 && load64(t.action(signal)) > 1
}

/// Is `sp` on the alternate stack that the guest has registered?
public func isAlternate(_ vcpu: UnsafeMutablePointer<VCPU>, _ sp: UInt64) -> Bool {
  onAlternateStack(thread(of: vcpu), sp)
}
public func alternateStackBase(_ vcpu: UnsafeMutablePointer<VCPU>) -> UInt64 {
  thread(of: vcpu).pointee.alternateStack
}

/// Bytes of the host's signal stack below `used`, an address on it.
public func signalStackRoom(_ vcpu: UnsafeMutablePointer<VCPU>, below used: UInt64) -> UInt64 {
  let base = thread(of: vcpu).base &+ Block.signalStack
  return used > base ? used &- base : 0
}
/// Keeps what lies above `top` on the host's signal stack from being overwritten by the next
/// signal's frame; 0 ends that. To be called from another stack.
public func limitSignalStack(_ vcpu: UnsafeMutablePointer<VCPU>, _ top: UInt64) {
  let t = thread(of: vcpu)
  let base = t.base &+ Block.signalStack
  let end = top == 0 ? t.base &+ Block.signalStackEnd : top & ~63
  store64(t.scratch, base)
  store64(t.scratch &+ 8, 0)
  store64(t.scratch &+ 16, end &- base)
  _ = host(Call.sigaltstack, t.scratch, 0)
}
public func blockHostSignals() { setHostMask(~Signal.synchronous) }
public func restoreGuestMask(_ vcpu: UnsafeMutablePointer<VCPU>) { applyMask(thread(of: vcpu)) }
/// The mask that the interrupted host code gets back is the guest's.
public func setInterruptedMask(_ context: UInt64, _ vcpu: UnsafeMutablePointer<VCPU>) {
  store64(
    context &+ hostFacts.contextMask, thread(of: vcpu).pointee.blocked & ~Signal.synchronous)
}

/// What a SIGSEGV or SIGBUS from the host says in the guest's terms.
public struct HostFault {
  public var signal: UInt64
  public var code: Int32
  public var address: UInt64
  public var trap: UInt64
  public var error: UInt64

  public init(_ signal: UInt64, _ information: UInt64, _ context: UInt64) {
    self.signal = signal
    code = Int32(bitPattern: load32(information &+ 8))
    address = load64(information &+ 16)
    trap = 14
    // Protection and user; an x86 host knows whether it was a write.
    error = code == 2 && signal == Signal.segv ? 5 : 4
    if hostIsX86 { error = load64(context &+ 192) }
    if signal == Signal.fpe {
      // #MF or #XM, at an instruction that only `raise` knows.
      (address, trap, error) = (0, load64(context &+ 200), 0)
      return
    }
    if address < stackLow && address >= stackLow &- stackGuard { code = 1 }
    let top = Int64(bitPattern: address) &>> 47
    if signal == Signal.segv && (code == 0x80 || (top != 0 && top != -1)) {
      // Not canonical: #GP, of which Linux tells no address.
      (code, address, trap, error) = (0x80, 0, 13, 0)
    }
  }
  public func raise(_ vcpu: UnsafeMutablePointer<VCPU>) {
    raiseSignal(
      vcpu, signal, code: code, address: signal == Signal.fpe ? vcpu.pointee.rip : address, trap: trap,
      error: error)
  }
}

public var mainStackLow: UInt64 { stackLow }
public var mainStackHigh: UInt64 { stackHigh }
public func hostWord(_ address: UInt64) -> UInt64 { load64(address) }
