// Counters in a traced program's code: blocks of one function jump to code that counts them and runs
// what the jump covers. They cost the program a few instructions, where a breakpoint would
// cost it thousands. Placed next to the program's code, where jumps reach, and at none of the
// addresses that a replay uses.
import Discovery
import Foundation

final class Meters {
  private static let low: UInt64 = 0x12_0000
  private static let size: UInt64 = 0x8_0000
  /// Away from the code: what is written beside it is taken for a change of it.
  private static let saved: UInt64 = 0x18_0000
  private static let counters: UInt64 = 0x18_0040

  private struct Meter {
    var block: UInt64
    var place: UInt64
    var counter: UInt64
    var original: [UInt8]
  }
  private let tracee: Tracee
  private var meters: [Meter] = []

  /// Into all blocks of `function` that have room, but for those at `except`.
  init(_ tracee: Tracee, _ code: CodeIndex, _ function: Int, except: Set<UInt64>)
    throws(SliceError)
  {
    self.tracee = tracee
    let area = try tracee.call(9, Meters.low, Meters.size, 7, 0x100022, .max, 0)
    guard area == Int64(Meters.low) || area == -17 else {
      throw SliceError(.unsupported, "no room for counters beside the program's code")
    }
    var place = Meters.low
    for block in code.functions[function].blocks where !except.contains(block.start) {
      guard place + 128 < Meters.saved, let displaced = Patch.displaced(block),
        !code.isEntered(displaced),
        let bytes = tracee.read(displaced.lowerBound, displaced.count)
      else { continue }
      let counter = Meters.counters + 8 * UInt64(meters.count)
      let stub = Patch(address: block.start, displaced: displaced).meter(
        at: place, code: bytes, counter: counter, saved: Meters.saved)
      try tracee.write(place, stub)
      try tracee.write(counter, [UInt8](repeating: 0, count: 8))
      meters.append(
        Meter(
          block: block.start, place: place, counter: counter,
          original: Array(bytes.prefix(Patch.jumpSize))))
      place += UInt64(stub.count)
    }
    for meter in meters {
      try tracee.write(meter.block, Patch.jump(from: meter.block, to: meter.place))
    }
  }

  var blocks: [UInt64] { meters.map(\.block) }

  /// How often each of `blocks` has come.
  func counts() -> [UInt64] {
    let bytes = tracee.read(Meters.counters, 8 * meters.count) ?? []
    return stride(from: 0, to: bytes.count, by: 8).map { bytes.word(at: $0) }
  }

  /// Stops the program whenever a metered block comes that has come less than `count` times.
  func plant(below count: UInt64) throws(SliceError) {
    for meter in meters where (tracee.word(meter.counter) ?? 0) < count { try tracee.plant(meter.place) }
  }

  /// The block whose counter the program has stopped at, and how often it will have come.
  func hit(_ place: UInt64) -> (block: UInt64, count: UInt64)? {
    guard let meter = meters.first(where: { $0.place == place }) else { return nil }
    return tracee.word(meter.counter).map { (meter.block, $0 + 1) }
  }

  /// The code as it was. A program that stands at a meter is put at its block.
  func remove() throws(SliceError) {
    var registers = tracee.registers
    for meter in meters {
      try tracee.lift(meter.place)
      try tracee.write(meter.block, meter.original)
      if registers.pc == meter.place {
        registers.pc = meter.block
        tracee.registers = registers
      }
    }
    meters = []
  }
}
