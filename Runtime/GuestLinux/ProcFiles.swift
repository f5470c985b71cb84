import Host
import RuntimeABI

/// Files in which the host's kernel would tell its own story: /proc/self/exe, maps, auxv and
/// /proc/cpuinfo. They are opened as memory files with the guest's.
///
/// /proc/self/exe is the file named by RECAST_EXE, or the program loaded at run time, or else the
/// artifact itself, which took the guest program's place.

private enum Special { case none, executable, maps, auxiliary, cpuInfo }

/// Also recognises /proc/PID and /proc/thread-self.
private func special(_ t: ThreadPointer, _ path: UInt64) -> Special {
  let s = t.scratch
  store64(s, 0)
  if hostCopy(s, path, 6) != 0 || !begins(s, with: "/proc/") { return .none }
  let length = copyString(to: s, from: path, room: 64)
  if length < 0 { return .none }
  if equal(s, "/proc/cpuinfo") { return .cpuInfo }
  var at = s &+ 6
  if begins(at, with: "self/") {
    at &+= 5
  } else if begins(at, with: "thread-self/") {
    at &+= 12
  } else {
    var number: Int64 = 0
    while load8(at) >= 0x30 && load8(at) <= 0x39 && number < 1 &<< 32 {
      number = number &* 10 &+ Int64(load8(at) &- 0x30)
      at &+= 1
    }
    if load8(at) != 0x2f || number == 0 || number != host(Call.getpid) { return .none }
    at &+= 1
  }
  if equal(at, "exe") { return .executable }
  if equal(at, "maps") { return .maps }
  if equal(at, "auxv") { return .auxiliary }
  return .none
}

func isOwnExecutable(_ t: ThreadPointer, _ path: UInt64) -> Bool {
  special(t, path) == .executable
}

/// The descriptor or error for a special file; nil when `path` is an ordinary one.
func openSpecial(_ t: ThreadPointer, _ path: UInt64, _ flags: UInt64) -> Int64? {
  let kind = special(t, path)
  if kind == .none { return nil }
  if kind == .executable {
    if guestExecutable == 0 { return nil }
    return guest(
      t, Call.openat, atCurrentDirectory, guestExecutable, hostOpenFlags(flags))
  }
  if flags & 3 != 0 { return kind == .cpuInfo ? nil : Errno.access }
  let cloexec: UInt64 = flags & 0o2000000 != 0 ? 1 : 0
  let file = host(Call.memfd_create, address(of: "recast"), cloexec)
  if file < 0 { return file }
  var out = TextBuffer(file: UInt64(bitPattern: file))
  switch kind {
  case .maps: writeMaps(t, &out)
  case .auxiliary: out.add(bytes: guestAuxiliary, guestAuxiliaryLength)
  default: writeCPUInfo(t, &out)
  }
  out.flush()
  _ = host(Call.lseek, UInt64(bitPattern: file), 0, 0)
  return file
}

func readlink(
  _ t: ThreadPointer, _ directory: UInt64, _ path: UInt64, _ result: UInt64, _ size: UInt64
) -> Int64 {
  if guestExecutable != 0 && special(t, path) == .executable {
    if Int32(truncatingIfNeeded: size) <= 0 { return Errno.invalid }
    let full = length(guestExecutable)
    let count = full < size ? full : size
    return copy(to: result, from: guestExecutable, count) ? Int64(bitPattern: count) : Errno.fault
  }
  return guest(t, Call.readlinkat, directory, path, result, size)
}

private struct TextBuffer {
  var file: UInt64
  var used = 0
  var bytes = InlineArray<512, UInt8>(repeating: 0)

  mutating func add(_ byte: UInt8) {
    if used == 512 { flush() }
    bytes[used] = byte
    used &+= 1
  }
  mutating func add(bytes source: UInt64, _ count: UInt64) {
    var n: UInt64 = 0
    while n < count {
      add(load8(source &+ n))
      n &+= 1
    }
  }
  mutating func add(_ text: StaticString) {
    add(bytes: address(of: text), UInt64(text.utf8CodeUnitCount))
  }
  mutating func add(number: UInt64) {
    if number >= 10 { add(number: number / 10) }
    add(UInt8(truncatingIfNeeded: 0x30 &+ number % 10))
  }
  mutating func flush() {
    let count = UInt64(UInt(bitPattern: used))
    let file = file
    withUnsafePointer(to: &bytes) {
      _ = host(Call.write, file, UInt64(UInt(bitPattern: $0)), count)
    }
    used = 0
  }
}

/// The host's lines without the runtime's window, the artifact's stack and vDSO; guest code shows
/// as executable, the guest's stack and heap under their names.
private func writeMaps(_ t: ThreadPointer, _ out: inout TextBuffer) {
  let path = address(of: "/proc/self/maps")
  let opened = host(Call.openat, atCurrentDirectory, path, 0)
  if opened < 0 { return }
  let maps = UInt64(bitPattern: opened)
  let line = t.scratch
  let input = t.scratch &+ 0x8000
  var lineLength: UInt64 = 0
  while true {
    let got = host(Call.read, maps, input, 0x4000)
    if got <= 0 { break }
    var n: UInt64 = 0
    while n < UInt64(bitPattern: got) {
      let byte = load8(input &+ n)
      n &+= 1
      if byte != 0x0a {
        if lineLength < 0x7000 {
          store8(line &+ lineLength, byte)
          lineLength &+= 1
        }
        continue
      }
      store8(line &+ lineLength, 0)
      writeMapping(line, &out)
      lineLength = 0
    }
  }
  _ = host(Call.close, maps)
}

private func parseHex(_ at: inout UInt64) -> UInt64 {
  var value: UInt64 = 0
  while true {
    let c = load8(at)
    if c >= 0x30 && c <= 0x39 {
      value = value &<< 4 | UInt64(c &- 0x30)
    } else if c >= 0x61 && c <= 0x66 {
      value = value &<< 4 | UInt64(c &- 0x57)
    } else {
      return value
    }
    at &+= 1
  }
}

private func writeMapping(_ line: UInt64, _ out: inout TextBuffer) {
  var at = line
  let start = parseHex(&at)
  at &+= 1
  let end = parseHex(&at)
  let permissions = at &+ 1
  if Window.overlaps(start, end &- start) { return }
  var name = permissions
  while load8(name) != 0 && load8(name) != 0x5b { name &+= 1 }
  if begins(name, with: "[stack") || begins(name, with: "[v") || begins(name, with: "[heap") {
    if !(begins(name, with: "[stack") && start <= stackLow && end >= stackHigh) { return }
  }
  var n: UInt64 = 0
  while n < processImage.segmentCount {
    let segment = UnsafePointer<GuestSegment>(bitPattern: UInt(processImage.segments))![Int(n)]
    if segment.flags & 1 != 0 && start < segment.end && end > segment.start {
      store8(permissions &+ 2, 0x78)
    }
    n &+= 1
  }
  var size = length(line)
  while size > 0 && load8(line &+ size &- 1) == 0x20 { size &-= 1 }
  out.add(bytes: line, size)
  if load8(name) == 0 {
    if end == stackHigh { out.add(" [stack]") }
    if start == breakStart && breakEnd > breakStart { out.add(" [heap]") }
  }
  out.add(0x0a)
}

private func writeCPUInfo(_ t: ThreadPointer, _ out: inout TextBuffer) {
  clear(t.scratch, 128)
  _ = host(Call.sched_getaffinity, 0, 128, t.scratch)
  var count: UInt64 = 0
  var n: UInt64 = 0
  while n < 16 {
    var bits = load64(t.scratch &+ 8 &* n)
    while bits != 0 {
      bits &= bits &- 1
      count &+= 1
    }
    n &+= 1
  }
  if count == 0 { count = 1 }
  n = 0
  while n < count {
    out.add("processor\t: ")
    out.add(number: n)
    out.add(cpuDescription)
    n &+= 1
  }
}

/// What every processor's paragraph says after its number; agrees with the interpreter's CPUID,
/// whose owner replaces it.
public nonisolated(unsafe) var cpuDescription: StaticString = """

vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 37
model name\t: Recast x86-64 guest processor
stepping\t: 2
cache size\t: 16384 KB
fpu\t\t: yes
fpu_exception\t: yes
cpuid level\t: 7
wp\t\t: yes
flags\t\t: fpu tsc cx8 cmov clflush mmx fxsr sse sse2 syscall nx rdtscp lm nonstop_tsc pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm
bugs\t\t:
clflush size\t: 64
cache_alignment\t: 64
address sizes\t: 48 bits physical, 48 bits virtual


"""
