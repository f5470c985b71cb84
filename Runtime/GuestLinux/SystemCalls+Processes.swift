import Host
import RuntimeABI

/// Processes and threads. `fork` is the host's: memory, host stack and VCPU are copied with the
/// rest. A child that shares memory (posix_spawn, threads) gets a block of its own: VCPU, host
/// stack, signal stack; the executor's `recast_run_child` runs it from there. `vfork` does not share
/// memory here (docs/QUIRKS.md): the parent does wait.

private enum CloneFlag {
  static var vm: UInt64 { 0x100 }
  static var signalHandlers: UInt64 { 0x800 }
  static var vfork: UInt64 { 0x4000 }
  static var thread: UInt64 { 0x1_0000 }
  static var setTLS: UInt64 { 0x8_0000 }
}

func clone(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  let flags = x.a
  // x86-64's order: flags, stack, parent ID, child ID, TLS.
  if flags & CloneFlag.vm == 0 {
    let vcpu = t.pointee.vcpu
    let result = cloneProcess(t, flags & ~CloneFlag.setTLS, x.c, x.d)
    if result == 0 {
      if x.b != 0 { vcpu.pointee.gpr[4] = x.b }
      if flags & CloneFlag.setTLS != 0 { vcpu.pointee.fsBase = x.e }
      if x.b != 0 {
        vcpu.pointee.gpr[0] = 0
        vcpu.pointee.gpr[1] = vcpu.pointee.rip
        vcpu.pointee.gpr[11] = rflags(vcpu)
        return registersReplaced
      }
    }
    return result
  }
  if x.b == 0 {
    // vfork's flags without a stack of its own.
    if flags & CloneFlag.vfork == 0 || flags & CloneFlag.thread != 0 { return Errno.invalid }
    return cloneProcess(t, flags & ~(CloneFlag.vm | CloneFlag.setTLS), x.c, x.d)
  }
  guard let child = makeThread(nil, length: Block.childLength) else { return Errno.noMemory }
  let vcpu = child.pointee.vcpu
  vcpu.initialize(to: t.pointee.vcpu.pointee)
  vcpu.pointee.thread = child.base
  vcpu.pointee.hostStackLimit = child.base &+ child.pointee.blockLength
  vcpu.pointee.pending = 0
  vcpu.pointee.gpr[0] = 0
  vcpu.pointee.gpr[1] = vcpu.pointee.rip
  vcpu.pointee.gpr[11] = rflags(vcpu)
  vcpu.pointee.gpr[4] = x.b
  if flags & CloneFlag.setTLS != 0 { vcpu.pointee.fsBase = x.e }
  child.pointee.blocked = t.pointee.blocked
  if flags & CloneFlag.signalHandlers != 0 {
    child.pointee.actions = t.pointee.actions
  } else {
    _ = hostCopy(child.pointee.actions, t.pointee.actions, 65 &* 32)
  }
  _ = host(Call.mprotect, child.base &+ Block.guardPage, Block.stack &- Block.guardPage, 0)

  // No signal may find the child before it has its signal stack.
  setHostMask(~0)
  let result = hostClone(
    flags & ~CloneFlag.setTLS, vcpu.pointee.hostStackLimit, hostFacts.runChild,
    UInt64(UInt(bitPattern: vcpu)), x.c, 0, x.d)
  applyMask(t)
  if result < 0 || flags & CloneFlag.thread == 0 {
    // The process that borrowed the memory has left it (vfork), or never came to be.
    if result < 0 || flags & CloneFlag.vfork != 0 {
      _ = host(Call.munmap, child.base, child.pointee.blockLength)
    }
  }
  return result
}

/// For `recast_run_child`, first thing on the child's host stack: signal stack, then the mask.
public func startChild(_ vcpu: UnsafeMutablePointer<VCPU>) {
  let t = thread(of: vcpu)
  useSignalStack(t)
  applyMask(t)
}

func cloneProcess(_ t: ThreadPointer, _ flags: UInt64, _ parentID: UInt64, _ childID: UInt64)
  -> Int64
{
  let result: Int64
  switch hostFacts.kind {
  case 0, 3: result = guest(t, Call.clone, flags, 0, parentID, childID, 0)
  default: result = guest(t, Call.clone, flags, 0, parentID, 0, childID)
  }
  if result == 0, logsStatistics || statisticsFile != 0, let hook = onFork { hook() }
  return result
}

func exit(_ t: ThreadPointer, _ status: UInt64) -> Int64 {
  if t.pointee.blockLength == Block.childLength && host(Call.getpid) != host(Call.gettid) {
    setHostMask(~0)
    hostExitThread(t.pointee.blockBase, t.pointee.blockLength)
  }
  leaving()
  return host(Call.exit, status)
}

func uname(_ result: UInt64) -> Int64 {
  // Six fields of 65 bytes; the fifth is the machine.
  var names = InlineArray<49, UInt64>(repeating: 0)
  return withUnsafePointer(to: &names) {
    let s = UInt64(UInt(bitPattern: $0))
    let got = host(Call.uname, s)
    if got < 0 { return got }
    _ = hostCopy(s &+ 260, address(of: "x86_64"), 7)
    return copy(to: result, from: s, 390) ? 0 : Errno.fault
  }
}

func archPrctl(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  let vcpu = t.pointee.vcpu
  let canonical: UInt64 = 0x7fff_ffff_f000
  switch x.a {
  case 0x1001:
    if x.b >= canonical { return Errno.perm }
    vcpu.pointee.gsBase = x.b
  case 0x1002:
    if x.b >= canonical { return Errno.perm }
    vcpu.pointee.fsBase = x.b
  case 0x1003, 0x1004:
    store64(t.scratch, x.a == 0x1003 ? vcpu.pointee.fsBase : vcpu.pointee.gsBase)
    if !copy(to: x.b, from: t.scratch, 8) { return Errno.fault }
  default: return Errno.invalid
  }
  return 0
}

/// Refused are the options whose meaning is the host processor's: seccomp filters (they would see
/// host calls), TSC, and what the kernel would tell about its own idea of the image.
func prctl(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  switch x.a & 0xffff_ffff {
  case 22, 25, 26, 35: return Errno.invalid  // SET_SECCOMP, GET_TSC, SET_TSC, SET_MM
  default: return guest(t, Call.prctl, x.a, x.b, x.c, x.d, x.e)
  }
}
