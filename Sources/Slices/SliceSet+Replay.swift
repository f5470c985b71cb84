// From stretches that were cut to slices: the replay program, its native times, and what does not pass.
import Commands
import Foundation
import ELF

extension SliceSet {
  /// Keeps what replays as it was, and measures it. Answers the regions of which nothing is left, or too little to
  /// stand for all.
  mutating func replay(
    _ cut: [Invocation], _ search: RegionSearch, isTrial: Bool
  ) throws(SliceError) -> [Int] {
    let (program, code) = (search.program, search.code)
    var candidates = cut
    invocations = []
    // Shares of regions' time that are in calls too short to be timed: the others do not stand for those.
    var short: [Int: Double] = [:]
    for attempt in 0..<4 where !candidates.isEmpty {
      let made = try ReplayProgram(program, code, candidates)
      if made.taken.count < candidates.count {
        report.notes.append(
          "\(candidates.count - made.taken.count) stretches end where no jump fits")
      }
      candidates = made.taken.map { candidates[$0] }
      if candidates.isEmpty { break }
      let (times, failure) = Self.runNatively(made.file, candidates, isTrial: isTrial)
      guard let times else {
        let alone = try replayable(candidates, program, code)
        if attempt > 0 || alone.count == candidates.count {
          throw SliceError(.bug, "the replay fails: \(failure)")
        }
        report.notes.append("\(candidates.count - alone.count) slices do not replay: \(failure)")
        candidates = alone
        continue
      }
      let good = candidates.indices.filter {
        times[$0].isRight && times[$0].nanoseconds >= shortest(candidates[$0], search.options)
      }
      if good.count == candidates.count {
        finish(made, candidates, times, short)
        break
      }
      for n in candidates.indices where !good.contains(n) {
        let name = report.regions[candidates[n].region].name
        if times[n].isRight { short[candidates[n].region, default: 0] += candidates[n].share ?? 0 }
        report.notes.append(
          times[n].isRight
            ? "a slice of \(name) is too short"
            : "a slice of \(name) does not end as the program did")
      }
      candidates = good.map { candidates[$0] }
    }
    return report.regions.indices.filter { region in
      short[region] ?? 0 > Self.muchTooShort || !invocations.contains { $0.region == region }
    }
  }

  /// Nanoseconds that a slice has to take: enough to be timed, and where it is all that there is of a long call,
  /// enough to say something about that.
  private func shortest(_ invocation: Invocation, _ options: SliceOptions) -> Double {
    let region = report.regions[invocation.region]
    let isAlone = region.invocations < 3 && region.duration > options.longest
    return max(2000, isAlone ? options.longest * 1e9 / 100 : 0)
  }

  /// One that crashes takes the others along: those that run alone.
  private func replayable(_ candidates: [Invocation], _ program: Program, _ code: CodeIndex)
    throws(SliceError) -> [Invocation]
  {
    var alone: [Invocation] = []
    for one in candidates {
      let single = try ReplayProgram(program, code, [one])
      if !single.taken.isEmpty, Self.runNatively(single.file, [one], isTrial: true).times != nil {
        alone.append(one)
      }
    }
    return alone
  }

  private mutating func finish(
    _ made: ReplayProgram, _ kept: [Invocation], _ times: [SliceTime], _ short: [Int: Double]
  ) {
    replay = made.file
    invocations = kept
    for region in report.regions.indices {
      let mine = kept.indices.filter { kept[$0].region == region }
      if mine.isEmpty {
        if report.regions[region].weight > 0 { report.notes.append("no slice of \(report.regions[region].name)") }
        report.regions[region].weight = 0
        continue
      }
      report.regions[region].weight *= 1 - min(1, short[region] ?? 0)
      let planned = mine.reduce(0) { $0 + (kept[$1].share ?? 0) }
      let time = mine.reduce(0) { $0 + times[$1].nanoseconds }
      for n in mine {
        report.slices.append(
          .init(
            region: region, end: kept[n].end.word, pages: kept[n].pages.count,
            share: planned > 0 ? (kept[n].share ?? 0) / planned : times[n].nanoseconds / time,
            t1: times[n]))
      }
    }
    let order = report.regions.indices.flatMap { region in
      kept.indices.filter { kept[$0].region == region }
    }
    // `report.slices` went by region; the replay's records did not.
    let back = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($0.element, $0.offset) })
    report.slices = kept.indices.map { report.slices[back[$0]!] }
    report.coverage = report.regions.reduce(0) { $0 + $1.weight }
  }

  /// Share of a region's time for which another region is looked for.
  private static let muchTooShort = 0.25

  private static func runNatively(_ file: [UInt8], _ invocations: [Invocation], isTrial: Bool)
    -> (times: [SliceTime]?, failure: String)
  {
    let program: Temporary
    do throws(SystemCode) { program = try Temporary.program(file, named: "recast-replay-") } catch {
      return (nil, "it cannot be written: \(String(cString: strerror(error.code)))")
    }
    let path = program.path
    var failure = "its output is not a replay's"
    let times = ReplayTimes.measure(invocations, native: true, isTrial: isTrial) { arguments in
      let result = Command.run([path] + arguments.map(String.init), limit: 60)
      if !result.isGood { failure = result.complaint }
      return result.isGood ? result.text : nil
    }
    return (times, failure)
  }
}
