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
    try run()
  }

  /// Planned calls have come, or will not be recognised any more.
  private var isDone: Bool { plans.allSatisfy { $0.calls.isEmpty && $0.times.isEmpty } }

  private func arm() throws(SliceError) {
    for plan in plans {
      let entry = plan.region.entry
      if plan.calls.isEmpty && plan.times.isEmpty {
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
      case .task:
        throw SliceError(
          .unsupported, "it starts processes or threads: only programs of one thread are sliced")
      case .interrupted: stop = try go()
      case .systemCall:
        tracee.steerMapping()
        stop = try go()
      case .signal(SIGTRAP):
        guard let address = tracee.hit() else {
          stop = tracee.resume(TRACE_SYSCALL, signal: SIGTRAP)
          continue
        }
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
    let isWaiting = plans.contains { !$0.times.isEmpty && !tracee.isPlanted($0.region.entry) }
    return isWaiting
      ? tracee.resume(TRACE_SYSCALL, interruptAfter: 0.002) : tracee.resume(TRACE_SYSCALL)
  }

  /// A planned call: cuts it out. False when this one was not asked for.
  private func capture(at address: UInt64) throws(SliceError) -> Bool {
    guard let number = plans.firstIndex(where: { $0.region.entry == address }) else { return false }
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
    try tracee.liftAll()
    let window = Window(tracee, code, plans[number], longest: longest)
    do throws(SliceError) {
      var invocation = try window.cut()
      invocation.region = number
      invocation.share = share
      invocations.append(invocation)
    } catch {
      if error.kind == .bug || tracee.hasEnded { throw error }
      notes.append("\(plans[number].region.name): \(error.description)")
    }
    return true
  }
}

