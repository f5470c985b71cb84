import Host
import RuntimeABI

/// Loads a static x86-64 ELF at run time, for RECAST_EXEC: the interpreter runs it, since there is
/// no code map. Headers are checked strictly (gABI chapter 5); what is wrong is said before the
/// process ends. Segments are read, not mapped, so that 4 KiB alignment works on any host page.

func loadProgram(_ t: ThreadPointer, _ path: UInt64) {
  let opened = host(Call.openat, atCurrentDirectory, path, 0o2000000)
  if opened < 0 { stop("cannot be opened", path) }
  let file = UInt64(bitPattern: opened)
  let end = host(Call.lseek, file, 0, 2)
  let header = t.scratch
  if end < 64 || host(Call.pread64, file, header, 64, 0) != 64 { stop("is too short", path) }
  let size = UInt64(bitPattern: end)
  if load32(header) != 0x464c_457f || load16(header &+ 4) != 0x0102 || load16(header &+ 18) != 62 {
    stop("is not an x86-64 ELF program", path)
  }
  let type = load16(header &+ 16)
  if type != 2 && type != 3 { stop("is not an executable", path) }
  let count = UInt64(load16(header &+ 56))
  let offset = load64(header &+ 32)
  if load16(header &+ 54) != 56 || count == 0 || count > 128 || offset > size
    || count &* 56 > size &- offset
  {
    stop("has bad program headers", path)
  }
  let table = t.scratch &+ 64
  if host(Call.pread64, file, table, count &* 56, offset) != Int64(bitPattern: count &* 56) {
    stop("has unreadable program headers", path)
  }

  var low = UInt64.max
  var high: UInt64 = 0
  var programHeaders: UInt64 = 0
  var n: UInt64 = 0
  var segmentCount: UInt64 = 0
  var executableStack: UInt64 = 1
  while n < count {
    let p = Segment(table &+ 56 &* n)
    n &+= 1
    if p.type == 3 { stop("needs an ELF interpreter: dynamic programs are not supported", path) }
    if p.type == 0x6474_e551 { executableStack = UInt64(p.flags & 1) }
    if p.type != 1 || p.memorySize == 0 { continue }
    if p.offset > size || p.fileSize > size &- p.offset || p.memorySize < p.fileSize
      || p.address >= 0x7fff_ffff_0000 || p.memorySize > 0x7fff_ffff_0000 &- p.address
      || (p.address &- p.offset) & 4095 != 0 || p.address < high
    {
      stop("has a bad segment", path)
    }
    if low == UInt64.max { low = p.address & ~4095 }
    high = p.address &+ p.memorySize
    if offset >= p.offset && offset &- p.offset < p.fileSize {
      programHeaders = p.address &+ (offset &- p.offset)
    }
    segmentCount &+= 1
  }
  if segmentCount == 0 { stop("has no segments", path) }

  // An executable lies where it says; a position-independent one where there is room.
  low &= ~(hostPage &- 1)
  let length = roundUp(high, hostPage) &- low
  if type == 2 && (low == 0 || Window.overlaps(low, length)) {
    stop("lies at addresses that this host cannot map", path)
  }
  let flags: UInt64 = type == 2 ? 0x10_0022 : 0x22
  let hint = type == 2 ? low : hostFacts.kind == 2 ? 0 : 0x5555_5555_4000
  let got = host(Call.mmap, hint, length, 3, flags, UInt64.max, 0)
  if got < 0 || (type == 2 && UInt64(bitPattern: got) != low) {
    stop("lies at addresses that this host cannot map", path)
  }
  let bias = UInt64(bitPattern: got) &- low

  let segments = allocate(segmentCount &* 32)
  var index: UInt64 = 0
  n = 0
  while n < count {
    let p = Segment(table &+ 56 &* n)
    n &+= 1
    if p.type != 1 || p.memorySize == 0 { continue }
    var done: UInt64 = 0
    while done < p.fileSize {
      let part = host(
        Call.pread64, file, p.address &+ bias &+ done, p.fileSize &- done, p.offset &+ done)
      if part <= 0 { stop("cannot be read", path) }
      done &+= UInt64(bitPattern: part)
    }
    let entry = segments &+ 32 &* index
    store64(entry, (p.address &+ bias) & ~4095)
    store64(entry &+ 8, roundUp(p.address &+ bias &+ p.memorySize, 4096))
    store64(entry &+ 16, p.offset & ~4095)
    store64(entry &+ 24, UInt64(p.flags & 7))
    index &+= 1
  }
  if hostPage == 4096 {
    // Writable ones last: they win on a page that two segments share.
    protect(segments, segmentCount, writable: false)
    protect(segments, segmentCount, writable: true)
  }
  _ = host(Call.close, file)

  var image = GuestImage()
  image.magic = GuestImage.magicValue
  image.entry = load64(header &+ 24) &+ bias
  image.programHeaders = programHeaders == 0 ? 0 : programHeaders &+ bias
  image.programHeaderCount = count
  image.low = low &+ bias
  image.high = image.low &+ length
  image.segments = segments
  image.segmentCount = segmentCount
  image.flags = executableStack | (type == 3 ? 2 : 0)
  processImage = image
}

private func protect(_ segments: UInt64, _ count: UInt64, writable: Bool) {
  var n: UInt64 = 0
  while n < count {
    let entry = segments &+ 32 &* n
    n &+= 1
    if (load64(entry &+ 24) & 2 != 0) != writable { continue }
    let length = load64(entry &+ 8) &- load64(entry)
    _ = host(Call.mprotect, load64(entry), length, writable ? 3 : 1)
  }
}

/// An Elf64_Phdr.
private struct Segment {
  var type: UInt32
  var flags: UInt32
  var offset: UInt64
  var address: UInt64
  var fileSize: UInt64
  var memorySize: UInt64
  init(_ at: UInt64) {
    type = load32(at)
    flags = load32(at &+ 4)
    offset = load64(at &+ 8)
    address = load64(at &+ 16)
    fileSize = load64(at &+ 32)
    memorySize = load64(at &+ 40)
  }
}
