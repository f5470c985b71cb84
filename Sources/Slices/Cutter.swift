// The run in which regions are cut out. At a planned call all writable memory is made inaccessible;
// every page is given back at the fault of its first use, after its contents have been kept.
import CTrace
import Discovery
import Foundation
import X86

final class Cutter {
  static let maximumPages = 8192
  static let maximumStops = 60_000

  private let tracee: Tracee
  private let code: CodeIndex
  private var plans: [RegionPlan]
  private let longest: Double
  private let stopSeconds: Double
  private var calls: [Int]
  private(set) var invocations: [Invocation] = []
  /// What was given up and why.
  private(set) var notes: [String] = []

  init(_ launch: Launch, _ code: CodeIndex, _ plans: [RegionPlan], longest: Double, stopSeconds: Double)
    throws(SliceError)
  {
    self.code = code
    self.plans = plans
    self.stopSeconds = stopSeconds
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
    try arm()
    let isTimed = plans.contains { !$0.times.isEmpty }
    var stop = go(isTimed)
    while !isDone {
      switch stop {
      case .ended: return
      case .task:
        throw SliceError(
          .unsupported, "it starts processes or threads: only programs of one thread are sliced")
      case .interrupted:
        try arm()
        stop = go(isTimed)
      case .systemCall:
        tracee.steerMapping()
        stop = go(isTimed)
      case .signal(SIGTRAP):
        guard let address = tracee.hit() else {
          stop = tracee.resume(TRACE_SYSCALL, signal: SIGTRAP)
          continue
        }
        if try capture(at: address) {
          try arm()
          // The program is where the region ended; that may be another entry.
          stop = go(isTimed)
        } else {
          stop = try tracee.stepOver(address)
          if case .signal(SIGTRAP) = stop { stop = go(isTimed) }
        }
      case .signal(let number): stop = tracee.resume(TRACE_SYSCALL, signal: number)
      }
    }
  }

  /// Resumes; while times are waited for, with a stop now and then to look at the clock.
  private func go(_ isTimed: Bool) -> Tracee.Stop {
    guard isTimed, plans.contains(where: { $0.calls.isEmpty && !$0.times.isEmpty }),
      !plans.contains(where: { !$0.times.isEmpty && $0.times[0] <= tracee.processorTime })
    else { return tracee.resume(TRACE_SYSCALL) }
    return tracee.resume(TRACE_SYSCALL, interruptAfter: 0.002)
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
    let window = Window(
      tracee, code, plans[number], longest: longest, stopSeconds: stopSeconds)
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

/// One region at its entry, until its end.
final class Window {
  /// A block at which the region may be ended.
  private struct Candidate {
    var count: UInt64 = 0
    var first = 0.0
    var last = 0.0
    var limit: UInt64 = 200
  }

  private let tracee: Tracee
  private let code: CodeIndex
  private let plan: RegionPlan
  private let longest: Double
  private let stopSeconds: Double
  private let areas: [MemoryArea]
  private var before: [UInt64: [UInt8]] = [:]
  private var candidates: [UInt64: Candidate] = [:]
  private var begin = 0.0
  private var stops = 0

  init(
    _ tracee: Tracee, _ code: CodeIndex, _ plan: RegionPlan, longest: Double, stopSeconds: Double
  ) {
    (self.tracee, self.code, self.plan) = (tracee, code, plan)
    (self.longest, self.stopSeconds) = (longest, stopSeconds)
    areas = tracee.areas().filter(\.isWritable)
  }

  func cut() throws(SliceError) -> Invocation {
    let registers = tracee.registers
    let vectors = tracee.floatRegisters
    try check(registers, vectors)
    guard let stack = areas.first(where: { $0.range.contains(registers.stack) }),
      let back = tracee.word(registers.stack)
    else { throw SliceError(.program, "its stack is not one") }
    for area in areas {
      _ = try tracee.call(10, area.range.lowerBound, UInt64(area.range.count), 0)
    }
    try tracee.plant(back)
    if plan.region.duration > longest / 2 { try plantCandidates(except: back) }
    begin = tracee.processorTime
    let end: RegionEnd
    do throws(SliceError) {
      end = try run(to: back, stack: registers.stack)
    } catch {
      if !tracee.hasEnded {
        try tracee.liftAll()
        try giveBack()
      }
      throw error
    }
    let endRegisters = tracee.registers
    let endVectors = tracee.floatRegisters
    try tracee.liftAll()
    var pages: [Invocation.Page] = []
    for (address, bytes) in before.sorted(by: { $0.key < $1.key }) {
      guard let now = tracee.read(address, 4096) else { continue }
      pages.append(.init(address: address, before: bytes, after: now == bytes ? nil : now))
    }
    try giveBack()
    if case .return = end {
    } else {
      try checkFloat(endVectors)
    }
    return Invocation(
      region: 0, entry: plan.region.entry, registers: registers, vectors: vectors, pages: pages,
      end: end, endRegisters: endRegisters, endVectors: endVectors,
      stackLow: stack.range.lowerBound)
  }

  private func check(_ registers: GuestRegisters, _ vectors: [UInt8]) throws(SliceError) {
    if registers.flags & 1 << 10 != 0 { throw SliceError(.unsupported, "DF is set") }
    try checkFloat(vectors)
  }

  /// Replays begin with MXCSR and x87 as a program starts.
  private func checkFloat(_ area: [UInt8]) throws(SliceError) {
    let control = area.word(at: 24) & 0xffc0
    if control != 0x1f80 { throw SliceError(.unsupported, "MXCSR is not the default") }
    if area[4] != 0 { throw SliceError(.unsupported, "x87 or MMX registers are in use") }
  }

  private func plantCandidates(except back: UInt64) throws(SliceError) {
    for block in code.functions[plan.function].blocks
    where block.start != plan.region.entry && block.start != back
      && Patch.displaced(block) != nil
    {
      try tracee.plant(block.start)
      candidates[block.start] = Candidate()
    }
  }

  private func giveBack() throws(SliceError) {
    for area in areas {
      let answer = try tracee.call(
        10, area.range.lowerBound, UInt64(area.range.count), area.protection)
      if answer != 0 { throw SliceError(.bug, "memory of the traced program cannot be given back") }
    }
  }

  private func run(to back: UInt64, stack: UInt64) throws(SliceError) -> RegionEnd {
    let limit = Date(timeIntervalSinceNow: 10)
    var stop = tracee.resume(TRACE_SYSCALL)
    while true {
      stops += 1
      if stops & 1023 == 0, limit < Date() { throw SliceError(.program, "takes too long to cut") }
      switch stop {
      case .ended: throw SliceError(.program, "ends inside of the region")
      case .task: throw SliceError(.unsupported, "starts a process or a thread in the region")
      case .interrupted: stop = tracee.resume(TRACE_SYSCALL)
      case .systemCall: return try cancelSystemCall()
      case .signal(SIGSEGV):
        try touch(tracee.faultAddress)
        stop = tracee.resume(TRACE_SYSCALL)
      case .signal(SIGTRAP):
        guard let address = tracee.hit() else {
          throw SliceError(.program, "a trap of its own in the region")
        }
        if address == back, tracee.registers.stack == stack + 8 { return .return }
        if let end = try count(address) { return end }
        stop = try stepOver(address)
      case .signal(let number): throw SliceError(.program, "signal \(number) in the region")
      }
    }
  }

  /// The instruction at a breakpoint may touch pages, too.
  private func stepOver(_ address: UInt64) throws(SliceError) -> Tracee.Stop {
    while true {
      let stop = try tracee.stepOver(address)
      if case .signal(SIGSEGV) = stop {
        try touch(tracee.faultAddress)
      } else if case .signal(SIGTRAP) = stop {
        return tracee.resume(TRACE_SYSCALL)
      } else {
        return stop
      }
    }
  }

  private func touch(_ address: UInt64) throws(SliceError) {
    let page = address & ~0xfff
    guard before[page] == nil, let area = areas.first(where: { $0.range.contains(page) }),
      let bytes = tracee.read(page, 4096)
    else { throw SliceError(.program, "a fault of its own in the region") }
    if before.count >= Cutter.maximumPages {
      throw SliceError(.unsupported, "touches more than \(Cutter.maximumPages) pages")
    }
    before[page] = bytes
    if try tracee.call(10, page, 4096, area.protection) != 0 {
      throw SliceError(.unsupported, "memory is too scattered to be watched")
    }
  }

  /// A block that could end the region: counted, and given up when it comes often while a rarer
  /// one comes, too.
  private func count(_ address: UInt64) throws(SliceError) -> RegionEnd? {
    guard var candidate = candidates[address] else { return nil }
    let now = tracee.processorTime - begin - stopSeconds * Double(stops)
    if candidate.count == 0 { candidate.first = now }
    candidate.count += 1
    candidate.last = now
    if stops > Cutter.maximumStops || now >= longest {
      return .block(address: address, count: candidate.count)
    }
    if candidate.count >= candidate.limit {
      candidate.limit *= 2
      let lately = (candidate.first + now) / 2
      if candidates.values.contains(where: {
        $0.count > 1 && $0.count * 4 < candidate.count && $0.last > lately
      }) {
        try tracee.lift(address)
        candidates[address] = nil
        return nil
      }
    }
    candidates[address] = candidate
    return nil
  }

  /// Takes back the system call that is about to be made: it ends the region, and comes again when
  /// the program goes on.
  private func cancelSystemCall() throws(SliceError) -> RegionEnd {
    var now = tracee.registers
    let number = now.systemCall
    var skip = now
    skip.systemCall = .max
    tracee.registers = skip
    guard case .systemCall = tracee.resume(TRACE_SYSCALL) else {
      throw SliceError(.bug, "a system call cannot be taken back")
    }
    now.pc -= 2
    now[0] = number
    now.systemCall = .max
    tracee.registers = now
    return .systemCall(address: now.pc)
  }
}
