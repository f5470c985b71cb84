// Other programs, run with a time limit: their output is collected, and at the limit the whole
// process group is killed; at an interrupt, too. Safe to use from several threads at once.
import CProcess
import Foundation

public struct CommandResult: Sendable {
  public var output: [UInt8] = []
  public var errors: [UInt8] = []
  /// Exit code; 128 and the signal's number for one that was killed; 127 when it did not start.
  public var status: Int32 = 0
  public var isLate = false
  public var isTooLong = false

  public var text: String { String(decoding: output, as: UTF8.self) }
  public var isGood: Bool { status == 0 && !isLate && !isTooLong }

  /// One line for people about what went wrong.
  public var complaint: String {
    if isLate { return "no answer in the time limit" }
    if isTooLong { return "endless output" }
    let said = String(decoding: errors.prefix(4000), as: UTF8.self)
      .split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }
    return (said.map { String($0.prefix(200)) } ?? "no message") + " (status \(status))"
  }
}

public enum Command {
  /// `input` goes to the program's standard input. `limit` is in seconds.
  public static func run(
    _ words: [String], input: [UInt8] = [], limit: Double, maximumOutput: Int = 64 << 20,
    environment: [String]? = nil
  ) -> CommandResult {
    var result = CommandResult()
    guard let (pid, group, kept) = start(words, environment) else {
      result.status = 127
      result.errors = Array("\(words.first ?? ""): \(String(cString: strerror(errno)))".utf8)
      return result
    }
    let deadline = now() + limit
    exchange(kept, input, deadline, maximumOutput, &result)
    reap(pid, deadline, &result)
    recast_forget(group)
    return result
  }

  /// No other child may inherit the pipes before they are marked.
  private static let starting = NSLock()

  /// Answers the child, the note that an interrupt ends its group, and our ends of its pipes.
  private static func start(_ words: [String], _ environment: [String]?) -> (
    pid_t, OpaquePointer, [Int32]
  )? {
    starting.withLock {
      var ends: [[Int32]] = []
      defer { for end in [ends[0][0], ends[1][1], ends[2][1]] { close(end) } }
      for _ in 0..<3 {
        var pair: [Int32] = [-1, -1]
        if pipe(&pair) == 0 { for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) } }
        ends.append(pair)
      }
      let kept = [ends[0][1], ends[1][0], ends[2][0]]
      recast_hold_interrupts()
      let pid = spawn(words, ends[0][0], ends[1][1], ends[2][1], environment)
      let group = pid.flatMap { recast_at_interrupt(nil, -$0) }
      recast_release_interrupts()
      if let pid, let group { return (pid, group, kept) }
      let code = errno
      kept.forEach { close($0) }
      errno = code
      return nil
    }
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func spawn(
    _ words: [String], _ input: Int32, _ output: Int32, _ errors: Int32, _ environment: [String]?
  ) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var usual = sigset_t()
    sigemptyset(&usual)
    sigaddset(&usual, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &usual)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    posix_spawnattr_setflags(&attributes, Int16(flags))
    let arguments = words.map { strdup($0) } + [nil]
    let variables = environment.map { $0.map { strdup($0) } + [nil] }
    defer {
      arguments.forEach { free($0) }
      variables?.forEach { free($0) }
    }
    var pid: pid_t = 0
    let code = posix_spawnp(
      &pid, words[0], &actions, &attributes, arguments, variables ?? environ.map { $0 })
    if code != 0 {
      errno = code
      return nil
    }
    return pid
  }

  private static var environ: [UnsafeMutablePointer<CChar>?]? {
    var all: [UnsafeMutablePointer<CChar>?] = []
    var next = Foundation.environ
    while let entry = next.pointee {
      all.append(entry)
      next += 1
    }
    return all + [nil]
  }

  /// Writes the input and reads both outputs until they end, or until the deadline.
  private static func exchange(
    _ ends: [Int32], _ input: [UInt8], _ deadline: Double, _ maximum: Int,
    _ result: inout CommandResult
  ) {
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    var isOpen = [true, true, true]
    var written = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    func shut(_ n: Int) {
      close(ends[n])
      isOpen[n] = false
    }
    if input.isEmpty { shut(0) }
    while isOpen[1] || isOpen[2] {
      let left = deadline - now()
      if left <= 0 {
        result.isLate = true
        break
      }
      var polls = (0..<3).map { n in
        pollfd(
          fd: isOpen[n] ? ends[n] : -1, events: Int16(n == 0 ? POLLOUT : POLLIN), revents: 0)
      }
      _ = poll(&polls, 3, Int32(min(left, 1) * 1000) + 1)
      if polls[0].revents != 0, isOpen[0] {
        let n = withoutBrokenPipeSignal {
          input[written...].withUnsafeBytes { write(ends[0], $0.baseAddress!, $0.count) }
        }
        if n > 0 { written += n }
        if written == input.count || (n < 0 && errno != EAGAIN && errno != EINTR) { shut(0) }
      }
      for n in 1...2 where polls[n].revents != 0 && isOpen[n] {
        let count = read(ends[n], &chunk, chunk.count)
        if count > 0 {
          if n == 1 {
            result.output += chunk[0..<count]
          } else if result.errors.count < 1 << 20 {
            result.errors += chunk[0..<count]
          }
        } else if count == 0 || errno != EINTR {
          shut(n)
        }
      }
      if result.output.count > maximum {
        result.isTooLong = true
        break
      }
    }
    for n in 0..<3 where isOpen[n] { shut(n) }
  }

  /// A reader that is gone is an error of `write` here, and never the end of this process.
  private static func withoutBrokenPipeSignal(_ body: () -> Int) -> Int {
    var pipe = sigset_t()
    var before = sigset_t()
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &pipe, &before)
    let n = body()
    let code = errno
    if n < 0 && code == EPIPE {
      var none = timespec()
      sigtimedwait(&pipe, nil, &none)
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    errno = code
    return n
  }

  private static func reap(_ pid: pid_t, _ deadline: Double, _ result: inout CommandResult) {
    var status: Int32 = 0
    var pause: UInt32 = 200
    while !result.isLate && !result.isTooLong {
      if waitpid(pid, &status, WNOHANG) == pid {
        result.status = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + status & 0x7f
        // What it left behind in its group.
        kill(-pid, SIGKILL)
        return
      }
      if now() > deadline { result.isLate = true }
      usleep(pause)
      pause = min(pause * 2, 20_000)
    }
    kill(-pid, SIGKILL)
    kill(pid, SIGKILL)
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    result.status = 128 + SIGKILL
  }
}
