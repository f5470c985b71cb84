import Foundation

/// What is being done and how much is left: one line on standard error, only on a terminal. Also
/// keeps the time of each stage for the report. Safe to call from several threads.
public final class Progress: @unchecked Sendable {
  private let lock = NSLock()
  private let visible: Bool
  private var name = ""
  private var done = 0
  private var total = 0
  private var began = 0.0
  private var drawn = 0.0
  private var finished: [StageTime] = []

  /// `quiet` keeps the times and draws nothing.
  public init(quiet: Bool = false) { visible = !quiet && isatty(STDERR_FILENO) == 1 }

  /// Begins a stage of `total` pieces (0: unknown), ending the one before.
  public func stage(_ name: String, total: Int = 0) {
    lock.withLock {
      end()
      (self.name, done, self.total, began) = (name, 0, total, Self.now)
      draw()
    }
  }

  public func advance(by count: Int = 1) {
    lock.withLock {
      done += count
      if Self.now - drawn > 0.1 || done == total { draw() }
    }
  }

  /// Ends the last stage, clears the line and gives all stages with their times.
  @discardableResult
  public func finish() -> [StageTime] {
    lock.withLock {
      end()
      if visible { emit("\r\u{1b}[K") }
      return finished
    }
  }

  public static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private func end() {
    if !name.isEmpty { finished.append(StageTime(name: name, seconds: Self.now - began)) }
    name = ""
  }

  private func draw() {
    guard visible, !name.isEmpty else { return }
    drawn = Self.now
    emit("\r\u{1b}[Krecast: \(name)" + (total > 0 ? " \(done)/\(total)" : " …"))
  }

  private func emit(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
