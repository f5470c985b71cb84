// CPUID answers what it answers in translated programs on every target, so that the program picks the code that its
// translation will run: a breakpoint stands at each such instruction, and nobody else sees it hit.
import CTrace
import Foundation

extension Tracee {
  func intercept(_ address: UInt64) throws(SliceError) {
    guard read(address, 2) == [0x0f, 0xa2] else { return }
    try write(address, [0xcc])
    identifications.insert(address)
  }

  /// While true, CPUID is the processor's own, as it will be in a replay.
  func setIdentification(own: Bool) throws(SliceError) {
    for address in identifications { try write(address, [own ? 0x0f : 0xcc]) }
  }

  /// Answers a CPUID that the program has stopped at; false when it has stopped for something else.
  func identify(_ stop: Stop) -> Bool {
    guard !identifications.isEmpty, case .signal(SIGTRAP) = stop else { return false }
    var now = registers
    let address = now.pc &- 1
    guard identifications.contains(address), breakpoints[address] == nil else { return false }
    let answer = processor.identify(
      leaf: UInt32(truncatingIfNeeded: now[0]), subleaf: UInt32(truncatingIfNeeded: now[1]))
    (now[0], now[3], now[1], now[2]) = (
      UInt64(answer.a), UInt64(answer.b), UInt64(answer.c), UInt64(answer.d)
    )
    now.pc = address + 2
    registers = now
    return true
  }
}
