import Host

/// Guest memory is host memory at the same addresses, so a guest pointer may be bad: everything the
/// kernel interface reads or writes through one goes through `hostCopy`, which survives faults.

enum Errno {
  static var perm: Int64 { -1 }
  static var noEntry: Int64 { -2 }
  static var interrupted: Int64 { -4 }
  static var tooBig: Int64 { -7 }
  static var noExec: Int64 { -8 }
  static var noMemory: Int64 { -12 }
  static var access: Int64 { -13 }
  static var fault: Int64 { -14 }
  static var exists: Int64 { -17 }
  static var invalid: Int64 { -22 }
  static var nameTooLong: Int64 { -36 }
  static var noSystemCall: Int64 { -38 }
  static var loop: Int64 { -40 }
}

/// The runtime's part of the address space: the host image, then everything it allocates.
/// Guest mappings stay out of it.
enum Window {
  static var start: UInt64 { 0x30_0000_0000 }
  static var allocations: UInt64 { 0x31_0000_0000 }
  static var end: UInt64 { 0x38_0000_0000 }
  static func overlaps(_ address: UInt64, _ length: UInt64) -> Bool {
    let last = address &+ length
    return address < end && (last > start || last < address)
  }
}

func load64(_ address: UInt64) -> UInt64 {
  UnsafePointer<UInt64>(bitPattern: UInt(address))!.pointee
}
func load32(_ address: UInt64) -> UInt32 {
  UnsafePointer<UInt32>(bitPattern: UInt(address))!.pointee
}
func load16(_ address: UInt64) -> UInt16 {
  UnsafePointer<UInt16>(bitPattern: UInt(address))!.pointee
}
func load8(_ address: UInt64) -> UInt8 {
  UnsafePointer<UInt8>(bitPattern: UInt(address))!.pointee
}
func store64(_ address: UInt64, _ value: UInt64) {
  UnsafeMutablePointer<UInt64>(bitPattern: UInt(address))!.pointee = value
}
func store32(_ address: UInt64, _ value: UInt32) {
  UnsafeMutablePointer<UInt32>(bitPattern: UInt(address))!.pointee = value
}
func store16(_ address: UInt64, _ value: UInt16) {
  UnsafeMutablePointer<UInt16>(bitPattern: UInt(address))!.pointee = value
}
func store8(_ address: UInt64, _ value: UInt8) {
  UnsafeMutablePointer<UInt8>(bitPattern: UInt(address))!.pointee = value
}
func clear(_ address: UInt64, _ length: UInt64) {
  var offset: UInt64 = 0
  while offset < length {
    store64(address &+ offset, 0)
    offset &+= 8
  }
}
func roundUp(_ value: UInt64, _ unit: UInt64) -> UInt64 { (value &+ unit &- 1) & ~(unit &- 1) }

/// Copies to or from guest memory; false where the kernel would say EFAULT.
func copy(to destination: UInt64, from source: UInt64, _ count: UInt64) -> Bool {
  hostCopy(destination, source, count) == 0
}

/// Copies a NUL-terminated string into `room` bytes; its length, or EFAULT, or ENAMETOOLONG.
func copyString(to destination: UInt64, from source: UInt64, room: UInt64) -> Int64 {
  var length: UInt64 = 0
  while length < room {
    if hostCopy(destination &+ length, source &+ length, 1) != 0 { return Errno.fault }
    if load8(destination &+ length) == 0 { return Int64(bitPattern: length) }
    length &+= 1
  }
  return Errno.nameTooLong
}

/// Length of a string in the runtime's own memory.
func length(_ string: UInt64) -> UInt64 {
  var n: UInt64 = 0
  while load8(string &+ n) != 0 { n &+= 1 }
  return n
}

func address(of text: StaticString) -> UInt64 { UInt64(UInt(bitPattern: text.utf8Start)) }

/// Does the string in memory begin with `text`?
func begins(_ string: UInt64, with text: StaticString) -> Bool {
  let other = address(of: text)
  var n: UInt64 = 0
  while n < UInt64(text.utf8CodeUnitCount) {
    if load8(string &+ n) != load8(other &+ n) { return false }
    n &+= 1
  }
  return true
}
func equal(_ string: UInt64, _ text: StaticString) -> Bool {
  begins(string, with: text) && load8(string &+ UInt64(text.utf8CodeUnitCount)) == 0
}

/// The runtime's own memory, zeroed, 64 KiB aligned, inside the window; 0 when there is none.
public func allocate(_ bytes: UInt64, noReserve: Bool = false) -> UInt64 {
  let size = roundUp(bytes, 0x1_0000)
  let flags: UInt64 = 0x10_0022 | (noReserve ? 0x4000 : 0)  // FIXED_NOREPLACE, PRIVATE, ANONYMOUS
  var wrapped = false
  while true {
    let next = nextAllocation
    if next &+ size > Window.end {
      if wrapped { return 0 }
      wrapped = true
      nextAllocation = Window.allocations
      continue
    }
    nextAllocation = next &+ size
    let got = host(Call.mmap, next, size, 3, flags, UInt64.max, 0)
    if UInt64(bitPattern: got) == next { return next }
    if got > 0 { _ = host(Call.munmap, UInt64(bitPattern: got), size) }
    if got == Errno.noMemory { return 0 }
  }
}
nonisolated(unsafe) var nextAllocation: UInt64 = 0x31_0000_0000

/// Makes a host call by the guest's number for it, which is also x86_64's; the generic number is
/// in the table. The caller sees to it that the arguments are the host's.
@inline(__always)
public func host(
  _ call: Int, _ a: UInt64 = 0, _ b: UInt64 = 0, _ c: UInt64 = 0, _ d: UInt64 = 0,
  _ e: UInt64 = 0, _ f: UInt64 = 0
) -> Int64 {
  hostSystemCall(hostNumber(call), a, b, c, d, e, f)
}
@inline(__always)
public func hostNumber(_ call: Int) -> UInt64 {
  hostIsX86 ? UInt64(UInt(bitPattern: call)) : UInt64(systemCallRows[call] & 0xffff)
}
