import Testing

import Slices

@Suite struct `Stretches from inside of a call` {
  /// Once a millisecond: the time, and how often a block has come.
  func history(_ count: (Int) -> Int) -> [(time: Double, count: Int)] {
    (0...160).map { (Double($0) / 1000, count($0)) }
  }

  @Test func `begin at evenly spread times and are an interval long`() throws {
    let starts = Pace.starts(history { 3 * $0 }, 0.01)
    #expect(starts.count == Pace.windows)
    for (n, start) in starts.enumerated() {
      let start = try #require(start)
      #expect(abs(start.first - 3 * (10 + 20 * n)) <= 1)
      #expect(start.length == 30)
    }
  }
  @Test func `are at least one execution long`() throws {
    let starts = Pace.starts(history { $0 / 12 }, 0.001)
    for start in starts.compactMap({ $0 }) { #expect(start.length == 1) }
  }
  @Test func `are not where the block does not come`() {
    let starts = Pace.starts(history { min($0, 80) }, 0.01)
    #expect(starts.prefix(3).allSatisfy { $0 != nil })
    #expect(starts.suffix(4).allSatisfy { $0 == nil })
  }
  @Test func `are none when nothing is known`() {
    #expect(Pace.starts([], 0.01).allSatisfy { $0 == nil })
  }
}
