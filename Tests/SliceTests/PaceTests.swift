import Testing

import Slices

@Suite struct `Stretches from inside of a call` {
  /// Once a millisecond: the time, and how often a block has come.
  func history(_ count: (Int) -> Int) -> [(time: Double, count: Int)] {
    (0...160).map { (Double($0) / 1000, count($0)) }
  }

  @Test func `begin at evenly spread times`() throws {
    let starts = Pace.starts(history { 3 * $0 }, within: 0.01)
    #expect(starts.count == Pace.windows)
    for (n, start) in starts.enumerated() {
      let start = try #require(start)
      #expect(abs(start.number - 3 * (10 + 20 * n)) <= 3)
      #expect(start.delay <= 0.0011)
    }
  }
  @Test func `begin later where the block comes later`() throws {
    let starts = Pace.starts(history { $0 < 14 ? 5 : 6 + $0 }, within: 0.01)
    let first = try #require(starts[0])
    #expect(first.number == 5)
    #expect(abs(first.delay - 0.004) < 0.0011)
  }
  @Test func `are not where the block does not come`() {
    let starts = Pace.starts(history { min($0, 80) }, within: 0.01)
    #expect(starts.prefix(4).allSatisfy { $0 != nil })
    #expect(starts.suffix(4).allSatisfy { $0 == nil })
  }
  @Test func `are none when nothing is known`() {
    #expect(Pace.starts([], within: 0.01).allSatisfy { $0 == nil })
  }
}
