import Host

/// The memory map. Guest addresses are host addresses, so the host's kernel keeps it; PROT_EXEC is
/// not passed on (guest code is data to the host) and the runtime's window is refused.

/// Called with [start, end) after the guest mapped or unmapped memory there, or made it writable:
/// code that was translated or decoded from it may be other code. Set by the executor.
public nonisolated(unsafe) var onCodeChange: (@convention(c) (UInt64, UInt64) -> Void)? = nil

nonisolated(unsafe) var breakStart: UInt64 = 0
nonisolated(unsafe) var breakEnd: UInt64 = 0
/// aarch64 hands out 48-bit addresses, x86-64 programs expect 47: hints go down from here.
nonisolated(unsafe) var mappingHint: UInt64 = 0x7fff_0000_0000
nonisolated(unsafe) var lowHint: UInt64 = 0x4000_0000

private func changed(_ start: UInt64, _ length: UInt64) {
  if let hook = onCodeChange { hook(start, start &+ roundUp(length, 4096)) }
}

func mmap(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  let fixed = x.d & 0x10_0010 != 0
  var flags = x.d
  var hint = x.a
  if Window.overlaps(x.a, roundUp(x.b, 4096)) {
    if fixed { return x.d & 0x10_0000 != 0 ? Errno.exists : Errno.noMemory }
    hint = 0
  }
  let protection = x.c & ~4
  if !hostIsX86 && flags & 0x40 != 0 {
    flags &= ~0x40  // MAP_32BIT
    if !fixed { return mapLow(t, x, protection, flags) }
  }
  let hinted = hint == 0 && !fixed && hostIsAArch64
  if hinted { hint = (mappingHint &- roundUp(x.b, 4096)) & ~0xffff }
  let got = guest(t, Call.mmap, hint, x.b, protection, flags, x.e, x.f)
  if got < 0 { return got }
  let address = UInt64(bitPattern: got)
  if hinted && address == hint { mappingHint = hint }
  if Window.overlaps(address, x.b) {
    // The kernel chose the window: only when the rest is full.
    _ = host(Call.munmap, address, x.b)
    return Errno.noMemory
  }
  if fixed { changed(address, x.b) }
  return got
}

/// MAP_32BIT means the low 2 GiB.
private func mapLow(
  _ t: ThreadPointer, _ x: Arguments, _ protection: UInt64, _ flags: UInt64
) -> Int64 {
  let size = roundUp(x.b, 0x1_0000)
  if size == 0 { return Errno.invalid }
  var tries = 0
  while tries < 4096 {
    tries &+= 1
    if lowHint &+ size > 0x8000_0000 {
      if size > 0x4000_0000 { return Errno.noMemory }
      lowHint = 0x4000_0000
    }
    let hint = lowHint
    lowHint = hint &+ size
    let got = guest(t, Call.mmap, hint, x.b, protection, flags | 0x10_0000, x.e, x.f)
    if got == Errno.exists { continue }
    if got < 0 || UInt64(bitPattern: got) == hint { return got }
    _ = host(Call.munmap, UInt64(bitPattern: got), x.b)
  }
  return Errno.noMemory
}

func munmap(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  if Window.overlaps(x.a, x.b) { return Errno.invalid }
  let got: Int64
  if let inner = wholePages(x.a, x.b) {
    // Host pages that are only partly unmapped stay.
    got = inner.length == 0 ? 0 : guest(t, Call.munmap, inner.start, inner.length)
  } else {
    got = guest(t, Call.munmap, x.a, x.b)
  }
  if got == 0 { changed(x.a, x.b) }
  return got
}

/// The host pages that a range of guest pages covers wholly, where that is not the same range:
/// on a host whose pages are larger.
private func wholePages(_ start: UInt64, _ length: UInt64) -> (start: UInt64, length: UInt64)? {
  let end = start &+ roundUp(length, 4096)
  if (start | end) & (hostPage &- 1) == 0 || start & 4095 != 0 || end < start { return nil }
  let first = roundUp(start, hostPage)
  let last = end & ~(hostPage &- 1)
  return (first, last > first ? last &- first : 0)
}

/// Host pages that the guest protects only in part keep the union of what their parts need.
private func protect(_ t: ThreadPointer, _ start: UInt64, _ length: UInt64, _ protection: UInt64)
  -> Int64
{
  guard let inner = wholePages(start, length) else {
    return guest(t, Call.mprotect, start, length, protection)
  }
  if inner.length != 0 {
    let got = guest(t, Call.mprotect, inner.start, inner.length, protection)
    if got != 0 { return got }
  }
  if protection == 0 { return 0 }
  let first = start & ~(hostPage &- 1)
  let last = roundUp(start &+ length, hostPage)
  let middle = inner.length == 0 ? last : inner.start
  if first < middle {
    let got = guest(t, Call.mprotect, first, middle &- first, 3)
    if got != 0 { return got }
  }
  let behind = inner.start &+ inner.length
  if inner.length != 0 && behind < last {
    return guest(t, Call.mprotect, behind, last &- behind, 3)
  }
  return 0
}

/// mprotect, and pkey_mprotect without a key.
func mprotect(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  let withKey = x.number == UInt64(UInt(bitPattern: Call.pkey_mprotect))
  if withKey && Int32(truncatingIfNeeded: x.d) != -1 { return Errno.invalid }
  if Window.overlaps(x.a, x.b) { return Errno.noMemory }
  let got = protect(t, x.a, x.b, x.c & ~4)
  if got == 0 && x.c & 2 != 0 { changed(x.a, x.b) }
  return got
}

func mremap(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  if Window.overlaps(x.a, x.b) { return Errno.fault }
  if x.d & 2 != 0 && Window.overlaps(x.e, x.c) { return Errno.invalid }
  let got = guest(t, Call.mremap, x.a, x.b, x.c, x.d, x.e)
  if got >= 0 {
    changed(x.a, x.b)
    changed(UInt64(bitPattern: got), x.c)
  }
  return got
}

func shmat(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  if x.b != 0 && Window.overlaps(x.b, 4096) { return Errno.invalid }
  return guest(t, Call.shmat, x.a, x.b, x.c & ~0o100000)
}

/// The host's own break belongs to the artifact; the guest's is mapped after its image.
func brk(_ wanted: UInt64) -> Int64 {
  let now = Int64(bitPattern: breakEnd)
  if wanted < breakStart || wanted == breakEnd { return now }
  let oldTop = roundUp(breakEnd, hostPage)
  let newTop = roundUp(wanted, hostPage)
  if newTop < wanted { return now }
  if newTop > oldTop {
    if Window.overlaps(oldTop, newTop &- oldTop) { return now }
    let got = host(Call.mmap, oldTop, newTop &- oldTop, 3, 0x10_0022, UInt64.max, 0)
    if UInt64(bitPattern: got) != oldTop {
      if got > 0 { _ = host(Call.munmap, UInt64(bitPattern: got), newTop &- oldTop) }
      return now
    }
  } else if newTop < oldTop {
    _ = host(Call.munmap, newTop, oldTop &- newTop)
    changed(newTop, oldTop &- newTop)
  }
  breakEnd = wanted
  return Int64(bitPattern: wanted)
}

nonisolated(unsafe) var hostPage: UInt64 = 4096
