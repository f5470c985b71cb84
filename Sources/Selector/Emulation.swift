// Emulated systems. An emulator's times say nothing about the system it emulates, so a slice is
// measured by instructions executed: those of the translation on the emulated processor against those
// of the original on an emulated x86-64, both counted by a QEMU plugin between the two readings of the
// clock that enclose the slice. t2 is then t1 times that ratio: the time on a processor that takes as
// long for an instruction as the source machine does, or `speed` times less.
import Commands
import Foundation
import Slices

package struct Emulation {
  /// The plugin that counts.
  var plugin: String
  package init(plugin: String) { self.plugin = plugin }

  /// Emulators with plugins, for `words` of a fleet file: as they are, or the dynamic build of the
  /// same name, since Debian's static ones have no plugins.
  static func candidates(_ words: [String]) -> [[String]] {
    guard let first = words.first, first.hasSuffix("-static") else { return [words] }
    return [words, [String(first.dropLast("-static".count))] + words.dropFirst()]
  }

  /// What is counted of one invocation.
  package struct Count: Equatable {
    package var instructions: Double
    /// It ended as in the program's own run.
    package var isRight: Bool
    package init(instructions: Double, isRight: Bool) { (self.instructions, self.isRight) = (instructions, isRight) }
  }

  /// One count for each invocation. A translation that does not come to the end of one of them is stopped after half of
  /// `limit`, and the others are counted in the rest: that one is not right.
  package func count(
    _ path: String, _ emulator: [String], target: String, invocations: [Invocation], native: Bool,
    limit: Double
  ) throws(SystemFailure) -> [Count] {
    let end = Date(timeIntervalSinceNow: limit)
    let replay = Replay(path: path, target: target, invocations: invocations, native: native)
    let last = invocations.count
    switch try run(replay, emulator, 0...last, limit: limit / 2) {
    case .counted(let counts): return replay.withoutOwn(counts)
    case .late(let record):
      guard record > 0 else { throw SystemFailure("its replay does not end in its time limit") }
      var counts = [Int: Count]()
      for part in [0...record - 1, record + 1...max(record + 1, last)] where part.lowerBound <= last {
        guard case .counted(let some) = try run(replay, emulator, part, limit: end.timeIntervalSinceNow)
        else { throw SystemFailure("its replay does not end in its time limit") }
        counts.merge(some) { first, _ in first }
      }
      return replay.withoutOwn(counts)
    }
  }

  private enum Outcome {
    /// By record: 0 is the function that does nothing, the invocations follow.
    case counted([Int: Count])
    /// Stopped in that record.
    case late(Int)
  }

  private func run(_ replay: Replay, _ emulator: [String], _ records: ClosedRange<Int>, limit: Double)
    throws(SystemFailure) -> Outcome
  {
    let file: Temporary
    do throws(SystemCode) { file = try Temporary(.file, named: "recast-count-") } catch {
      throw SystemFailure("its counts have no place: \(String(cString: strerror(error.code)))")
    }
    let counts = file.path
    var complaint = ""
    for words in Emulation.candidates(emulator) {
      let result = Command.run(
        words + ["-plugin", "\(plugin),out=\(counts),syscalls=on", replay.path]
          + ["\(records.lowerBound)", "\(records.upperBound)", "2", "0"], limit: limit)
      if result.isLate { return .late(Replay.unfinished(result.text) ?? 0) }
      guard result.isGood else {
        if complaint.isEmpty || !result.complaint.contains("No such file") {
          complaint = result.complaint
        }
        continue
      }
      guard let output = ReplayOutput(result.text),
        let text = try? String(contentsOfFile: counts, encoding: .utf8)
      else { throw SystemFailure("answers nonsense under its emulator") }
      guard let counted = replay.understand(text, output, records) else {
        throw SystemFailure("its instructions cannot be counted: the replay is not understood")
      }
      return .counted(counted)
    }
    throw SystemFailure("its instructions cannot be counted: \(complaint)")
  }

  /// A replay program and what its output means.
  private struct Replay {
    var path: String
    var target: String
    var invocations: [Invocation]
    var native: Bool

    /// The record that output breaks off in.
    static func unfinished(_ text: String) -> Int? {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
      guard let last = lines.last(where: { $0.hasPrefix("I ") }) else { return nil }
      return Int(last.dropFirst(2), radix: 16)
    }

    /// - Parameter text: the plugin's, a line for each system call: its number, and instructions so far.
    func understand(_ text: String, _ output: ReplayOutput, _ records: ClosedRange<Int>) -> [Int: Count]? {
      // clock_gettime: 228 in x86-64's table, 113 in the one that later architectures share.
      let clock = target.hasPrefix("x86_64") ? "228" : "113"
      var readings: [Double] = []
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ")
        if words.count == 2, words[0] == clock, let count = Double(words[1]) { readings.append(count) }
      }
      // Two repetitions for each record, two readings for each; the second repetition counts.
      guard readings.count == 4 * records.count else { return nil }
      var counts: [Int: Count] = [:]
      for (n, record) in records.enumerated() {
        let differences = record > 0 ? output.entries[record]?.differences : nil
        counts[record] = Count(
          instructions: readings[4 * n + 3] - readings[4 * n + 2],
          isRight: differences.map { invocations[record - 1].isEqual($0, native: native) } ?? false)
      }
      return counts
    }

    /// By invocation, without what the driver itself takes; nothing of those that are missing is right.
    func withoutOwn(_ counts: [Int: Count]) -> [Count] {
      let own = counts[0]?.instructions ?? 0
      return (0..<invocations.count).map { n in
        guard let count = counts[n + 1] else { return Count(instructions: 1, isRight: false) }
        return Count(instructions: max(1, count.instructions - own), isRight: count.isRight)
      }
    }
  }
}
