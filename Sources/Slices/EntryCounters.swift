// Which call of a function this is, for functions that are called too often for breakpoints: counters in the traced
// program's code that stop it at a call of a given number. Placed beside the program's code, apart from `Meters`.
import CTrace
import Discovery

final class EntryCounters {
  private static let low: UInt64 = 0x1c_0000
  private static let size: UInt64 = 0x2000
  private static let words: UInt64 = 0x1c_1000
  /// More calls than a run has.
  private static let never: UInt64 = 1 << 62

  private struct Counter {
    /// Where the last of the calls that are to be counted traps.
    var trap: UInt64
    /// The function's first instructions, which go on behind the jump.
    var copy: UInt64
    var word: UInt64
    /// What the counter began with, and the calls before.
    var start = EntryCounters.never
    var before = 0
  }
  private let tracee: Tracee
  /// By function.
  private var counters: [Int: Counter] = [:]

  /// Functions whose first block has no room for a jump get none.
  init(_ tracee: Tracee, _ code: CodeIndex, _ functions: [Int]) throws(SliceError) {
    self.tracee = tracee
    guard !functions.isEmpty else { return }
    let area = try tracee.call(9, Self.low, Self.size, 7, 0x100022, .max, 0)
    guard area == Int64(Self.low) else { return }
    var place = Self.low
    for (number, function) in functions.enumerated() {
      let entry = code.functions[function].entry
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
      counters[function] = Counter(trap: trap, copy: place + Patch.copyInStub, word: word)
      place = (trap + 16) & ~15
    }
  }

  func hasCounter(_ function: Int) -> Bool { counters[function] != nil }

  /// Calls so far.
  func calls(_ function: Int) -> Int {
    guard let counter = counters[function], let left = tracee.word(counter.word) else { return 0 }
    return counter.before + Int(counter.start &- left)
  }

  /// The program stops at call number `call`, from 0; `.max`: at none. False when that has been already.
  @discardableResult
  func set(_ function: Int, _ call: Int) -> Bool {
    guard counters[function] != nil else { return false }
    let now = calls(function)
    if call < now { return false }
    let start = call == .max ? Self.never : UInt64(call - now + 1)
    counters[function]!.before = now
    counters[function]!.start = start
    let bytes = withUnsafeBytes(of: start.littleEndian) { Array($0) }
    return (try? tracee.write(counters[function]!.word, bytes)) != nil
  }

  /// The function at whose entry a counter has stopped the program, which goes on with the copy of its first
  /// instructions: calls inside of this one are counted on.
  func hit() -> Int? {
    var now = tracee.registers
    guard let (function, counter) = counters.first(where: { $0.value.trap == now.pc &- 1 }) else { return nil }
    now.pc = counter.copy
    tracee.registers = now
    return function
  }
}
