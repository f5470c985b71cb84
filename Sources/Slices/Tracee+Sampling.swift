import CTrace
import Foundation

extension Tracee {
  /// Runs the program to its end, and calls `tick` whenever it has run for `interval` seconds, and `trap` at its traps:
  /// true for those that are ours.
  func sample(every interval: Double, tick: () -> Void, trap: () -> Bool = { false }) throws(SliceError) {
    var signal: Int32 = 0
    var next = interval
    while !hasEnded {
      let stop = resume(TRACE_SYSCALL, signal: signal, interruptAfter: interval)
      signal = 0
      switch stop {
      case .ended: return
      case .systemCall: steerMapping()
      case .signal(SIGTRAP): if !trap() { signal = SIGTRAP }
      case .signal(let number): signal = number
      case .task: throw .manyThreads
      case .interrupted:
        if processorTime < next { continue }
        next = processorTime + interval
        tick()
      }
    }
  }
}
