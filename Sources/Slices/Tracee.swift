// The program, running natively under ptrace(2): breakpoints, system calls made in its name, and its
// memory. x86-64 Linux only. One at a time, used from the thread that made it.
//
// With `low`, everything the program uses lies below 4 GiB times 4, so that its pages exist at the
// same addresses on every target: its stack is moved there before its first instruction, and
// the addresses of its mappings are chosen here. The vDSO is hidden from it, so that reading the
// time is a system call, which ends a region like every other.
//
// CPUID answers what it answers in translated programs on every target, so that the program picks the code that its
// translation will run: a breakpoint stands at each such instruction, and nobody else sees it hit.
import CTrace
import ELF
import Foundation
import Interpreter

/// General registers of a stopped tracee by the encoding's numbers, and the others by name.
public struct GuestRegisters: Sendable, Equatable {
  var words: [UInt64]
  package init() { words = .init(repeating: 0, count: 27) }

  /// Position in `words` of the register with that number: rax rcx rdx rbx rsp rbp rsi rdi r8…r15.
  static let order = [10, 11, 12, 5, 19, 4, 13, 14, 9, 8, 7, 6, 3, 2, 1, 0]
  subscript(number: Int) -> UInt64 {
    get { words[Self.order[number]] }
    set { words[Self.order[number]] = newValue }
  }
  var general: [UInt64] { (0..<16).map { self[$0] } }
  var systemCall: UInt64 {
    get { words[15] }
    set { words[15] = newValue }
  }
  var pc: UInt64 {
    get { words[16] }
    set { words[16] = newValue }
  }
  var flags: UInt64 { words[18] }
  var stack: UInt64 {
    get { words[19] }
    set { words[19] = newValue }
  }
  var threadBase: UInt64 { words[21] }
}

struct MemoryArea: Equatable {
  var range: Range<UInt64>
  var protection: UInt64
  var name: String
  var isWritable: Bool { protection & 2 != 0 }
}

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
  private let memory: Int32
  private var breakpoints: [UInt64: UInt8] = [:]
  private var identifications: Set<UInt64> = []
  private let processor: GuestProcessor
  private var nextMapping = Tracee.mappings
  private(set) var hasEnded = false
  /// It has ended by itself, with status 0.
  private(set) var hasSucceeded = false
  /// A `syscall` instruction of the program, to make system calls with.
  private let systemCallAt: UInt64
  private var isInSystemCall = false

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

  // MARK: memory

  func read(_ address: UInt64, _ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return pread(memory, &bytes, count, off_t(address)) == count ? bytes : nil
  }

  /// What is readable of `count` bytes.
  func readSome(_ address: UInt64, _ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let found = pread(memory, &bytes, count, off_t(address))
    return Array(bytes.prefix(max(0, found)))
  }

  func word(_ address: UInt64) -> UInt64? {
    var value: UInt64 = 0
    return pread(memory, &value, 8, off_t(address)) == 8 ? value : nil
  }

  func write(_ address: UInt64, _ bytes: [UInt8]) throws(SliceError) {
    guard pwrite(memory, bytes, bytes.count, off_t(address)) == bytes.count else {
      throw SliceError.system("memory of the traced program")
    }
  }

  func areas() -> [MemoryArea] {
    let text = (try? String(contentsOfFile: "/proc/\(pid)/maps", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { line in
      let parts = line.split(separator: " ", omittingEmptySubsequences: true)
      let ends = parts[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      guard ends.count == 2, parts.count > 1 else { return nil }
      var protection: UInt64 = 0
      for (bit, letter) in [(UInt64(1), "r"), (2, "w"), (4, "x")] where parts[1].contains(letter) {
        protection |= bit
      }
      return MemoryArea(
        range: ends[0]..<ends[1], protection: protection,
        name: parts.count > 5 ? String(parts[5]) : "")
    }
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

  /// The same, with a stop after `seconds` if none comes earlier.
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
    guard case .signal(SIGTRAP) = resume(TRACE_STEP) else {
      throw SliceError(.bug, "a system call made for the traced program did not end")
    }
    if planted != nil { try write(systemCallAt, [0xcc]) }
    let answer = Int64(bitPattern: registers[0])
    registers = before
    return answer
  }

  // MARK: CPUID

  private func intercept(_ address: UInt64) throws(SliceError) {
    guard read(address, 2) == [0x0f, 0xa2] else { return }
    try write(address, [0xcc])
    identifications.insert(address)
  }

  /// While true, CPUID is the processor's own, as it will be in a replay.
  func setIdentification(own: Bool) throws(SliceError) {
    for address in identifications { try write(address, [own ? 0x0f : 0xcc]) }
  }

  /// Answers a CPUID that the program has stopped at; false when it has stopped for something else.
  private func identify(_ stop: Stop) -> Bool {
    guard !identifications.isEmpty, case .signal(SIGTRAP) = stop else { return false }
    var now = registers
    let address = now.pc &- 1
    guard identifications.contains(address), breakpoints[address] == nil else { return false }
    let answer = processor.identify(
      leaf: UInt32(truncatingIfNeeded: now[0]), subleaf: UInt32(truncatingIfNeeded: now[1]))
    (now[0], now[3], now[1], now[2]) = (
      UInt64(answer.a), UInt64(answer.b), UInt64(answer.c), UInt64(answer.d)
    )
    now.pc = address + 2
    registers = now
    return true
  }

  // MARK: breakpoints

  func plant(_ address: UInt64) throws(SliceError) {
    if breakpoints[address] != nil { return }
    guard let byte = read(address, 1)?.first else { return }
    try write(address, [0xcc])
    breakpoints[address] = byte
  }

  func lift(_ address: UInt64) throws(SliceError) {
    guard let byte = breakpoints.removeValue(forKey: address) else { return }
    try write(address, [byte])
  }

  func liftAll() throws(SliceError) {
    for address in Array(breakpoints.keys) { try lift(address) }
  }

  func isPlanted(_ address: UInt64) -> Bool { breakpoints[address] != nil }

  /// The breakpoint that a SIGTRAP is for; the program counter is set back to it.
  func hit() -> UInt64? {
    var now = registers
    guard breakpoints[now.pc &- 1] != nil else { return nil }
    now.pc &-= 1
    registers = now
    return now.pc
  }

  /// Executes the instruction under a breakpoint.
  func stepOver(_ address: UInt64) throws(SliceError) -> Stop {
    let isPlanted = breakpoints[address] != nil
    if isPlanted { try lift(address) }
    let stop = resume(TRACE_STEP)
    if isPlanted, !hasEnded { try plant(address) }
    return stop
  }

  // MARK: low addresses

  private func moveStack() throws(SliceError) {
    let top = registers.stack
    guard systemCallAt != 0, let area = areas().first(where: { $0.range.contains(top) }) else {
      throw SliceError(.unsupported, "the program has no system call to borrow")
    }
    let mapped = try call(
      9, Tracee.stackTop - Tracee.stackSize, Tracee.stackSize, 3, 0x100022, .max, 0)
    guard mapped == Int64(Tracee.stackTop - Tracee.stackSize),
      var bytes = read(top, Int(area.range.upperBound - top))
    else { throw SliceError(.unsupported, "the stack cannot be moved below 4 GiB") }
    let shift = Tracee.stackTop &- area.range.upperBound
    func word(_ n: Int) -> UInt64 {
      bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8 * n, as: UInt64.self) }
    }
    func set(_ n: Int, _ value: UInt64) {
      bytes.withUnsafeMutableBytes {
        $0.storeBytes(of: value, toByteOffset: 8 * n, as: UInt64.self)
      }
    }
    func move(_ n: Int) {
      if area.range.contains(word(n)) { set(n, word(n) &+ shift) }
    }
    // argc, argv…, 0, environment…, 0, pairs (type, value)… (psABI 3.4.1)
    var n = 1
    for _ in 0..<2 {
      while word(n) != 0 {
        move(n)
        n += 1
      }
      n += 1
    }
    while word(n) != 0 {
      let isVDSO = word(n) == 33 || word(n) == 32
      if isVDSO { set(n, 1) }  // AT_IGNORE
      move(n + 1)
      n += 2
    }
    try write(top &+ shift, bytes)
    var now = registers
    now.stack = top &+ shift
    registers = now
  }

  /// At the entry of a system call: chooses the address of a new mapping. Call at every
  /// `.systemCall` stop.
  func steerMapping() {
    isInSystemCall.toggle()
    guard isInSystemCall else { return }
    var now = registers
    func take(_ size: UInt64) -> UInt64 {
      let place = nextMapping
      nextMapping += (size + 0x1fff) & ~0xfff
      return place
    }
    switch now.systemCall {
    case 9 where now[10] & 0x10_0010 == 0 && nextMapping + now[6] < Tracee.mappingsEnd:
      now[7] = take(now[6])
      registers = now
    case 25 where now[10] == 1 && now[2] > now[6] && nextMapping + now[2] < Tracee.mappingsEnd:
      now[10] = 3
      now[8] = take(now[2])
      registers = now
    default: break
    }
  }

  /// Whether the stop that `steerMapping` saw was the entry.
  var isAtEntryOfSystemCall: Bool { isInSystemCall }
}
