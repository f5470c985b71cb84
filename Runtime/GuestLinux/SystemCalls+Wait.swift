import Host

/// Waiting for time and events. Calls that set a signal mask while they wait leave a note of it, so
/// that a handler they let through runs under that mask, as in the kernel.

private func noteMask(_ t: ThreadPointer, _ mask: UInt64) -> Bool {
  if mask == 0 { return true }
  if !copy(to: t.scratch &+ 0xfff0, from: mask, 8) { return false }
  t.pointee.temporaryMask = load64(t.scratch &+ 0xfff0) & ~Signal.unblockable
  t.pointee.hasTemporaryMask = true
  return true
}

func poll(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  let milliseconds = Int32(truncatingIfNeeded: x.c)
  if milliseconds < 0 { return guest(t, Call.ppoll, x.a, x.b, 0, 0, 8) }
  store64(t.scratch, UInt64(UInt32(milliseconds) / 1000))
  store64(t.scratch &+ 8, UInt64(UInt32(milliseconds) % 1000) &* 1_000_000)
  return guest(t, Call.ppoll, x.a, x.b, t.scratch, 0, 8)
}

func ppoll(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  if !noteMask(t, x.d) { return Errno.fault }
  return guest(t, Call.ppoll, x.a, x.b, x.c, x.d, x.e)
}

func select(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  if x.e == 0 { return guest(t, Call.pselect6, x.a, x.b, x.c, x.d, 0, 0) }
  let s = t.scratch
  if !copy(to: s, from: x.e, 16) { return Errno.fault }
  let seconds = Int64(bitPattern: load64(s))
  let micro = Int64(bitPattern: load64(s &+ 8))
  if seconds < 0 || micro < 0 { return Errno.invalid }
  store64(s, UInt64(bitPattern: seconds &+ micro / 1_000_000))
  store64(s &+ 8, UInt64(bitPattern: micro % 1_000_000 &* 1000))
  let result = guest(t, Call.pselect6, x.a, x.b, x.c, x.d, s, 0)
  if result == restartSystemCall { return result }
  store64(s &+ 8, load64(s &+ 8) / 1000)
  _ = copy(to: x.e, from: s, 16)
  return result
}

func pselect6(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  // The sixth argument is the address of {mask, size}.
  if x.f != 0 {
    if !copy(to: t.scratch, from: x.f, 16) { return Errno.fault }
    if !noteMask(t, load64(t.scratch)) { return Errno.fault }
  }
  return guest(t, Call.pselect6, x.a, x.b, x.c, x.d, x.e, x.f)
}

func alarm(_ t: ThreadPointer, _ seconds: UInt64) -> Int64 {
  let s = t.scratch
  clear(s, 64)
  store64(s &+ 16, seconds & 0xffff_ffff)
  let result = guest(t, Call.setitimer, 0, s, s &+ 32)
  if result < 0 { return result }
  // Rounded as the kernel rounds: up, except that less than half a second after a full one is.
  var left = load64(s &+ 48)
  let micro = load64(s &+ 56)
  if (left == 0 && micro != 0) || micro >= 500_000 { left &+= 1 }
  return Int64(bitPattern: left)
}

func time(_ t: ThreadPointer, _ result: UInt64) -> Int64 {
  let got = guest(t, Call.clock_gettime, 5, t.scratch)  // CLOCK_REALTIME_COARSE
  if got < 0 { return got }
  if result != 0 && !copy(to: result, from: t.scratch, 8) { return Errno.fault }
  return Int64(bitPattern: load64(t.scratch))
}

/// `struct epoll_event` is packed on x86-64 only: 12 bytes for 16.
func epollCtl(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  if x.d == 0 { return guest(t, Call.epoll_ctl, x.a, x.b, x.c, 0) }
  let s = t.scratch
  if !copy(to: s, from: x.d, 12) { return Errno.fault }
  store32(s &+ 16, load32(s))
  store64(s &+ 24, UInt64(load32(s &+ 4)) | UInt64(load32(s &+ 8)) &<< 32)
  return guest(t, Call.epoll_ctl, x.a, x.b, x.c, s &+ 16)
}

func epollWait(_ t: ThreadPointer, _ x: Arguments, mask: UInt64) -> Int64 {
  if !noteMask(t, mask) { return Errno.fault }
  if hostIsX86 { return guest(t, Call.epoll_pwait, x.a, x.b, x.c, x.d, mask, x.f) }
  let s = t.scratch
  let wanted = Int32(truncatingIfNeeded: x.c)
  if wanted <= 0 { return Errno.invalid }
  let room: UInt64 = wanted > 2048 ? 2048 : UInt64(UInt32(wanted))
  let got = guest(t, Call.epoll_pwait, x.a, s, room, x.d, mask, 8)
  if got <= 0 { return got }
  var n: UInt64 = 0
  while n < UInt64(bitPattern: got) {
    let data = load64(s &+ 16 &* n &+ 8)
    store32(s &+ 12 &* n, load32(s &+ 16 &* n))
    store32(s &+ 12 &* n &+ 4, UInt32(truncatingIfNeeded: data))
    store32(s &+ 12 &* n &+ 8, UInt32(truncatingIfNeeded: data &>> 32))
    n &+= 1
  }
  return copy(to: x.b, from: s, 12 &* n) ? got : Errno.fault
}
