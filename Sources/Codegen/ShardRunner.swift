// Code generation in child processes: LLVM's fatal errors end a process, and must not end the
// build. A child writes its answer to a pipe; one that dies, or takes too long, is reported, and
// the caller bisects the shard down to the function that is left to the interpreter.
import CProcess
import Foundation

public enum ShardFailure: Error, CustomStringConvertible, Equatable {
  case signal(Int32)
  case exit(Int32)
  case timeout(seconds: Int)
  /// The body threw this.
  case error(String)
  public var description: String {
    switch self {
    case .signal(let n): "ended by signal \(n)"
    case .exit(let n): "ended with status \(n)"
    case .timeout(let s): "took longer than \(s) s"
    case .error(let m): m
    }
  }
}

/// The parent has one thread: children get a copy of what it holds.
public struct ShardRunner: Sendable {
  public var jobs: Int
  public var timeLimit: Int
  public init(jobs: Int, timeLimit: Int = 600) {
    self.jobs = max(1, jobs)
    self.timeLimit = timeLimit
  }

  private struct Child {
    var index: Int
    var pid: pid_t
    var pipe: Int32
    var data = Data()
    var deadline: Date
  }

  /// Runs `body` for every shard in a child of its own and answers in the shards' order; nil where
  /// `onFailure` had nothing to put in the failed shard's place. `onFailure` answers smaller shards
  /// to try (bisecting); their answers go to the end, in the order in which they were queued.
  public func run<Shard>(
    _ shards: [Shard], body: (Shard) throws -> [UInt8],
    onFailure: (Shard, ShardFailure) -> [Shard] = { _, _ in [] }, onFinish: (Shard) -> Void = { _ in }
  ) throws(CodegenError) -> [[UInt8]?] {
    var queue = shards
    var results = [[UInt8]?](repeating: nil, count: shards.count)
    var next = 0
    var children: [Child] = []
    while next < queue.count || !children.isEmpty {
      while children.count < jobs, next < queue.count {
        children.append(try start(next, queue[next], body))
        next += 1
      }
      var polls = children.map { pollfd(fd: $0.pipe, events: Int16(POLLIN), revents: 0) }
      let wait = children.map { $0.deadline.timeIntervalSinceNow }.min()!
      _ = poll(&polls, nfds_t(polls.count), Int32(max(0, min(wait, 3600)) * 1000) + 1)
      for n in children.indices.reversed() {
        let late = children[n].deadline < Date()
        if polls[n].revents == 0 && !late { continue }
        if !late && receive(&children[n]) { continue }
        let child = children.remove(at: n)
        close(child.pipe)
        if late { kill(child.pid, SIGKILL) }
        var status: Int32 = 0
        while waitpid(child.pid, &status, 0) < 0 && errno == EINTR {}
        let failure: ShardFailure
        if late {
          failure = .timeout(seconds: timeLimit)
        } else if recast_signal(status) != 0 {
          failure = .signal(recast_signal(status))
        } else if recast_exit_code(status) == 99 {
          failure = .error(String(decoding: child.data, as: UTF8.self))
        } else if recast_exit_code(status) != 0 {
          failure = .exit(recast_exit_code(status))
        } else {
          results[child.index] = [UInt8](child.data)
          onFinish(queue[child.index])
          continue
        }
        let smaller = onFailure(queue[child.index], failure)
        queue += smaller
        results += [[UInt8]?](repeating: nil, count: smaller.count)
      }
    }
    return results
  }

  private func start<Shard>(_ index: Int, _ shard: Shard, _ body: (Shard) throws -> [UInt8])
    throws(CodegenError) -> Child
  {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw .file("pipe: \(String(cString: strerror(errno)))") }
    fflush(nil)
    let pid = recast_fork()
    if pid < 0 { throw .file("fork: \(String(cString: strerror(errno)))") }
    if pid == 0 {
      close(ends[0])
      // A crash ends the child at once, without anybody's handler or report.
      for number in [SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGTRAP, SIGFPE] { signal(number, SIG_DFL) }
      do {
        recast_exit_now(send(try body(shard), to: ends[1]) ? 0 : 98)
      } catch {
        _ = send(Array("\(error)".utf8), to: ends[1])
        recast_exit_now(99)
      }
    }
    close(ends[1])
    return Child(
      index: index, pid: pid, pipe: ends[0],
      deadline: Date(timeIntervalSinceNow: Double(timeLimit)))
  }

  private func send(_ bytes: [UInt8], to pipe: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
      let n = bytes.withUnsafeBytes { Foundation.write(pipe, $0.baseAddress! + done, bytes.count - done) }
      if n < 0 && errno != EINTR { return false }
      done += max(0, n)
    }
    return true
  }

  /// Takes what is there; false at the end.
  private func receive(_ child: inout Child) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    let n = read(child.pipe, &chunk, chunk.count)
    if n > 0 { child.data.append(contentsOf: chunk[0..<n]) }
    return n > 0 || (n < 0 && errno == EINTR)
  }
}
