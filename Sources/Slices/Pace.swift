// Stretches from inside of a call that takes most of the run, where entries and returns are no use: they begin at
// blocks of the function, at evenly spread times. Where is said in numbers of executions, which are the same in every
// run of the program.
import Discovery

package struct Pace {
  package static let windows = 8
  private static let candidates = 32
  /// Blocks that stretches of one function begin at, at most.
  private static let most = 4

  var block: UInt64
  /// Numbers of the executions at which stretches begin.
  var starts: [Int]
  /// Of the function's time.
  var share: Double { Double(starts.count) / Double(Pace.windows) }

  /// Blocks, as few as will do, with beginnings that are evenly spread over the time of the run. Empty: the function
  /// has no such blocks. Two runs of the program.
  ///
  /// - Parameter interval: seconds in which a block has to come where it is used.
  static func find(_ launch: Launch, _ code: CodeIndex, _ function: Int, interval: Double)
    throws(SliceError) -> [Pace]
  {
    let blocks = try steady(launch, code, function, interval)
    return blocks.isEmpty ? [] : try choose(launch, code, function, blocks, interval)
  }

  /// Blocks that come in most intervals, those that come least first, so that counting them costs little. Where the run
  /// has phases, blocks that together come in most.
  private static func steady(_ launch: Launch, _ code: CodeIndex, _ function: Int, _ interval: Double)
    throws(SliceError) -> [UInt64]
  {
    let tracee = try launch.start(low: true)
    let meters = try Meters(tracee, code, function, except: [])
    let blocks = meters.blocks
    var seen = [Set<Int>](repeating: [], count: blocks.count)
    var last = [UInt64](repeating: 0, count: blocks.count)
    var intervals = 0
    try tracee.sample(every: interval) {
      let now = meters.counts()
      if now == last || now.count != last.count { return }
      for n in now.indices where now[n] != last[n] { seen[n].insert(intervals) }
      intervals += 1
      last = now
    }
    if intervals < windows { return [] }
    let good = blocks.indices.filter { !seen[$0].isEmpty && code.block(at: blocks[$0]).map(hasNoFlags) ?? false }
      .sorted { (last[$0], blocks[$0]) < (last[$1], blocks[$1]) }
    let always = good.filter { 10 * seen[$0].count >= 9 * intervals }
    if !always.isEmpty { return always.prefix(candidates).map { blocks[$0] } }
    var found: [Int] = []
    var missing = Set(0..<intervals)
    while found.count < candidates, let next = good.filter({ !found.contains($0) })
      .max(by: { seen[$0].intersection(missing).count < seen[$1].intersection(missing).count })
    {
      found.append(next)
      missing.subtract(seen[next])
      if missing.count < intervals / 20 { missing = Set(0..<intervals) }
    }
    return found.map { blocks[$0] }
  }

  /// Those of `blocks` that come outside of calls of the function from inside of itself: stretches may not
  /// outlive the call that they begin in.
  private static func choose(
    _ launch: Launch, _ code: CodeIndex, _ function: Int, _ blocks: [UInt64], _ interval: Double
  ) throws(SliceError) -> [Pace] {
    let tracee = try launch.start(low: true)
    let counters = try EntryCounters(tracee, code, blocks)
    var looked = [UInt64: (all: Int, outer: Int)]()
    var history: [(time: Double, counts: [Int])] = []
    for block in blocks { counters.set(block, .max) }
    try tracee.sample(every: interval / 8) {
      if counters.isCounting { return }
      history.append((tracee.processorTime, blocks.map(counters.count)))
      if history.count % 8 == 0 {
        for block in blocks { counters.set(block, counters.count(block)) }
      }
    } trap: {
      guard let block = counters.hit() else { return false }
      looked[block, default: (0, 0)].all += 1
      if isOutermost(tracee, code, function, block) { looked[block]!.outer += 1 }
      counters.set(block, .max)
      return true
    }
    let starts = blocks.enumerated().compactMap { n, block -> (UInt64, [Start?])? in
      guard let (all, outer) = looked[block], 5 * outer >= 4 * all else { return nil }
      return (block, Pace.starts(history.map { ($0.time, $0.counts[n]) }, within: interval))
    }
    let paces = cover(starts)
    return paces.reduce(0) { $0 + $1.starts.count } < 3 * windows / 4 ? [] : paces
  }

  /// A few blocks that come soon after the times at which stretches are to begin.
  private static func cover(_ starts: [(block: UInt64, windows: [Start?])]) -> [Pace] {
    var taken: [Int] = []
    func delay(_ blocks: [Int]) -> Double {
      (0..<windows).reduce(0) { sum, w in sum + (blocks.compactMap { starts[$0].windows[w]?.delay }.min() ?? 1) }
    }
    while taken.count < most, let best = starts.indices.min(by: { (delay(taken + [$0]), $0) < (delay(taken + [$1]), $1) }),
      delay(taken + [best]) < 0.9 * delay(taken)
    {
      taken.append(best)
    }
    var paces = taken.map { Pace(block: starts[$0].block, starts: []) }
    for w in 0..<windows {
      let all = taken.indices.compactMap { n in starts[taken[n]].windows[w].map { (n, $0) } }
      if let (n, start) = all.min(by: { $0.1.delay < $1.1.delay }) { paces[n].starts.append(start.number) }
    }
    return paces.filter { !$0.starts.isEmpty }
  }

  /// The number of an execution, and how much later than wanted it comes, in seconds.
  package typealias Start = (number: Int, delay: Double)

  /// The block's next executions after evenly spread times; nil where none comes `within` so many seconds.
  package static func starts(_ history: [(time: Double, count: Int)], within reach: Double) -> [Start?] {
    guard let first = history.first, let last = history.last else { return .init(repeating: nil, count: windows) }
    return (0..<windows).map { n in
      let time = first.time + (Double(n) + 0.5) / Double(windows) * (last.time - first.time)
      guard let here = history.last(where: { $0.time <= time })?.count,
        let next = history.first(where: { $0.time > time && $0.count > here }), next.time - time <= reach
      else { return nil }
      return (here, next.time - time)
    }
  }

  /// The function is active once, and the program is in it.
  static func isOutermost(_ tracee: Tracee, _ code: CodeIndex, _ function: Int, _ block: UInt64) -> Bool {
    guard let active = frames(tracee, code, Tracee.stackTop, pc: block) else { return false }
    return active[0].function == function && active.dropFirst().allSatisfy { $0.function != function }
  }

  /// Flags are not looked at before they are made anew.
  private static func hasNoFlags(_ block: BasicBlock) -> Bool {
    let arithmetic: UInt16 = 0x8d5
    var made: UInt16 = 0
    for instruction in block.instructions {
      let effects = effects(of: instruction)
      if effects.readsFlags & ~made != 0 { return false }
      if effects.transfer == .callDirect || effects.transfer == .callIndirect { return true }
      made |= effects.writesFlags
      if made & arithmetic == arithmetic { return true }
    }
    return false
  }
}
