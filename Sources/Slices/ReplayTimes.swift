// Times of a replay program, repeated until they agree.
import Foundation

/// One invocation's time on one machine.
public struct SliceTime: Codable, Sendable, Equatable {
  /// A tenth of the repetitions took less; without what the driver itself takes.
  public var nanoseconds: Double
  /// Half of the distance between the quartiles, over the median.
  public var spread: Double
  public var repetitions: Int
  /// The end was as in the program's own run.
  public var isRight: Bool

  public init(nanoseconds: Double, spread: Double, repetitions: Int, isRight: Bool) {
    (self.nanoseconds, self.spread) = (nanoseconds, spread)
    (self.repetitions, self.isRight) = (repetitions, isRight)
  }
}

public struct ReplayTimes {
  /// Spread at which repeating ends.
  public static let goodSpread = 0.01
  public static let rounds = 3...8
  /// Seconds that one round is meant to take.
  public static let roundSeconds = 0.25
  /// After which no round is begun for the sake of the spread.
  public static let longestSeconds = 5.0

  /// `run` starts the replay program with those four arguments and answers what it printed; nil: it
  /// failed. Answers one time for each invocation, nil when one of the runs failed or was no replay. With
  /// `isTrial` a few repetitions have to do.
  public static func measure(
    _ invocations: [Invocation], native: Bool, isTrial: Bool = false, run: (_ arguments: [Int]) -> String?
  ) -> [SliceTime]? {
    let last = invocations.count
    func round(_ repetitions: Int) -> ReplayOutput? {
      guard let text = run([0, last, repetitions, 0]), let output = ReplayOutput(text),
        (0...last).allSatisfy({ output.entries[$0]?.times.count == repetitions })
      else { return nil }
      return output
    }
    guard let trial = round(isTrial ? 4 : 3) else { return nil }
    let once = (0...last).reduce(0) { $0 + median(trial.entries[$1]!.times) } / 1e9
    let repetitions = 1 + Int(min(200, max(2, roundSeconds / max(once, 1e-6))))

    var times = [[Double]](repeating: [], count: last + 1)
    var isRight = [Bool](repeating: true, count: last + 1)
    let begin = Date()
    for number in 1...(isTrial ? 1 : rounds.upperBound) {
      guard let output = isTrial ? trial : round(repetitions) else { return nil }
      for n in 0...last {
        let entry = output.entries[n]!
        // The first one warms caches and translations up.
        times[n] += entry.times.dropFirst()
        if n > 0 {
          isRight[n] =
            isRight[n]
            && entry.differences.map { invocations[n - 1].isEqual($0, native: native) } ?? false
        }
      }
      let isGood = times.dropFirst().allSatisfy { spread($0) < goodSpread }
      let isLong = Date().timeIntervalSince(begin) > longestSeconds
      if number >= rounds.lowerBound, isGood || isLong { break }
    }
    let own = typical(times[0])
    return (1..<last + 1).map { n in
      SliceTime(
        nanoseconds: max(0, typical(times[n]) - own), spread: spread(times[n]),
        repetitions: times[n].count, isRight: isRight[n])
    }
  }

  /// What disturbs a measurement only adds to it: caches that others use, stolen processors.
  private static func typical(_ values: [Double]) -> Double { quantile(values.sorted(), 0.1) }

  private static func median(_ values: [Double]) -> Double { quantile(values.sorted(), 0.5) }

  private static func spread(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = quantile(sorted, 0.5)
    return middle > 0 ? (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / middle : 0
  }

  private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
    if sorted.isEmpty { return 0 }
    let place = share * Double(sorted.count - 1)
    let low = Int(place)
    let high = min(low + 1, sorted.count - 1)
    return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
  }
}
