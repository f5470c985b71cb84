// The program, running natively under ptrace(2): breakpoints, system calls made in its name, and its
// memory. x86-64 Linux only. One at a time, used from the thread that made it.
import CTrace
import ELF
import Foundation
import Interpreter

final class Tracee {
  enum Stop {
    case ended
    case signal(Int32)
    case systemCall
    case interrupted
    case task
  }

  /// Addresses for what a kernel would put high up.
  static let stackTop: UInt64 = 0x0_f000_0000
  static let stackSize: UInt64 = 8 << 20
  static let mappings: UInt64 = 0x1_0000_0000
  static let mappingsEnd: UInt64 = 0x2_f000_0000

  let pid: pid_t
  let memory: Int32
  var breakpoints: [UInt64: UInt8] = [:]
  var identifications: Set<UInt64> = []
  let processor: GuestProcessor
  var nextMapping = Tracee.mappings
  private(set) var hasEnded = false
  /// It has ended by itself, with status 0.
  private(set) var hasSucceeded = false
  /// A `syscall` instruction of the program, to make system calls with.
  let systemCallAt: UInt64
  var isInSystemCall = false

  init(
    _ program: Program, arguments: [String], environment: [String: String], input: Int32,
    low: Bool, deadline: Int, identifications: [UInt64] = []
  ) throws(SliceError) {
    processor = SourceProcessor.shown
    let words = ([program.path] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") }.sorted {
      strcmp($0, $1) < 0
    } + [nil]
    defer { (words + variables).forEach { free($0) } }
    let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(null) }
    pid = trace_start(program.path, words, variables, input, null)
    if pid < 0 {
      throw SliceError.system("\(program.path) cannot be traced")
    }
    memory = open("/proc/\(pid)/mem", O_RDWR | O_CLOEXEC)
    systemCallAt = Tracee.findSystemCall(program)
    trace_deadline(pid, UInt32(deadline))
    if low { try moveStack() }
    for address in identifications { try intercept(address) }
  }

  deinit {
    close(memory)
    trace_end(pid)
  }

  private static func findSystemCall(_ program: Program) -> UInt64 {
    for segment in program.segments where segment.isExecutable {
      let bytes = program.file[segment.fileOffset..<segment.fileOffset + segment.fileSize]
      var index = bytes.startIndex
      while index + 1 < bytes.endIndex {
        if bytes[index] == 0x0f, bytes[index + 1] == 0x05 {
          return segment.address + UInt64(index - segment.fileOffset)
        }
        index += 1
      }
    }
    return 0
  }

  // MARK: running

  var registers: GuestRegisters {
    get {
      var all = GuestRegisters()
      _ = trace_registers(pid, &all.words)
      return all
    }
    set {
      var words = newValue.words
      _ = trace_set_registers(pid, &words)
    }
  }

  /// FXSAVE's area and the upper halves of YMM0 to YMM15, 768 bytes, and whether AVX-512's own registers
  /// are in use.
  var vectorRegisters: (bytes: [UInt8], hasWider: Bool) {
    var all = trace_vectors()
    _ = trace_vector_registers(pid, &all)
    let bytes = withUnsafeBytes(of: &all.area) { Array($0) }
    return (bytes + withUnsafeBytes(of: &all.upper) { Array($0) }, all.has_wider != 0)
  }

  var processorTime: Double { Double(trace_processor_time(pid)) / 1e9 }
  var faultAddress: UInt64 { trace_fault_address(pid) }

  /// Lets the program run to its next stop. `signal` is delivered first.
  func resume(_ how: trace_resume = TRACE_CONTINUE, signal: Int32 = 0) -> Stop {
    var signal = signal
    while true {
      if trace_resume(pid, Int32(how.rawValue), signal) != 0 {
        hasEnded = true
        return .ended
      }
      let stop = wait()
      if !identify(stop) || how == TRACE_STEP { return stop }
      signal = 0
    }
  }

  /// Executes one instruction. An interruption that was asked for while the program stopped by itself comes before that.
  func step() -> Stop {
    while true {
      let stop = resume(TRACE_STEP)
      guard case .interrupted = stop else { return stop }
    }
  }

  /// Lets it run, with a stop after `seconds` if none comes earlier.
  func resume(_ how: trace_resume, signal: Int32 = 0, interruptAfter seconds: Double) -> Stop {
    var signal = signal
    let end = Date(timeIntervalSinceNow: seconds)
    while true {
      if trace_resume(pid, Int32(how.rawValue), signal) != 0 {
        hasEnded = true
        return .ended
      }
      var value: Int32 = 0
      let left = UInt32(max(0, end.timeIntervalSinceNow) * 1e6)
      let found = trace_stop(UInt32(trace_wait_for(pid, &value, left)))
      let stop: Stop
      if found != TRACE_RUNNING {
        stop = understand(found, value)
      } else {
        _ = trace_interrupt(pid)
        stop = wait()
      }
      if !identify(stop) { return stop }
      signal = 0
    }
  }

  private func wait() -> Stop {
    var value: Int32 = 0
    return understand(trace_stop(UInt32(trace_wait(pid, &value))), value)
  }

  private func understand(_ found: trace_stop, _ value: Int32) -> Stop {
    switch found {
    case TRACE_SIGNALLED: return .signal(value)
    case TRACE_AT_SYSCALL: return .systemCall
    case TRACE_INTERRUPTED, TRACE_EXECUTED: return .interrupted
    case TRACE_STARTED_TASK: return .task
    default:
      hasEnded = true
      hasSucceeded = found == TRACE_EXITED && value == 0
      return .ended
    }
  }

  /// Makes one system call in the program's name, which must not be inside of one.
  func call(_ number: UInt64, _ arguments: UInt64...) throws(SliceError) -> Int64 {
    let before = registers
    var now = before
    now[0] = number
    now.systemCall = .max
    for (n, register) in [7, 6, 2, 10, 8, 9].enumerated() {
      now[register] = n < arguments.count ? arguments[n] : 0
    }
    now.pc = systemCallAt
    registers = now
    let planted = breakpoints[systemCallAt]
    if let planted { try write(systemCallAt, [planted]) }
    guard case .signal(SIGTRAP) = step() else {
      throw SliceError(.bug, "a system call made for the traced program did not end")
    }
    if planted != nil { try write(systemCallAt, [0xcc]) }
    let answer = Int64(bitPattern: registers[0])
    registers = before
    return answer
  }
}
