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

  /// How many calls of equal length would say as much: 1 where one takes nearly all of the time.
  var effectiveCount: Double {
    let (sum, squares) = durations.reduce((0, 0)) { ($0.0 + $1, $0.1 + $1 * $1) }
    return squares > 0 ? sum * sum / squares : 0
  }
}

final class Survey {
  private struct Watch {
    var function: Int
    var call: Int
    var start: Double
    var stack: UInt64
    var firstSystemCall: Double?
    /// Of the whole run, at the start and at the first system call.
    var stops: Int
    var stopsAtSystemCall = 0
    var strangers = 0
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

  /// - Parameter undisturbed: the run's processor time without breakpoints.
  init(_ launch: Launch, _ code: CodeIndex, _ functions: [Int], undisturbed: Double) throws(SliceError) {
    self.undisturbed = undisturbed
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
      case .task:
        throw SliceError(
          .unsupported, "it starts processes or threads: only programs of one thread are sliced")
      case .interrupted: stop = tracee.resume(TRACE_SYSCALL)
      case .systemCall:
        tracee.steerMapping()
        processorSeconds = tracee.processorTime
        for key in Array(watches.keys) where watches[key]!.firstSystemCall == nil {
          watches[key]!.firstSystemCall = processorSeconds
          watches[key]!.stopsAtSystemCall = stops
        }
        stop = tracee.resume(TRACE_SYSCALL)
      case .signal(SIGTRAP):
        guard let address = tracee.hit() else {
          stop = tracee.resume(TRACE_SYSCALL, signal: SIGTRAP)
          continue
        }
        processorSeconds = tracee.processorTime
        stops += 1
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
      function: function, call: call, start: processorSeconds, stack: stack, stops: stops)
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
    } else if watch.strangers < 200 {
      watch.strangers += 1
      watches[address] = watch
      return
    }
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
