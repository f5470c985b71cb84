// How often a block has come, of functions that are called too often for breakpoints or where stretches begin inside:
// counters in the traced program's code that stop it at a given time. Placed beside the program's code, apart
// from `Meters`.
import CTrace
import Discovery

final class EntryCounters {
  private static let low: UInt64 = 0x1c_0000
  private static let size: UInt64 = 0x2000
  private static let words: UInt64 = 0x1c_1000
  /// More than come in a run.
  private static let never: UInt64 = 1 << 62

  private struct Counter {
    /// Where the last that is to be counted traps.
    var trap: UInt64
    /// The block's first instructions, which go on behind the jump.
    var copy: UInt64
    var word: UInt64
    /// What the counter began with, and how many came before.
    var start = EntryCounters.never
    var before = 0
  }
  private let tracee: Tracee
  /// By the block's address.
  private var counters: [UInt64: Counter] = [:]

  /// Blocks that have no room for a jump get none.
  init(_ tracee: Tracee, _ code: CodeIndex, _ addresses: [UInt64]) throws(SliceError) {
    self.tracee = tracee
    guard !addresses.isEmpty else { return }
    let area = try tracee.call(9, Self.low, Self.size, 7, 0x100022, .max, 0)
    guard area == Int64(Self.low) else { return }
    var place = Self.low
    for (number, entry) in Set(addresses).sorted().enumerated() {
      guard let block = code.block(at: entry), let displaced = Patch.displaced(block),
        !code.isEntered(displaced), let bytes = tracee.read(entry, displaced.count)
      else { continue }
      let word = Self.words + 16 + 8 * UInt64(number)
      let patch = Patch(address: entry, displaced: displaced)
      // As long as with any other address.
      let length = patch.stub(at: place, code: bytes, counter: word, saved: Self.words, exit: place).count
      let trap = place + UInt64(length)
      try tracee.write(
        place, patch.stub(at: place, code: bytes, counter: word, saved: Self.words, exit: trap) + [0xcc])
      try tracee.write(word, withUnsafeBytes(of: Self.never.littleEndian) { Array($0) })
      try tracee.write(entry, Patch.jump(from: entry, to: place))
      counters[entry] = Counter(trap: trap, copy: place + Patch.copyInStub, word: word)
      place = (trap + 16) & ~15
    }
  }

  var blocks: Set<UInt64> { Set(counters.keys) }

  func hasCounter(_ block: UInt64) -> Bool { counters[block] != nil }

  /// How often it has come so far, this time included.
  func count(_ block: UInt64) -> Int {
    guard let counter = counters[block], let left = tracee.word(counter.word) else { return 0 }
    return counter.before + Int(truncatingIfNeeded: counter.start &- left)
  }

  /// The program stands in a counter's code, which may be about to write what it read before: nothing can be set.
  var isCounting: Bool { (Self.low..<Self.words).contains(tracee.registers.pc) }

  /// The program stops when the block comes for the time `number`, from 0; `.max`: never. False when that has
  /// been already.
  @discardableResult
  func set(_ block: UInt64, _ number: Int) -> Bool {
    guard counters[block] != nil else { return false }
    let now = count(block)
    if number < now { return false }
    let start = number == .max ? Self.never : UInt64(number - now + 1)
    counters[block]!.before = now
    counters[block]!.start = start
    let bytes = withUnsafeBytes(of: start.littleEndian) { Array($0) }
    return (try? tracee.write(counters[block]!.word, bytes)) != nil
  }

  /// The block at whose beginning a counter has stopped the program, which goes on with the copy of its first
  /// instructions, and counts on.
  func hit() -> UInt64? {
    var now = tracee.registers
    guard let (block, counter) = counters.first(where: { $0.value.trap == now.pc &- 1 }) else { return nil }
    now.pc = counter.copy
    tracee.registers = now
    return block
  }
}
