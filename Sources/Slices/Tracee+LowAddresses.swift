// With `low`, everything the program uses lies below 4 GiB times 4, so that its pages exist at the
// same addresses on every target: its stack is moved there before its first instruction, and
// the addresses of its mappings are chosen here. The vDSO is hidden from it, so that reading the
// time is a system call, which ends a region like every other.

extension Tracee {
  func moveStack() throws(SliceError) {
    let top = registers.stack
    guard systemCallAt != 0, let area = areas().first(where: { $0.range.contains(top) }) else {
      throw SliceError(.unsupported, "the program has no system call to borrow")
    }
    let mapped = try call(
      9, Tracee.stackTop - Tracee.stackSize, Tracee.stackSize, 3, 0x100022, .max, 0)
    guard mapped == Int64(Tracee.stackTop - Tracee.stackSize),
      var bytes = read(top, Int(area.range.upperBound - top))
    else { throw SliceError(.unsupported, "the stack cannot be moved below 4 GiB") }
    let shift = Tracee.stackTop &- area.range.upperBound
    func word(_ n: Int) -> UInt64 {
      bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8 * n, as: UInt64.self) }
    }
    func set(_ n: Int, _ value: UInt64) {
      bytes.withUnsafeMutableBytes {
        $0.storeBytes(of: value, toByteOffset: 8 * n, as: UInt64.self)
      }
    }
    func move(_ n: Int) {
      if area.range.contains(word(n)) { set(n, word(n) &+ shift) }
    }
    // argc, argv…, 0, environment…, 0, pairs (type, value)… (psABI 3.4.1)
    var n = 1
    for _ in 0..<2 {
      while word(n) != 0 {
        move(n)
        n += 1
      }
      n += 1
    }
    while word(n) != 0 {
      let isVDSO = word(n) == 33 || word(n) == 32
      if isVDSO { set(n, 1) }  // AT_IGNORE
      move(n + 1)
      n += 2
    }
    try write(top &+ shift, bytes)
    var now = registers
    now.stack = top &+ shift
    registers = now
  }

  /// At the entry of a system call: chooses the address of a new mapping. Call at every
  /// `.systemCall` stop.
  func steerMapping() {
    isInSystemCall.toggle()
    guard isInSystemCall else { return }
    var now = registers
    func take(_ size: UInt64) -> UInt64 {
      let place = nextMapping
      nextMapping += (size + 0x1fff) & ~0xfff
      return place
    }
    switch now.systemCall {
    case 9 where now[10] & 0x10_0010 == 0 && nextMapping + now[6] < Tracee.mappingsEnd:
      now[7] = take(now[6])
      registers = now
    case 25 where now[10] == 1 && now[2] > now[6] && nextMapping + now[2] < Tracee.mappingsEnd:
      now[10] = 3
      now[8] = take(now[2])
      registers = now
    default: break
    }
  }

  /// Whether the stop that `steerMapping` saw was the entry.
  var isAtEntryOfSystemCall: Bool { isInSystemCall }
}
