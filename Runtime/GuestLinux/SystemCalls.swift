import Host
import RuntimeABI

/// The guest's system calls. One row a call in Table/calls.txt says what happens to it: passed on,
/// refused, or converted by a handler here and in SystemCalls+*.swift.

public enum SystemCallOutcome {
  /// `rax`, `rcx` and `r11` are set; go on at `rip`. `pending` may be set: look at it.
  case done
  /// A signal came first and nothing was done: `rip` is the `syscall` instruction again, `rax` the
  /// number, `pending` is set. Deliver (`deliverPending`), then evaluate from `rip`.
  case interrupted
  /// Registers and `rip` were replaced (sigreturn, a clone's new stack). Leave by dispatch.
  case transferred
}

struct Arguments {
  var number: UInt64
  var a: UInt64
  var b: UInt64
  var c: UInt64
  var d: UInt64
  var e: UInt64
  var f: UInt64
}

/// What a handler answers with when it has replaced the registers itself.
let registersReplaced: Int64 = -513

/// The `syscall` instruction (SDM vol. 2B). On entry all guest registers are in the VCPU and `rip`
/// is the address after the instruction.
public func systemCall(_ vcpu: UnsafeMutablePointer<VCPU>) -> SystemCallOutcome {
  let thread = thread(of: vcpu)
  let number = vcpu.pointee.gpr[0]
  if vcpu.pointee.pending != 0 {
    vcpu.pointee.rip &-= 2
    return .interrupted
  }
  thread.pointee.hasTemporaryMask = false
  let result = perform(
    Arguments(
      number: number, a: vcpu.pointee.gpr[7], b: vcpu.pointee.gpr[6], c: vcpu.pointee.gpr[2],
      d: vcpu.pointee.gpr[10], e: vcpu.pointee.gpr[8], f: vcpu.pointee.gpr[9]), thread)
  if result == registersReplaced { return .transferred }
  vcpu.pointee.gpr[1] = vcpu.pointee.rip
  vcpu.pointee.gpr[11] = rflags(vcpu)
  if result == restartSystemCall {
    vcpu.pointee.rip &-= 2
    thread.pointee.hasTemporaryMask = false
    return .interrupted
  }
  vcpu.pointee.gpr[0] = UInt64(bitPattern: result)
  if vcpu.pointee.pending == 0 { thread.pointee.hasTemporaryMask = false }
  return .done
}

func perform(_ x: Arguments, _ thread: ThreadPointer) -> Int64 {
  let rows = UInt64(systemCallRows.count)
  let row = x.number < rows ? systemCallRows[Int(x.number)] : 0
  let code = UInt8(truncatingIfNeeded: row &>> 16)
  if code == Handler.refused.rawValue {
    if logTopics & Log.systemCalls != 0 { sayRefused(x.number) }
    return Errno.noSystemCall
  }
  if code == Handler.pass.rawValue || (hostIsX86 && row &>> 24 == 0) {
    let number = hostIsX86 ? x.number : UInt64(row & 0xffff)
    return hostSystemCallChecked(
      pendingFlag(thread), number, x.a, x.b, x.c, x.d, x.e, x.f)
  }
  return handle(Handler(rawValue: code)!, x, thread)
}

@inline(__always)
func pendingFlag(_ thread: ThreadPointer) -> UnsafePointer<UInt32> {
  UnsafePointer(
    bitPattern: UInt(bitPattern: thread.pointee.vcpu) &+ UInt(bitPattern: VCPUOffset.pending))!
}

/// A host call on the guest's behalf: interrupted by signals as the guest's own would be.
@inline(__always)
func guest(
  _ thread: ThreadPointer, _ call: Int, _ a: UInt64 = 0, _ b: UInt64 = 0, _ c: UInt64 = 0,
  _ d: UInt64 = 0, _ e: UInt64 = 0, _ f: UInt64 = 0
) -> Int64 {
  hostSystemCallChecked(pendingFlag(thread), hostNumber(call), a, b, c, d, e, f)
}

let atCurrentDirectory = UInt64(bitPattern: -100)

func handle(_ handler: Handler, _ x: Arguments, _ t: ThreadPointer) -> Int64 {
  switch handler {
  case .refused, .pass: return Errno.noSystemCall
  // Files (SystemCalls+Files.swift)
  case .open: return open(t, atCurrentDirectory, x.a, x.b, x.c)
  case .creat: return open(t, atCurrentDirectory, x.a, 0o1101, x.b)
  case .openat: return open(t, x.a, x.b, x.c, x.d)
  case .openat2: return openat2(t, x)
  case .stat: return status(t, atCurrentDirectory, x.a, 0, x.b)
  case .lstat: return status(t, atCurrentDirectory, x.a, 0x100, x.b)
  case .fstat: return status(t, x.a, address(of: ""), 0x1000, x.b)
  case .newfstatat: return status(t, x.a, x.b, x.d, x.c)
  case .access: return guest(t, Call.faccessat, atCurrentDirectory, x.a, x.b)
  case .readlink: return readlink(t, atCurrentDirectory, x.a, x.b, x.c)
  case .readlinkat: return readlink(t, x.a, x.b, x.c, x.d)
  case .mkdir: return guest(t, Call.mkdirat, atCurrentDirectory, x.a, x.b)
  case .rmdir: return guest(t, Call.unlinkat, atCurrentDirectory, x.a, 0x200)
  case .unlink: return guest(t, Call.unlinkat, atCurrentDirectory, x.a, 0)
  case .rename:
    return guest(t, Call.renameat2, atCurrentDirectory, x.a, atCurrentDirectory, x.b, 0)
  case .renameat: return guest(t, Call.renameat2, x.a, x.b, x.c, x.d, 0)
  case .link: return guest(t, Call.linkat, atCurrentDirectory, x.a, atCurrentDirectory, x.b, 0)
  case .symlink: return guest(t, Call.symlinkat, x.a, atCurrentDirectory, x.b)
  case .chmod: return guest(t, Call.fchmodat, atCurrentDirectory, x.a, x.b)
  case .chown: return guest(t, Call.fchownat, atCurrentDirectory, x.a, x.b, x.c, 0)
  case .lchown: return guest(t, Call.fchownat, atCurrentDirectory, x.a, x.b, x.c, 0x100)
  case .mknod: return guest(t, Call.mknodat, atCurrentDirectory, x.a, x.b, x.c)
  case .utime: return utime(t, x.a, x.b)
  case .utimes: return utimes(t, atCurrentDirectory, x.a, x.b)
  case .futimesat: return utimes(t, x.a, x.b, x.c)
  case .getdents: return getdents(t, x)
  case .fcntl: return fcntl(t, x)
  case .pipe: return guest(t, Call.pipe2, x.a, 0)
  case .pipe2: return guest(t, Call.pipe2, x.a, hostOpenFlags(x.b))
  case .dup2: return dup2(t, x.a, x.b)
  case .semctl: return semctl(t, x)
  // Waiting (SystemCalls+Wait.swift)
  case .poll: return poll(t, x)
  case .ppoll: return ppoll(t, x)
  case .select: return select(t, x)
  case .pselect6: return pselect6(t, x)
  case .pause: return guest(t, Call.ppoll, 0, 0, 0, 0, 8)
  case .alarm: return alarm(t, x.a)
  case .time: return time(t, x.a)
  case .epollCreate:
    return Int64(bitPattern: x.a) <= 0 ? Errno.invalid : guest(t, Call.epoll_create1, 0)
  case .epollCtl: return epollCtl(t, x)
  case .epollWait: return epollWait(t, x, mask: 0)
  case .epollPwait: return epollWait(t, x, mask: x.e)
  case .inotifyInit: return guest(t, Call.inotify_init1, 0)
  case .signalfd: return guest(t, Call.signalfd4, x.a, x.b, x.c, 0)
  case .eventfd: return guest(t, Call.eventfd2, x.a, 0)
  // Memory (SystemCalls+Memory.swift)
  case .mmap: return mmap(t, x)
  case .munmap: return munmap(t, x)
  case .mprotect: return mprotect(t, x)
  case .mremap: return mremap(t, x)
  case .shmat: return shmat(t, x)
  case .brk: return brk(x.a)
  // Signals (Signals.swift, SignalFrame.swift)
  case .rtSigaction: return rtSigaction(t, x)
  case .rtSigprocmask: return rtSigprocmask(t, x)
  case .rtSigreturn: return rtSigreturn(t)
  case .rtSigsuspend: return rtSigsuspend(t, x)
  case .sigaltstack: return sigaltstack(t, x)
  // Processes (SystemCalls+Processes.swift, Exec.swift)
  case .clone: return clone(t, x)
  case .fork: return cloneProcess(t, 17, 0, 0)
  case .vfork: return cloneProcess(t, 0x4000 | 17, 0, 0)
  case .execve: return execve(t, x.a, x.b, x.c)
  case .execveat: return execveat(t, x)
  case .exit: return exit(t, x.a)
  case .exitGroup:
    leaving()
    return host(Call.exit_group, x.a)
  case .getpgrp: return guest(t, Call.getpgid, 0)
  case .getrlimit: return guest(t, Call.prlimit64, 0, x.a, 0, x.b)
  case .setrlimit: return guest(t, Call.prlimit64, 0, x.a, x.b, 0)
  case .uname: return uname(x.a)
  case .archPrctl: return archPrctl(t, x)
  case .prctl: return prctl(t, x)
  }
}
