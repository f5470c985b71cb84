import Host
import RuntimeABI

/// The kernel interface's state of one guest thread. It lies at the bottom of the thread's host
/// signal stack, 64 KiB aligned, so that the host's signal handler finds it from its own frame:
/// thread-local storage belongs to the guest.
///
/// Block: thread state (4 KiB), signal stack, scratch (64 KiB), and for threads that are not the
/// first: VCPU, action table, guard, host stack.
public struct Thread {
  public var vcpu: UnsafeMutablePointer<VCPU>
  var actions: UInt64
  /// The guest's signal mask; the host's is the same, without the synchronous signals.
  var blocked: UInt64
  /// In force during sigsuspend, ppoll, …: what a handler's mask is made of.
  var temporaryMask: UInt64
  var hasTemporaryMask: Bool
  var alternateStack: UInt64
  var alternateSize: UInt64
  /// SS_DISABLE 2, SS_AUTODISARM 1 << 31.
  var alternateFlags: UInt64
  var queued: UInt64
  var blockBase: UInt64
  var blockLength: UInt64
  /// For the executor: its own state of this thread; 0 in a new thread.
  public var executor: UInt64
}

/// The executor's word of the thread that `vcpu` belongs to.
public func executorState(_ vcpu: UnsafeMutablePointer<VCPU>) -> UInt64 {
  thread(of: vcpu).pointee.executor
}
public func setExecutorState(_ vcpu: UnsafeMutablePointer<VCPU>, _ value: UInt64) {
  thread(of: vcpu).pointee.executor = value
}

/// Where the host stack of a thread that is not the first ends.
public func childStackLow(_ vcpu: UnsafeMutablePointer<VCPU>) -> UInt64 {
  thread(of: vcpu).pointee.blockBase &+ Block.stack
}

typealias ThreadPointer = UnsafeMutablePointer<Thread>

enum Block {
  static var queue: UInt64 { 1024 }
  static var queueRoom: UInt64 { 8 }
  static var signalStack: UInt64 { 4096 }
  static var signalStackEnd: UInt64 { 0x1_0000 }
  static var scratch: UInt64 { 0x1_0000 }
  static var scratchLength: UInt64 { 0x1_0000 }
  static var vcpu: UInt64 { 0x2_0000 }
  static var actions: UInt64 { 0x2_1000 }
  static var guardPage: UInt64 { 0x2_2000 }
  static var stack: UInt64 { 0x3_0000 }
  /// Reserved lazily; as large as the deepest guest recursion that fits 8 MiB needs on the host.
  static var childLength: UInt64 { 0x200_0000 }
}

extension UnsafeMutablePointer where Pointee == Thread {
  var base: UInt64 { UInt64(UInt(bitPattern: self)) }
  var scratch: UInt64 { base &+ Block.scratch }
  func queueEntry(_ n: UInt64) -> UInt64 { base &+ Block.queue &+ 128 &* n }
  /// A guest action: handler, flags, restorer, mask, as the guest's `struct sigaction` has them.
  func action(_ signal: UInt64) -> UInt64 { pointee.actions &+ 32 &* signal }
}

@inline(__always)
func thread(of vcpu: UnsafeMutablePointer<VCPU>) -> ThreadPointer {
  ThreadPointer(bitPattern: UInt(vcpu.pointee.thread))!
}

/// Makes a thread block around `vcpu` (or one of its own when nil) and returns it.
func makeThread(_ vcpu: UnsafeMutablePointer<VCPU>?, length: UInt64) -> ThreadPointer? {
  let base = allocate(length, noReserve: true)
  if base == 0 { return nil }
  let own = vcpu ?? UnsafeMutablePointer<VCPU>(bitPattern: UInt(base &+ Block.vcpu))!
  let thread = ThreadPointer(bitPattern: UInt(base))!
  thread.initialize(
    to: Thread(
      vcpu: own, actions: base &+ Block.actions, blocked: 0, temporaryMask: 0,
      hasTemporaryMask: false, alternateStack: 0, alternateSize: 0, alternateFlags: 2, queued: 0,
      blockBase: base, blockLength: roundUp(length, 0x1_0000),
      executor: 0))
  return thread
}

/// Registers the block's signal stack for the host thread that runs this.
func useSignalStack(_ thread: ThreadPointer) {
  let description = thread.scratch
  store64(description, thread.base &+ Block.signalStack)
  store64(description &+ 8, 0)
  store64(description &+ 16, Block.signalStackEnd &- Block.signalStack)
  _ = host(Call.sigaltstack, description, 0)
}

/// Sets the host's mask to the guest's. Signals that report the runtime's own faults stay open.
func applyMask(_ thread: ThreadPointer) {
  setHostMask(thread.pointee.blocked & ~Signal.synchronous)
}
func setHostMask(_ mask: UInt64) {
  var value = mask
  withUnsafePointer(to: &value) {
    _ = host(Call.rt_sigprocmask, 2, UInt64(UInt(bitPattern: $0)), 0, 8)
  }
}
