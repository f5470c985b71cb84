// One region from its entry to its end. All writable memory is made inaccessible; every page
// is given back at the fault of its first use, after its contents have been kept. A region that lasts
// longer than is wanted is ended where one of its blocks comes next, which its meters have counted
// from the entry on.
import CTrace
import Discovery
import Foundation

final class Window {
  private let tracee: Tracee
  private let code: CodeIndex
  private let plan: RegionPlan
  private let longest: Double
  private let areas: [MemoryArea]
  private var before: [UInt64: [UInt8]] = [:]
  private var meters: Meters?
  private let counters: EntryCounters
  /// How many of `stages` have begun.
  private var stage = 0
  /// Seconds from the entry.
  private var stageEnd: Double
  /// From which multiple of `longest` on the stretch may end at blocks that came less often than that. A replay
  /// counts, too: the rarer the block, the less that costs, and the less a translation loses to the jump in the
  /// middle of its function.
  private static let stages: [(begin: Double, count: UInt64)] = [
    (1, 10), (1.25, 100), (1.5, 10_000), (2, .max), (3, 0),
  ]

  init(_ tracee: Tracee, _ code: CodeIndex, _ plan: RegionPlan, _ counters: EntryCounters, longest: Double) {
    (self.tracee, self.code, self.plan, self.counters) = (tracee, code, plan, counters)
    // Calls that come once cannot be looked at again later in the run, except from inside: more of them is taken.
    self.longest = plan.isFew && plan.inside == nil ? 5 * longest : longest
    stageEnd = self.longest
    areas = tracee.areas().filter { $0.isWritable && $0.protection & 4 == 0 }
  }

  func cut() throws(SliceError) -> Invocation {
    let registers = tracee.registers
    let vectors = try vectorRegisters()
    if registers.flags & 1 << 10 != 0 { throw SliceError(.unsupported, "DF is set") }
    try checkFloat(vectors)
    guard let stack = areas.first(where: { $0.range.contains(registers.stack) }),
      let frame = frame(registers.stack)
    else { throw SliceError(.program, "its stack is not one") }
    // Counted blocks cost the traced run, and a jump in the middle of a function its translation: calls that are not
    // much too long are taken whole.
    if plan.region.duration > 2 * longest || plan.isFew {
      meters = try Meters(
        tracee, code, plan.function, except: counters.blocks.union([plan.region.entry, frame.back]))
    }
    try tracee.setIdentification(own: true)
    for area in areas {
      _ = try tracee.call(10, area.range.lowerBound, UInt64(area.range.count), 0)
    }
    // Where calls from inside of a long one return, too, is no place for a breakpoint: that one will not return soon.
    if plan.inside == nil, !(plan.isFew && plan.isRecursive) { try tracee.plant(frame.back) }
    let end: RegionEnd
    do throws(SliceError) {
      end = try run(frame)
      if end != .return, tracee.registers.stack > frame.place || tracee.word(frame.place) != frame.back {
        throw SliceError(.program, "is left by a jump")
      }
    } catch {
      if !tracee.hasEnded {
        try meters?.remove()
        try tracee.liftAll()
        try giveBack()
      }
      throw error
    }
    let endRegisters = tracee.registers
    let endVectors = try vectorRegisters()
    try meters?.remove()
    try tracee.liftAll()
    var pages: [Invocation.Page] = []
    for (address, bytes) in before.sorted(by: { $0.key < $1.key }) {
      guard let now = tracee.read(address, 4096) else { continue }
      pages.append(.init(address: address, before: bytes, after: now == bytes ? nil : now))
    }
    try giveBack()
    var invocation = Invocation(
      region: 0, entry: plan.place, registers: registers, vectors: vectors, pages: pages,
      end: end, endRegisters: endRegisters, endVectors: endVectors,
      stackLow: stack.range.lowerBound)
    invocation.isInside = plan.inside != nil
    return invocation
  }

  /// Where the call that the stretch is of returns to, and where on the stack that is said.
  private func frame(_ stack: UInt64) -> ActiveFrame? {
    if let block = plan.inside {
      return frames(tracee, code, Tracee.stackTop, pc: block)?.first { $0.place != 0 }
    }
    return tracee.word(stack).map { ActiveFrame(function: plan.function, back: $0, place: stack) }
  }

  /// Replays begin with MXCSR and x87 as a program starts.
  private func checkFloat(_ area: [UInt8]) throws(SliceError) {
    let control = area.word(at: 24) & 0xffc0
    if control != 0x1f80 { throw SliceError(.unsupported, "MXCSR is not the default") }
    if area[4] != 0 { throw SliceError(.unsupported, "x87 or MMX registers are in use") }
  }

  private func vectorRegisters() throws(SliceError) -> [UInt8] {
    let (bytes, hasWider) = tracee.vectorRegisters
    if hasWider { throw SliceError(.unsupported, "AVX-512 registers are in use") }
    return bytes
  }

  private func giveBack() throws(SliceError) {
    try tracee.setIdentification(own: false)
    for area in areas {
      let answer = try tracee.call(
        10, area.range.lowerBound, UInt64(area.range.count), area.protection)
      if answer != 0 { throw SliceError(.bug, "memory of the traced program cannot be given back") }
    }
  }

  private func run(_ frame: ActiveFrame) throws(SliceError) -> RegionEnd {
    let begin = tracee.processorTime
    let limit = Date(timeIntervalSinceNow: 20)
    var stop = go(begin)
    while true {
      if limit < Date() { throw SliceError(.program, "takes too long to cut") }
      switch stop {
      case .ended: throw SliceError(.program, "ends inside of the region")
      case .task: throw SliceError(.unsupported, "starts a process or a thread in the region")
      case .interrupted:
        if tracee.processorTime - begin >= stageEnd {
          stage += 1
          if stage == Self.stages.count {
            throw SliceError(.program, "does not come to a place where a stretch can end")
          }
          try meters?.plant(below: Self.stages[stage - 1].count)
          // The machine may be so busy that this comes late: the blocks get their time all the same.
          stageEnd = max(Self.stages[stage].begin * longest, tracee.processorTime - begin + longest / 2)
        }
        stop = go(begin)
      case .systemCall: return try cancelSystemCall()
      case .signal(SIGSEGV):
        try touch(tracee.faultAddress)
        stop = go(begin)
      case .signal(SIGTRAP):
        guard let address = tracee.hit() else {
          throw SliceError(.program, "a trap of its own in the region")
        }
        if address == frame.back, tracee.registers.stack == frame.place + 8 { return .return }
        if let (block, count) = meters?.hit(address) {
          return .block(address: block, count: count)
        }
        stop = try stepOver(address, begin)
      case .signal(let number): throw SliceError(.program, "signal \(number) in the region")
      }
    }
  }

  private func go(_ begin: Double) -> Tracee.Stop {
    if meters == nil { return tracee.resume(TRACE_SYSCALL) }
    let left = stageEnd - (tracee.processorTime - begin)
    return tracee.resume(TRACE_SYSCALL, interruptAfter: max(1e-4, left))
  }

  /// The instruction at a breakpoint may touch pages, too.
  private func stepOver(_ address: UInt64, _ begin: Double) throws(SliceError) -> Tracee.Stop {
    while true {
      let stop = try tracee.stepOver(address)
      if case .signal(SIGSEGV) = stop {
        try touch(tracee.faultAddress)
      } else if case .signal(SIGTRAP) = stop {
        return go(begin)
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
