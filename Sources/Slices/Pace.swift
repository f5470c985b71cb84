// Stretches from inside of a call that takes most of the run, where entries and returns are no use: they begin and end
// at a block of the function that comes all the time, but not much more often than stretches are long, because its
// executions are counted, in replays, too. What is found is said in numbers of executions, which are the same in every
// run of the program.
import CTrace
import Discovery
import Foundation

package struct Pace {
  package static let windows = 8
  private static let candidates = 32

  var block: UInt64
  /// Numbers of the executions at which stretches begin, and after how many more they end.
  var starts: [Int: Int]
  /// Of the function's time.
  var share: Double { Double(starts.count) / Double(Pace.windows) }

  /// Blocks, as few as will do, with beginnings that are evenly spread over the time of the run. Empty: the function
  /// has no such blocks. Two runs of the program.
  ///
  /// - Parameter interval: seconds in which a block has to come where it is used.
  static func find(_ launch: Launch, _ code: CodeIndex, _ function: Int, interval: Double)
    throws(SliceError) -> [Pace]
  {
    // Translated, a function that begins in the middle of an interpreter's loop is left at its computed jumps.
    if code.functions[function].blocks.contains(where: \.jumpsByTable) { return [] }
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
    try run(tracee, interval) {
      let now = meters.counts()
      if now == last || now.count != last.count { return }
      for n in now.indices where now[n] != last[n] { seen[n].insert(intervals) }
      intervals += 1
      last = now
    }
    if intervals < 2 * windows { return [] }
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
    try run(tracee, interval) {
      if counters.isCounting { return }
      history.append((tracee.processorTime, blocks.map(counters.count)))
      for block in blocks { counters.set(block, counters.count(block)) }
    } trap: {
      guard let block = counters.hit() else { return false }
      looked[block, default: (0, 0)].all += 1
      if isOutermost(tracee, code, function, block) { looked[block]!.outer += 1 }
      counters.set(block, .max)
      return true
    }
    // By window, where each block's stretch would begin; those with most windows first.
    let starts = blocks.enumerated().map { n, block -> [(first: Int, length: Int)?] in
      guard let (all, outer) = looked[block], 5 * outer >= 4 * all else {
        return .init(repeating: nil, count: windows)
      }
      return Pace.starts(history.map { ($0.time, $0.counts[n]) }, interval)
    }
    var left = Set(0..<windows)
    var paces: [Pace] = []
    func gain(_ n: Int) -> Int { left.count { starts[n][$0] != nil } }
    while paces.count < 3, let best = blocks.indices.max(by: { (gain($0), $1) < (gain($1), $0) }), gain(best) > 0 {
      let taken = left.filter { starts[best][$0] != nil }
      let begun = taken.map { (starts[best][$0]!.first, starts[best][$0]!.length) }
      paces.append(Pace(block: blocks[best], starts: Dictionary(begun) { first, _ in first }))
      left.subtract(taken)
    }
    return left.count > windows / 2 ? [] : paces
  }

  /// The block's number at evenly spread times, and how often it comes in an interval from there, between times that are
  /// known; nil where it does not come twice soon after.
  package static func starts(_ history: [(time: Double, count: Int)], _ interval: Double)
    -> [(first: Int, length: Int)?]
  {
    guard let first = history.first, let last = history.last else { return .init(repeating: nil, count: windows) }
    return (0..<windows).map { n in
      let time = first.time + (Double(n) + 0.5) / Double(windows) * (last.time - first.time)
      guard let here = count(history, time), let there = count(history, time + interval),
        let soon = count(history, time + 3 * interval), Int(soon) >= Int(here) + 2
      else { return nil }
      return (Int(here), max(1, Int((there - here).rounded())))
    }
  }

  private static func count(_ history: [(time: Double, count: Int)], _ time: Double) -> Double? {
    guard let next = history.firstIndex(where: { $0.time > time }) else {
      return history.last.map { Double($0.count) }
    }
    if next == 0 { return nil }
    let (a, b) = (history[next - 1], history[next])
    return Double(a.count) + (time - a.time) / (b.time - a.time) * Double(b.count - a.count)
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

  /// Runs the program to its end, and calls `tick` at every interval and `trap` at its traps.
  private static func run(
    _ tracee: Tracee, _ interval: Double, tick: () -> Void, trap: () -> Bool = { false }
  ) throws(SliceError) {
    var signal: Int32 = 0
    var next = interval
    while !tracee.hasEnded {
      let stop = tracee.resume(TRACE_SYSCALL, signal: signal, interruptAfter: interval)
      signal = 0
      switch stop {
      case .ended: return
      case .systemCall: tracee.steerMapping()
      case .signal(SIGTRAP): if !trap() { signal = SIGTRAP }
      case .signal(let number): signal = number
      case .task:
        throw SliceError(.unsupported, "it starts processes or threads: only programs of one thread are sliced")
      case .interrupted:
        if tracee.processorTime < next { continue }
        next = tracee.processorTime + interval
        tick()
      }
    }
  }
}

extension BasicBlock {
  fileprivate var jumpsByTable: Bool {
    switch terminator {
    case .jumpTable, .indirectJump: true
    default: false
    }
  }
}
