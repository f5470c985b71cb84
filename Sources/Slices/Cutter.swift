// The run in which regions are cut out. At a planned call all writable memory is made inaccessible;
// every page is given back at the fault of its first use, after its contents have been kept.
import CTrace
import Discovery
import Foundation
import X86

final class Cutter {
  static let maximumPages = 8192

  private let tracee: Tracee
  private let code: CodeIndex
  private var plans: [RegionPlan]
  private let longest: Double
  private var calls: [Int]
  /// Where recursive functions return to from the call that the program is in, by plan.
  private var inside: [Int: (back: UInt64, stack: UInt64)] = [:]
  private let counters: EntryCounters
  /// Executions of a block that were not where a stretch may begin, by plan.
  private var refused: [Int: Int] = [:]
  private static let maximumRefused = 100
  private(set) var invocations: [Invocation] = []
  /// What was given up and why.
  private(set) var notes: [String] = []

  init(_ launch: Launch, _ code: CodeIndex, _ plans: [RegionPlan], longest: Double)
    throws(SliceError)
  {
    self.code = code
    self.plans = plans
    self.longest = longest
    calls = .init(repeating: -1, count: plans.count)
    tracee = try launch.start(low: true)
    counters = try EntryCounters(tracee, code, plans.filter(\.isCounted).map(\.place))
    for number in plans.indices where plans[number].isCounted { countOn(number) }
    try run()
  }

  /// Planned calls have come, or will not be recognised any more.
  private var isDone: Bool { plans.allSatisfy { $0.calls.isEmpty && $0.times.isEmpty } }

  private func arm() throws(SliceError) {
    for (number, plan) in plans.enumerated() where !plan.isCounted {
      let entry = plan.region.entry
      if let back = inside[number]?.back {
        try tracee.lift(entry)
        try tracee.plant(back)
      } else if plan.calls.isEmpty && plan.times.isEmpty {
        try tracee.lift(entry)
      } else if !plan.calls.isEmpty || plan.times[0] <= tracee.processorTime {
        try tracee.plant(entry)
      } else {
        try tracee.lift(entry)
      }
    }
  }

  private func run() throws(SliceError) {
    var stop = try go()
    while !isDone {
      switch stop {
      case .ended: return
      case .task: throw .manyThreads
      case .interrupted: stop = try go()
      case .systemCall:
        tracee.steerMapping()
        stop = try go()
      case .signal(SIGTRAP):
        if let block = counters.hit() {
          try captureCounted(block)
          stop = try go()
          continue
        }
        guard let address = tracee.hit() else {
          stop = tracee.resume(TRACE_SYSCALL, signal: SIGTRAP)
          continue
        }
        try leave(at: address)
        if try capture(at: address) {
          // The program is where the region ended; that may be another entry.
          stop = try go()
        } else {
          stop = try tracee.stepOver(address)
          if case .signal(SIGTRAP) = stop { stop = try go() }
        }
      case .signal(let number): stop = tracee.resume(TRACE_SYSCALL, signal: number)
      }
    }
  }

  /// Resumes; while times are waited for, with a stop now and then to look at the clock.
  private func go() throws(SliceError) -> Tracee.Stop {
    try arm()
    let isWaiting = plans.contains { !$0.times.isEmpty && !$0.isCounted && !tracee.isPlanted($0.region.entry) }
    return isWaiting
      ? tracee.resume(TRACE_SYSCALL, interruptAfter: 0.002) : tracee.resume(TRACE_SYSCALL)
  }

  /// A planned call: cuts it out. False when this one was not asked for.
  private func capture(at address: UInt64) throws(SliceError) -> Bool {
    guard let number = plans.firstIndex(where: { $0.region.entry == address && !$0.isCounted }),
      inside[number] == nil, !plans[number].isRecursive || enter(number)
    else { return false }
    calls[number] += 1
    var share: Double?
    if plans[number].times.isEmpty {
      guard let planned = plans[number].calls.removeValue(forKey: calls[number]) else {
        return false
      }
      share = planned
    } else {
      guard plans[number].times[0] <= tracee.processorTime else { return false }
      plans[number].times.removeFirst()
    }
    try cut(number, share)
    return true
  }

  /// The call, or execution of a block, that its counter has stopped the program at.
  private func captureCounted(_ block: UInt64) throws(SliceError) {
    guard let number = plans.firstIndex(where: { $0.isCounted && $0.place == block }) else { return }
    let call = counters.count(block) - 1
    if let share = plans[number].calls.removeValue(forKey: call) {
      if plans[number].inside == nil || Pace.isOutermost(tracee, code, plans[number].function, block) {
        try cut(number, share)
      } else if refused[number, default: 0] < Self.maximumRefused {
        refused[number, default: 0] += 1
        plans[number].calls[call + 1, default: 0] += share
      }
    }
    countOn(number)
  }

  /// The counter's next stop.
  private func countOn(_ number: Int) {
    while let next = plans[number].calls.keys.min() {
      if counters.set(plans[number].place, next) { return }
      plans[number].calls[next] = nil
    }
    counters.set(plans[number].place, .max)
  }

  /// A recursive function is entered: false when that is inside of a call of itself.
  private func enter(_ number: Int) -> Bool {
    let active = frames(tracee, code, Tracee.stackTop) ?? []
    guard let outermost = active.lastIndex(where: { $0.function == plans[number].function }) else {
      return true
    }
    if active[outermost].back != 0 { inside[number] = (active[outermost].back, active[outermost].place) }
    return outermost == 0
  }

  private func leave(at address: UInt64) throws(SliceError) {
    let stack = tracee.registers.stack
    guard let number = inside.first(where: { $0.value.back == address && stack == $0.value.stack + 8 })?.key
    else { return }
    inside[number] = nil
    if !plans.contains(where: { $0.region.entry == address }) { try tracee.lift(address) }
  }

  private func cut(_ number: Int, _ share: Double?) throws(SliceError) {
    try tracee.liftAll()
    // Inside, counters go on, but stop nothing.
    for plan in plans where plan.isCounted { counters.set(plan.place, .max) }
    defer { for other in plans.indices where plans[other].isCounted { countOn(other) } }
    let window = Window(tracee, code, plans[number], counters, longest: longest)
    do throws(SliceError) {
      var invocation = try window.cut()
      invocation.region = number
      invocation.share = share
      invocations.append(invocation)
    } catch {
      if error.kind == .bug || tracee.hasEnded { throw error }
      notes.append("\(plans[number].region.name): \(error.description)")
    }
  }
}

