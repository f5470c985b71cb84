/// The host machine: what cannot be said in Swift, as assembly text per host ISA (Assembly/*.s),
/// behind one Swift face. Which host it is, is data (`hostFacts`), never `#if arch`.

@_extern(c, "recast_host_syscall")
public func hostSystemCall(
  _ number: UInt64, _ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64, _ e: UInt64, _ f: UInt64
) -> Int64

/// Makes the call unless `*pending` is set. The check and the call are one restartable range: the
/// signal handler moves a thread that it finds there to the way out, which returns
/// `restartSystemCall`. The kernel's own restart (SA_RESTART) goes back into the range, too.
@_extern(c, "recast_host_syscall_checked")
public func hostSystemCallChecked(
  _ pending: UnsafePointer<UInt32>, _ number: UInt64,
  _ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64, _ e: UInt64, _ f: UInt64
) -> Int64

/// Copies bytes upwards and returns how many were left when an address faulted; 0: all copied.
@_extern(c, "recast_host_copy")
public func hostCopy(_ to: UInt64, _ from: UInt64, _ count: UInt64) -> UInt64

/// The child calls `function(argument)` on `stack` and leaves with its result as thread status.
@_extern(c, "recast_host_clone")
public func hostClone(
  _ flags: UInt64, _ stack: UInt64, _ function: UInt64, _ argument: UInt64,
  _ parentID: UInt64, _ tls: UInt64, _ childID: UInt64
) -> Int64

/// Unmaps the range, which may hold the caller's stack, and ends the thread.
@_extern(c, "recast_host_exit_thread")
public func hostExitThread(_ base: UInt64, _ length: UInt64)

/// Calls `function(argument)` on another stack and returns its result.
@_extern(c, "recast_switch_stack")
public func hostSwitchStack(_ stack: UInt64, _ function: UInt64, _ argument: UInt64) -> UInt64

/// Calls `function(argument)`. A `recast_host_throw(save)` from below ends that call early: then what
/// is returned means nothing. `save` is one word.
@_extern(c, "recast_host_catch")
public func hostCatch(_ function: UInt64, _ argument: UInt64, _ save: UInt64) -> UInt64
@_extern(c, "recast_host_throw")
public func hostThrow(_ save: UInt64)

/// The instruction at `address` is another one: instruction caches are to see it.
@_extern(c, "recast_host_code_changed")
public func hostCodeChanged(_ address: UInt64)

/// Cycles on x86_64, elsewhere the timer's ticks.
@_extern(c, "recast_host_counter")
public func hostCounter() -> UInt64

/// Makes the host's floating-point environment MXCSR's: rounding, and where the host can, DAZ and FTZ.
/// An x86 host takes all of it, so that unmasked exceptions trap; elsewhere no flag is set then.
@_extern(c, "recast_host_float_load")
public func hostFloatLoad(_ mxcsr: UInt64)
/// The exceptions since then, as MXCSR's flags; DE on x86_64 only.
@_extern(c, "recast_host_float_flags")
public func hostFloatFlags() -> UInt64

/// The x87 registers of an x86 host, which are the guest's, to and from an area as FXSAVE's, of which
/// 160 bytes matter.
@_extern(c, "recast_host_x87_save")
public func hostX87Save(_ area: UInt64)
@_extern(c, "recast_host_x87_load")
public func hostX87Load(_ area: UInt64)

@_extern(c, "recast_host_facts")
func hostFactsAddress() -> UInt

/// The data block at `recast_host_kind`, in the order of the assembly files.
public struct HostFacts {
  /// 0 x86_64, 1 aarch64, 2 riscv64, 3 loongarch64.
  public var kind: UInt64
  /// The restartable range [checkStart, checkEnd) and where it is left.
  public var checkStart: UInt64
  public var checkEnd: UInt64
  public var checkInterrupted: UInt64
  /// The copy loop [copyStart, copyEnd); `copyEnd` returns what is left.
  public var copyStart: UInt64
  public var copyEnd: UInt64
  /// The handler for every host signal: `recast_host_signal`.
  public var signalHandler: UInt64
  public var signalReturn: UInt64
  /// Byte offsets into the host's `ucontext`.
  public var contextPC: UInt64
  public var contextSP: UInt64
  public var contextMask: UInt64
  public var contextArgument: UInt64
  /// `recast_run_child`, which the executor defines.
  public var runChild: UInt64
  /// `recast_host_throw`.
  public var throwing: UInt64
  /// An instruction that traps, in its low `trapLength` bytes.
  public var trap: UInt64
  public var trapLength: UInt64
  /// `recast_miss`, which the translator defines.
  public var miss: UInt64
}

@inline(__always)
func hostFactsTable() -> UnsafePointer<HostFacts> {
  UnsafePointer(bitPattern: hostFactsAddress())!
}
public var hostFacts: HostFacts { hostFactsTable().pointee }
public var hostIsX86: Bool { hostFactsTable().pointee.kind == 0 }
public var hostIsAArch64: Bool { hostFactsTable().pointee.kind == 1 }

/// What `hostSystemCallChecked` returns when a signal has to be delivered first.
public var restartSystemCall: Int64 { -512 }
