// How often hot functions are called, how long they take, and how soon they make a system call: a
// run with breakpoints at their entries.
import CTrace
import Discovery
import Foundation

struct CallCounts {
  var count = 0
  /// Calls inside of its own calls, which are not counted.
  var isRecursive = false
  /// No longer counted: the first calls came within `span` seconds.
  var isFrequent = false
  var first = 0.0
  var last = 0.0
  /// Between the first and the last, without the breakpoints' own cost.
  var span = 0.0
  /// Of invocations that were followed, in order: processor seconds to the return and to the first
  /// system call (the same where there is none). 0: not followed.
  var durations: [Double] = []
  var clean: [Double] = []
  /// Processor seconds of it in which no system call comes for a while.
  var quiet: [Double] = []

  /// How many calls of equal length would say as much: 1 where one takes nearly all of the time.
  var effectiveCount: Double {
    let (sum, squares) = durations.reduce((0, 0)) { ($0.0 + $1, $0.1 + $1 * $1) }
    return squares > 0 ? sum * sum / squares : 0
  }

  /// Share of its time that stretches could be taken from, wherever they begin.
  var steadiness: Double {
    let sum = durations.reduce(0, +)
    return sum > 0 ? min(1, quiet.reduce(0, +) / sum) : 0
  }
}

final class Survey {
  private struct Watch {
    var function: Int
    var call: Int
    var start: Double
    var stack: UInt64
    var firstSystemCall: Double?
    var lastSystemCall: Double
    var quiet = 0.0
    /// Of the whole run, at the start and at the first system call.
    var stops: Int
    var stopsAtSystemCall = 0
    var strangers = 0

    mutating func systemCall(_ now: Double, _ least: Double, _ stops: Int) {
      quieten(now, least)
      if firstSystemCall == nil { (firstSystemCall, stopsAtSystemCall) = (now, stops) }
    }

    mutating func quieten(_ now: Double, _ least: Double) {
      if now - lastSystemCall >= least { quiet += now - lastSystemCall }
      lastSystemCall = now
    }
  }

  private let tracee: Tracee
  private let functions: [Int]
  private let entries: [UInt64: Int]
  private var watches: [UInt64: Watch] = [:]
  private(set) var counts: [Int: CallCounts] = [:]
  private(set) var processorSeconds = 0.0
  private var stops = 0
  private let undisturbed: Double
  /// Recursive functions inside of which the program is.
  private var resting: Set<Int> = []
  /// Stops inside of each call, and before its first system call.
  private var disturbed: [Int: [(whole: Int, clean: Int)]] = [:]
  /// What one stop at a breakpoint adds to the program's processor time.
  private(set) var stopSeconds = 0.0
  static let frequent = 400
  private static let strangers = 200
  /// Seconds without a system call that are worth a stretch.
  private let quiet: Double
  /// Stand-ins for return addresses that are too busy for a breakpoint, and those.
  private static let pads: UInt64 = 0x1d_0000
  private var hidden: [UInt64: UInt64] = [:]

  /// - Parameter undisturbed: the run's processor time without breakpoints.
  init(_ launch: Launch, _ code: CodeIndex, _ functions: [Int], undisturbed: Double, quiet: Double)
    throws(SliceError)
  {
    (self.undisturbed, self.quiet) = (undisturbed, quiet)
    self.functions = functions
    entries = Dictionary(uniqueKeysWithValues: functions.map { (code.functions[$0].entry, $0) })
    tracee = try launch.start(low: true)
    for entry in entries.keys { try tracee.plant(entry) }
    for function in functions { counts[function] = CallCounts() }
    try run()
  }

  private func run() throws(SliceError) {
    var stop = tracee.resume(TRACE_SYSCALL)
    while true {
      switch stop {
      case .ended:
        finish()
        return
      case .task: throw .manyThreads
      case .interrupted: stop = tracee.resume(TRACE_SYSCALL)
      case .systemCall:
        tracee.steerMapping()
        processorSeconds = tracee.processorTime
        for key in Array(watches.keys) {
          watches[key]!.systemCall(processorSeconds, quiet, stops)
        }
        stop = tracee.resume(TRACE_SYSCALL)
      case .signal(SIGTRAP):
        guard let address = tracee.hit() else {
          stop = tracee.resume(TRACE_SYSCALL, signal: SIGTRAP)
          continue
        }
        processorSeconds = tracee.processorTime
        stops += 1
        if let back = hidden.removeValue(forKey: address) {
          try reveal(address, back)
          stop = tracee.resume(TRACE_SYSCALL)
          continue
        }
        try ended(at: address)
        try called(at: address)
        stop = try tracee.stepOver(address)
        if case .signal(SIGTRAP) = stop { stop = tracee.resume(TRACE_SYSCALL) }
      case .signal(let number): stop = tracee.resume(TRACE_SYSCALL, signal: number)
      }
    }
  }

  private func called(at address: UInt64) throws(SliceError) {
    guard let function = entries[address], try !isNested(function, address) else { return }
    let call = counts[function]!.count
    counts[function]!.count += 1
    if call == 0 { counts[function]!.first = processorSeconds }
    counts[function]!.last = processorSeconds
    counts[function]!.durations.append(0)
    counts[function]!.clean.append(0)
    counts[function]!.quiet.append(0)
    disturbed[function, default: []].append((0, 0))
    if call + 1 >= Survey.frequent {
      counts[function]!.isFrequent = true
      try tracee.lift(address)
      return
    }
    let stack = tracee.registers.stack
    guard let back = tracee.word(stack), watches[back] == nil,
      !watches.values.contains(where: { $0.function == function })
    else { return }
    try tracee.plant(back)
    watches[back] = Watch(
      function: function, call: call, start: processorSeconds, stack: stack,
      lastSystemCall: processorSeconds, stops: stops)
  }

  /// Called from inside of a call that is followed: until that returns, it is not looked at.
  private func isNested(_ function: Int, _ entry: UInt64) throws(SliceError) -> Bool {
    guard let (back, watch) = watches.first(where: { $0.value.function == function }) else { return false }
    if tracee.registers.stack >= watch.stack {
      // That one was left by another way than a return.
      watches[back] = nil
      return false
    }
    counts[function]!.isRecursive = true
    if watches[entry] == nil { try tracee.lift(entry) }
    resting.insert(function)
    return true
  }

  private func ended(at address: UInt64) throws(SliceError) {
    guard var watch = watches[address] else { return }
    if tracee.registers.stack == watch.stack + 8 {
      record(watch)
    } else if watch.strangers < Self.strangers {
      watch.strangers += 1
      watches[address] = watch
      return
    } else if try hide(address, watch.stack) {
      return
    }
    try forget(watch, address)
  }

  /// Calls inside of this one return to the same place, too often to look at each: this one's return address becomes a
  /// place of its own.
  private func hide(_ back: UInt64, _ stack: UInt64) throws(SliceError) -> Bool {
    if hidden.isEmpty {
      let area = try tracee.call(9, Self.pads, 0x1000, 5, 0x100022, .max, 0)
      guard area == Int64(Self.pads) || area == -17 else { return false }
    }
    guard tracee.word(stack) == back, let pad = (0..<256).lazy.map({ Self.pads + 16 * UInt64($0) })
      .first(where: { self.hidden[$0] == nil })
    else { return false }
    try tracee.plant(pad)
    try tracee.write(stack, withUnsafeBytes(of: pad.littleEndian) { Array($0) })
    hidden[pad] = back
    if entries[back] == nil { try tracee.lift(back) }
    return true
  }

  private func reveal(_ pad: UInt64, _ back: UInt64) throws(SliceError) {
    try tracee.lift(pad)
    var registers = tracee.registers
    registers.pc = back
    tracee.registers = registers
    guard let watch = watches[back] else { return }
    record(watch)
    try forget(watch, back)
  }

  private func forget(_ watch: Watch, _ address: UInt64) throws(SliceError) {
    watches[address] = nil
    if resting.remove(watch.function) != nil, !counts[watch.function]!.isFrequent,
      let entry = entries.first(where: { $0.value == watch.function })?.key
    {
      try tracee.plant(entry)
    }
    if entries[address] == nil || counts[entries[address]!]!.isFrequent {
      try tracee.lift(address)
    }
  }

  private func record(_ watch: Watch) {
    let duration = max(1e-7, processorSeconds - watch.start)
    counts[watch.function]!.durations[watch.call] = duration
    var watch = watch
    watch.quieten(processorSeconds, quiet)
    counts[watch.function]!.quiet[watch.call] = watch.quiet
    counts[watch.function]!.clean[watch.call] =
      watch.firstSystemCall.map { max(1e-7, $0 - watch.start) } ?? duration
    disturbed[watch.function]![watch.call] = (
      stops - watch.stops,
      watch.firstSystemCall == nil ? stops - watch.stops : watch.stopsAtSystemCall - watch.stops
    )
  }

  /// What never returned took until the end.
  ///
  /// The shortest call that was followed is taken for the cost of the breakpoint at its entry.
  private func finish() {
    for watch in watches.values { record(watch) }
    watches = [:]
    let all = counts.values.flatMap(\.durations).filter { $0 > 0 }
    stopSeconds = min(2e-5, all.min() ?? 0)
    // The run without breakpoints knows better what so many of them cost.
    if stops > 1000 {
      stopSeconds = min(4e-5, max(stopSeconds, (processorSeconds - undisturbed) / Double(stops)))
    }
    for function in functions {
      counts[function]!.span =
        counts[function]!.last - counts[function]!.first
        - 2 * stopSeconds * Double(counts[function]!.count)
      for n in counts[function]!.durations.indices where counts[function]!.durations[n] > 0 {
        let (whole, clean) = disturbed[function]![n]
        let (duration, start) = (counts[function]!.durations[n], counts[function]!.clean[n])
        counts[function]!.durations[n] = max(
          1e-7, duration / 20, duration - stopSeconds * Double(max(1, whole)))
        counts[function]!.clean[n] = max(1e-7, start - stopSeconds * Double(max(1, clean)))
      }
    }
  }
}
