// Where a run's time goes: the program runs natively and is stopped every millisecond of it. A
// sample is the chain of functions that are active.
import CTrace
import Discovery
import ELF
import Foundation

struct Profile {
  /// Innermost first, each function once (recursion collapsed).
  var samples: [[Int]] = []
  /// Outside of the program's code (vDSO, system calls that sleep).
  var elsewhere = 0
  /// Of the run, or of the part that was looked at.
  var processorSeconds = 0.0
  var isWhole = false

  /// Share of samples in whose chain each function is.
  func inclusive() -> [Int: Double] {
    var counts: [Int: Int] = [:]
    for chain in samples { for function in Set(chain) { counts[function, default: 0] += 1 } }
    let all = Double(samples.count + elsewhere)
    return counts.mapValues { Double($0) / all }
  }
}

struct Launch {
  var program: Program
  var arguments: [String]
  var environment: [String: String]
  /// Path of standard input.
  var input: String
  /// Seconds that one run may take.
  var limit: Int
  /// Where the program's CPUID instructions are.
  var identifications: [UInt64] = []

  func start(low: Bool) throws(SliceError) -> Tracee {
    let descriptor = open(input, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw SliceError.system(input) }
    defer { close(descriptor) }
    return try Tracee(
      program, arguments: arguments, environment: environment, input: descriptor, low: low,
      deadline: limit, identifications: identifications)
  }
}

func profile(_ launch: Launch, _ code: CodeIndex, interval: Double = 0.001)
  throws(SliceError) -> Profile
{
  let tracee = try launch.start(low: false)
  guard let stack = tracee.areas().first(where: { $0.range.contains(tracee.registers.stack) })
  else { throw SliceError(.bug, "the traced program has no stack") }
  var result = Profile()
  var lastTime = 0.0
  let begin = Date()
  var signal: Int32 = 0
  while !tracee.hasEnded {
    let stop = tracee.resume(TRACE_CONTINUE, signal: signal, interruptAfter: interval)
    signal = 0
    switch stop {
    case .ended: break
    case .signal(let number): signal = number
    case .task: throw .manyThreads
    case .interrupted, .systemCall:
      let time = tracee.processorTime
      // One that waits has no time to be told about.
      if time - lastTime > interval / 4 {
        if let chain = chain(tracee, code, stack.range.upperBound) {
          result.samples.append(chain)
        } else {
          result.elsewhere += 1
        }
      }
      lastTime = time
      result.processorSeconds = time
      if Date().timeIntervalSince(begin) > Double(launch.limit) - 1 { return result }
    }
  }
  result.isWhole = true
  return result
}

private func chain(_ tracee: Tracee, _ code: CodeIndex, _ stackEnd: UInt64) -> [Int]? {
  frames(tracee, code, stackEnd)?.map(\.function)
}
