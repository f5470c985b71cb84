import Host

/// `RECAST_LOG`: a list of words separated by commas; `syscalls`, `signals`, `stats`, `all`.
enum Log {
  static var systemCalls: UInt8 { 1 }
  static var signals: UInt8 { 2 }
  static var statistics: UInt8 { 4 }
}
public var logsStatistics: Bool { logTopics & Log.statistics != 0 }
/// Called before the process ends or becomes another program. Set by the executor.
public nonisolated(unsafe) var onExit: (@convention(c) () -> Void)? = nil
/// Called in a new process: what its parent has done is not its own.
public nonisolated(unsafe) var onFork: (@convention(c) () -> Void)? = nil
/// Value of RECAST_STATS, a file to which every process adds its statistics; 0: not given.
nonisolated(unsafe) var statisticsFile: UInt64 = 0
/// Where `say` writes.
private nonisolated(unsafe) var sayTarget: UInt64 = 2

func leaving() {
  guard let hook = onExit else { return }
  if logsStatistics { hook() }
  if statisticsFile == 0 { return }
  // O_WRONLY, O_CREAT, O_APPEND, O_CLOEXEC.
  let file = host(Call.openat, atCurrentDirectory, statisticsFile, 0o2002101, 0o644)
  if file < 0 { return }
  sayTarget = UInt64(bitPattern: file)
  // Processes end at the same time; closing gives the lock back.
  _ = host(Call.flock, sayTarget, 2)
  hook()
  _ = host(Call.close, sayTarget)
  sayTarget = 2
}
public nonisolated(unsafe) var logTopics: UInt8 = 0

func readLogTopics(_ value: UInt64) {
  var at = value
  while true {
    if begins(at, with: "all") { logTopics = 0xff }
    if begins(at, with: "syscalls") { logTopics |= Log.systemCalls }
    if begins(at, with: "signals") { logTopics |= Log.signals }
    if begins(at, with: "stats") { logTopics |= Log.statistics }
    while load8(at) != 0 && load8(at) != 0x2c { at &+= 1 }
    if load8(at) == 0 { return }
    at &+= 1
  }
}

public func say(_ text: StaticString) {
  say(bytes: address(of: text), UInt64(text.utf8CodeUnitCount))
}
public func say(string: UInt64) { say(bytes: string, length(string)) }
func say(bytes: UInt64, _ count: UInt64) { _ = host(Call.write, sayTarget, bytes, count) }

public func say(number: UInt64) {
  var digits = InlineArray<24, UInt8>(repeating: 0)
  var at = 24
  var rest = number
  repeat {
    at &-= 1
    digits[at] = UInt8(truncatingIfNeeded: 0x30 &+ rest % 10)
    rest /= 10
  } while rest != 0
  sayDigits(&digits, at)
}
public func say(hex number: UInt64) {
  var digits = InlineArray<24, UInt8>(repeating: 0)
  var at = 24
  var rest = number
  repeat {
    at &-= 1
    let digit = UInt8(truncatingIfNeeded: rest & 15)
    digits[at] = digit < 10 ? 0x30 &+ digit : 0x57 &+ digit
    rest &>>= 4
  } while rest != 0
  say("0x")
  sayDigits(&digits, at)
}
private func sayDigits(_ digits: inout InlineArray<24, UInt8>, _ from: Int) {
  withUnsafePointer(to: &digits) {
    say(bytes: UInt64(UInt(bitPattern: $0)) &+ UInt64(from), UInt64(24 &- from))
  }
}

/// "recast: system call NAME (N): TEXT"
func sayRefused(_ number: UInt64) {
  say("recast: guest system call ")
  var at = address(of: systemCallNames)
  if number < UInt64(systemCallRows.count) {
    var line: UInt64 = 0
    while line < number {
      if load8(at) == 0x0a { line &+= 1 }
      at &+= 1
    }
    var end = at
    while load8(end) != 0x0a { end &+= 1 }
    say(bytes: at, end &- at)
    say(" ")
  }
  say("(")
  say(number: number)
  say(") is refused: ENOSYS\n")
}
