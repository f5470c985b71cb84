import CTrace

extension Tracee {
  func plant(_ address: UInt64) throws(SliceError) {
    if breakpoints[address] != nil { return }
    guard let byte = read(address, 1)?.first else { return }
    try write(address, [0xcc])
    breakpoints[address] = byte
  }

  func lift(_ address: UInt64) throws(SliceError) {
    guard let byte = breakpoints.removeValue(forKey: address) else { return }
    try write(address, [byte])
  }

  func liftAll() throws(SliceError) {
    for address in Array(breakpoints.keys) { try lift(address) }
  }

  func isPlanted(_ address: UInt64) -> Bool { breakpoints[address] != nil }

  /// The breakpoint that a SIGTRAP is for; the program counter is set back to it.
  func hit() -> UInt64? {
    var now = registers
    guard breakpoints[now.pc &- 1] != nil else { return nil }
    now.pc &-= 1
    registers = now
    return now.pc
  }

  /// Executes the instruction under a breakpoint.
  func stepOver(_ address: UInt64) throws(SliceError) -> Stop {
    let isPlanted = breakpoints[address] != nil
    if isPlanted { try lift(address) }
    let stop = step()
    if isPlanted, !hasEnded { try plant(address) }
    return stop
  }
}
