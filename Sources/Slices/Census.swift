// Which calls of functions that are called very often the run's time goes into: a run in which each call is
// numbered, looked at every other millisecond. Taking the next call after some time instead would nearly always
// give a short one.
import CTrace
import Discovery
import Foundation

struct Census {
  /// Function → numbers of the calls that were active, once for each sample.
  private(set) var calls: [Int: [Int]] = [:]
  /// Functions that were found inside of themselves: the latest call may be over when an earlier one is active.
  private var nested: Set<Int> = []

  init(_ launch: Launch, _ code: CodeIndex, _ functions: [Int], interval: Double = 0.002) throws(SliceError) {
    let tracee = try launch.start(low: true)
    let entries = functions.map { code.functions[$0].entry }
    let counters = try EntryCounters(tracee, code, entries)
    let counted = zip(functions, entries).filter { counters.hasCounter($0.1) }
    try tracee.sample(every: interval) {
      let active = (frames(tracee, code, Tracee.stackTop) ?? []).map(\.function)
      for (function, entry) in counted {
        let depth = active.count { $0 == function }
        if depth == 1 { calls[function, default: []].append(counters.count(entry) - 1) }
        if depth > 1 { nested.insert(function) }
      }
    }
  }

  /// `count` of them, evenly spread over their time, with the share of it that each stands for; empty when
  /// too little is known.
  func plan(_ function: Int, _ count: Int) -> [Int: Double] {
    let all = calls[function] ?? []
    if nested.contains(function) || all.count < 2 * count { return [:] }
    var planned: [Int: Double] = [:]
    for n in 0..<count {
      planned[all[(2 * n + 1) * all.count / (2 * count)], default: 0] += 1 / Double(count)
    }
    return planned
  }
}
