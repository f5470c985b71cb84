// Emulated systems. An emulator's times say nothing about the system it emulates, so a slice is
// measured by instructions executed: those of the translation on the emulated processor against those
// of the original on an emulated x86-64, both counted by a QEMU plugin between the two readings of the
// clock that enclose the slice. t2 is then t1 times that ratio: the time on a processor that takes as
// long for an instruction as the source machine does, or `speed` times less.
import Commands
import Foundation
import Slices

struct Emulation {
  /// The plugin that counts, and where its output goes.
  var plugin: String

  /// Emulators with plugins, for `words` of a fleet file: as they are, or the dynamic build of the
  /// same name, since Debian's static ones have no plugins.
  static func candidates(_ words: [String]) -> [[String]] {
    guard let first = words.first, first.hasSuffix("-static") else { return [words] }
    return [words, [String(first.dropLast("-static".count))] + words.dropFirst()]
  }

  /// Instructions of each invocation, and whether each ended right.
  func count(
    _ path: String, _ emulator: [String], target: String, invocations: [Invocation], native: Bool,
    limit: Double
  ) throws(SystemFailure) -> [(instructions: Double, isRight: Bool)] {
    let counts = NSTemporaryDirectory() + "recast-count-\(getpid())-\(UUID().uuidString)"
    defer { unlink(counts) }
    var complaint = ""
    for words in Emulation.candidates(emulator) {
      let result = Command.run(
        words + ["-plugin", "\(plugin),out=\(counts),syscalls=on", path]
          + ["0", "\(invocations.count)", "2", "0"], limit: limit)
      guard result.isGood else {
        if complaint.isEmpty || !result.complaint.contains("No such file") {
          complaint = result.complaint
        }
        continue
      }
      guard let output = ReplayOutput(result.text),
        let text = try? String(contentsOfFile: counts, encoding: .utf8)
      else { throw SystemFailure("answers nonsense under its emulator") }
      return try understand(text, output, target: target, invocations, native)
    }
    throw SystemFailure("its instructions cannot be counted: \(complaint)")
  }

  private func understand(
    _ text: String, _ output: ReplayOutput, target: String, _ invocations: [Invocation],
    _ native: Bool
  ) throws(SystemFailure) -> [(instructions: Double, isRight: Bool)] {
    // clock_gettime: 228 in x86-64's table, 113 in the one that later architectures share.
    let clock = target.hasPrefix("x86_64") ? "228" : "113"
    var readings: [Double] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, words[0] == clock, let count = Double(words[1]) { readings.append(count) }
    }
    // Two repetitions for each record, two readings for each; the second repetition counts.
    guard readings.count == 4 * (invocations.count + 1) else {
      throw SystemFailure("its instructions cannot be counted: the replay is not understood")
    }
    func between(_ record: Int) -> Double { readings[4 * record + 3] - readings[4 * record + 2] }
    let own = between(0)
    return invocations.indices.map { n in
      let differences = output.entries[n + 1]?.differences
      return (
        max(1, between(n + 1) - own),
        differences.map { invocations[n].isEqual($0, native: native) } ?? false
      )
    }
  }
}
