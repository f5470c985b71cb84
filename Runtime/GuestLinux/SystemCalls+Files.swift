import Host

/// Files: flags and structures that differ between x86-64 and the generic table's hosts.

/// O_DIRECT, O_LARGEFILE, O_DIRECTORY and O_NOFOLLOW sit elsewhere on aarch64 (the other hosts
/// number them as x86-64 does). The map is its own inverse up to the pairs' order.
func hostOpenFlags(_ flags: UInt64) -> UInt64 {
  if !hostIsAArch64 { return flags }
  return swap(flags, direct: 0o40000, large: 0o100000, directory: 0o200000, follow: 0o400000,
    to: 0o200000, 0o400000, 0o40000, 0o100000)
}
func guestOpenFlags(_ flags: UInt64) -> UInt64 {
  if !hostIsAArch64 { return flags }
  return swap(flags, direct: 0o200000, large: 0o400000, directory: 0o40000, follow: 0o100000,
    to: 0o40000, 0o100000, 0o200000, 0o400000)
}
private func swap(
  _ flags: UInt64, direct: UInt64, large: UInt64, directory: UInt64, follow: UInt64,
  to direct2: UInt64, _ large2: UInt64, _ directory2: UInt64, _ follow2: UInt64
) -> UInt64 {
  var result = flags & ~0o740000
  if flags & direct != 0 { result |= direct2 }
  if flags & large != 0 { result |= large2 }
  if flags & directory != 0 { result |= directory2 }
  if flags & follow != 0 { result |= follow2 }
  return result
}

func open(
  _ t: ThreadPointer, _ directory: UInt64, _ path: UInt64, _ flags: UInt64, _ mode: UInt64
) -> Int64 {
  if let opened = openSpecial(t, path, flags) { return opened }
  return guest(t, Call.openat, directory, path, hostOpenFlags(flags), mode)
}

func openat2(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  // struct open_how: flags, mode, resolve.
  if x.d < 24 || x.d > 64 { return Errno.invalid }
  if !copy(to: t.scratch, from: x.c, x.d) { return Errno.fault }
  store64(t.scratch, hostOpenFlags(load64(t.scratch)))
  return guest(t, Call.openat2, x.a, x.b, t.scratch, x.d)
}

func fcntl(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  switch x.b {
  case 3:
    let flags = guest(t, Call.fcntl, x.a, 3)
    return flags < 0 ? flags : Int64(bitPattern: guestOpenFlags(UInt64(bitPattern: flags)))
  case 4: return guest(t, Call.fcntl, x.a, 4, hostOpenFlags(x.c))
  default: return guest(t, Call.fcntl, x.a, x.b, x.c)
  }
}

/// stat, lstat, fstat, newfstatat by way of statx, which every host lays out alike.
func status(
  _ t: ThreadPointer, _ directory: UInt64, _ path: UInt64, _ flags: UInt64, _ result: UInt64
) -> Int64 {
  let from = t.scratch
  let got = guest(t, Call.statx, directory, path, flags | 0x800, 0x7ff, from)
  if got != 0 { return got }
  let to = from &+ 512
  clear(to, 144)
  store64(to, device(load32(from &+ 136), load32(from &+ 140)))
  store64(to &+ 8, load64(from &+ 32))  // ino
  store64(to &+ 16, UInt64(load32(from &+ 16)))  // nlink
  store32(to &+ 24, UInt32(load16(from &+ 28)))  // mode
  store32(to &+ 28, load32(from &+ 20))  // uid
  store32(to &+ 32, load32(from &+ 24))  // gid
  store64(to &+ 40, device(load32(from &+ 128), load32(from &+ 132)))
  store64(to &+ 48, load64(from &+ 40))  // size
  store64(to &+ 56, UInt64(load32(from &+ 4)))  // blksize
  store64(to &+ 64, load64(from &+ 48))  // blocks
  // atime, mtime, ctime; statx puts btime second.
  copyTime(to &+ 72, from &+ 64)
  copyTime(to &+ 88, from &+ 112)
  copyTime(to &+ 104, from &+ 96)
  return copy(to: result, from: to, 144) ? 0 : Errno.fault
}
private func copyTime(_ to: UInt64, _ from: UInt64) {
  store64(to, load64(from))
  store64(to &+ 8, UInt64(load32(from &+ 8)))
}
/// The kernel's encoding of a device number (new_encode_dev).
private func device(_ major: UInt32, _ minor: UInt32) -> UInt64 {
  UInt64((minor & 0xff) | (major &<< 8) | ((minor & ~0xff) &<< 12))
}

func utime(_ t: ThreadPointer, _ path: UInt64, _ times: UInt64) -> Int64 {
  if times == 0 { return guest(t, Call.utimensat, atCurrentDirectory, path, 0, 0) }
  let s = t.scratch
  if !copy(to: s, from: times, 16) { return Errno.fault }
  let modified = load64(s &+ 8)
  store64(s &+ 8, 0)
  store64(s &+ 16, modified)
  store64(s &+ 24, 0)
  return guest(t, Call.utimensat, atCurrentDirectory, path, s, 0)
}

func utimes(_ t: ThreadPointer, _ directory: UInt64, _ path: UInt64, _ times: UInt64) -> Int64 {
  if times == 0 { return guest(t, Call.utimensat, directory, path, 0, 0) }
  let s = t.scratch
  if !copy(to: s, from: times, 32) { return Errno.fault }
  if load64(s &+ 8) > 999_999 || load64(s &+ 24) > 999_999 { return Errno.invalid }
  store64(s &+ 8, load64(s &+ 8) &* 1000)
  store64(s &+ 24, load64(s &+ 24) &* 1000)
  return guest(t, Call.utimensat, directory, path, s, 0)
}

/// An old entry is as long as a new one: the type moves from before the name to the last byte.
func getdents(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  let room = x.c < Block.scratchLength ? x.c : Block.scratchLength
  let got = guest(t, Call.getdents64, x.a, t.scratch, room)
  if got <= 0 { return got }
  var at = t.scratch
  let end = at &+ UInt64(bitPattern: got)
  while at < end {
    let size = UInt64(load16(at &+ 16))
    let type = load8(at &+ 18)
    var n: UInt64 = 18
    while n &+ 1 < size {
      store8(at &+ n, load8(at &+ n &+ 1))
      n &+= 1
    }
    store8(at &+ size &- 1, type)
    at &+= size
  }
  return copy(to: x.b, from: t.scratch, UInt64(bitPattern: got)) ? got : Errno.fault
}

func dup2(_ t: ThreadPointer, _ old: UInt64, _ new: UInt64) -> Int64 {
  let a = old & 0xffff_ffff
  let b = new & 0xffff_ffff
  if a == b {
    let flags = guest(t, Call.fcntl, a, 1)
    return flags < 0 ? flags : Int64(bitPattern: b)
  }
  return guest(t, Call.dup3, a, b, 0)
}

/// `struct semid64_ds` has a reserved word after each time on x86-64.
func semctl(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  let command = x.c & 0xff
  let s = t.scratch
  switch command {
  case 2, 18, 20:  // IPC_STAT, SEM_STAT, SEM_STAT_ANY
    let got = guest(t, Call.semctl, x.a, x.b, x.c, s)
    if got < 0 { return got }
    clear(s &+ 128, 104)
    _ = copy(to: s &+ 128, from: s, 48)
    store64(s &+ 176, load64(s &+ 48))
    store64(s &+ 192, load64(s &+ 56))
    store64(s &+ 208, load64(s &+ 64))
    return copy(to: x.d, from: s &+ 128, 104) ? got : Errno.fault
  case 1:  // IPC_SET reads the permissions only.
    if !copy(to: s, from: x.d, 48) { return Errno.fault }
    clear(s &+ 48, 64)
    return guest(t, Call.semctl, x.a, x.b, x.c, s)
  default: return guest(t, Call.semctl, x.a, x.b, x.c, x.d)
  }
}
