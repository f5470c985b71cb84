// Which functions to cut. A good region is called often, over the whole run, for long enough to be
// timed and without system calls; regions are added as long as they cover samples that those before
// do not.
import Discovery

struct RegionPlan {
  var function: Int
  var region: Region
  /// Numbers of the calls to capture, with the share of the region's time that each stands for.
  var calls: [Int: Double] = [:]
  /// Points of processor time after which the next call is captured.
  var times: [Double] = []
  /// A block inside of the function, at whose executions stretches begin; `calls` are numbers of those.
  var inside: UInt64?
  /// `calls` are counted in the program's code, not by breakpoints.
  var isCounted = false
  /// Calls that come once or twice cannot be looked at again later in the run: more of them is taken.
  var isFew = false
  /// Its stretches had better begin inside of such a call.
  var isPaced = false
  /// Only calls from outside of itself count.
  var isRecursive = false
  /// Where stretches begin.
  var place: UInt64 { inside ?? region.entry }

  /// Stretches begin inside, instead of at entries.
  func taking(_ pace: Pace) -> RegionPlan {
    var plan = self
    (plan.inside, plan.isCounted, plan.times) = (pace.block, true, [])
    plan.calls = Dictionary(pace.starts.map { ($0, 1 / Double(pace.starts.count)) }, uniquingKeysWith: +)
    plan.region.weight *= pace.share
    return plan
  }
}

struct RegionChoice {
  static let windows = 5
  /// Of functions that are called very often.
  static let frequentWindows = 10
  static let maximumRegions = 6

  var profile: Profile
  var counts: [Int: CallCounts]
  /// Longest stretch that is captured, in seconds.
  var longest: Double
  /// Processor time of the survey's run.
  var surveyed: Double
  /// What a breakpoint costs: shorter calls cannot be told from none at all.
  var stopSeconds: Double
  /// Functions whose slices were of no use.
  var excluded: Set<Int> = []
  /// Functions inside of which stretches cannot begin.
  var unpaced: Set<Int> = []

  func plans(_ code: CodeIndex, name: (UInt64) -> String) -> [RegionPlan] {
    let inclusive = profile.inclusive()
    let all = Double(profile.samples.count + profile.elsewhere)
    var left = profile.samples
    var plans: [RegionPlan] = []
    while plans.count < RegionChoice.maximumRegions, !left.isEmpty {
      var gains: [Int: Double] = [:]
      for chain in left { for function in Set(chain) { gains[function, default: 0] += 1 } }
      // A function that only calls another is no better than that one.
      var own: [Int: Double] = [:]
      for chain in left { own[chain[0], default: 0] += 1 }
      let best = gains.compactMap { function, gain -> (Int, Double)? in
        guard let count = counts[function], count.count > 0, !excluded.contains(function),
          !plans.contains(where: { $0.function == function })
        else { return nil }
        let hasLoop = code.hasLoop(function)
        let quality = quality(function, count, share: inclusive[function] ?? 0, hasLoop: hasLoop)
        // Stretches from inside have the function's callees in their proportions.
        let inside = insideQuality(function, count, hasLoop: hasLoop) * gain
        return (function, max(inside, quality * (0.8 * gain + 0.2 * (own[function] ?? 0))))
      }.max { ($0.1, $1.0) < ($1.1, $0.0) }
      guard let (function, value) = best, value > 0.005 * all else { break }
      let weight = gains[function]! / all
      left.removeAll { $0.contains(function) }
      let count = counts[function]!
      let entry = code.functions[function].entry
      var plan = RegionPlan(
        function: function,
        region: Region(
          entry: entry, name: name(entry), weight: weight, invocations: count.count,
          duration: duration(count, share: inclusive[function] ?? 0)))
      plan.isFew = isFew(count)
      let hasLoop = code.hasLoop(function)
      let inside = insideQuality(function, count, hasLoop: hasLoop)
      plan.isPaced = inside > 0 && inside >= quality(function, count, share: 0, hasLoop: hasLoop)
      plan.isRecursive = count.isRecursive
      schedule(&plan, count)
      plans.append(plan)
    }
    return plans
  }

  private func duration(_ count: CallCounts, share: Double) -> Double {
    if count.isFrequent {
      return share * max(0, count.span) / Double(count.count)
    }
    let followed = count.durations.filter { $0 > 0 }
    return followed.isEmpty ? 0 : followed.reduce(0, +) / Double(followed.count)
  }

  private func quality(_ function: Int, _ count: CallCounts, share: Double, hasLoop: Bool) -> Double {
    let mean = duration(count, share: share)
    var quality = mean < stopSeconds / 2 ? 0.02 : mean < 2 * stopSeconds ? 0.5 : 1
    var (usable, wanted) = (0.0, 0.0)
    for (whole, clean) in zip(count.durations, count.clean) where whole > 0 {
      wanted += whole
      // A long stretch stands for all of its call, but it takes a block that comes again to end one.
      let isLong = whole > 5 * longest
      if clean >= 5 * longest && isLong && !hasLoop { continue }
      usable += clean >= min(whole, longest / 4) ? whole : clean
    }
    if wanted > 0 { quality *= usable / wanted }
    if !isFew(count) { return quality }
    // One stretch from its beginning says less than some that are spread over the run.
    return max(0.5 * quality, insideQuality(function, count, hasLoop: hasLoop))
  }

  private func insideQuality(_ function: Int, _ count: CallCounts, hasLoop: Bool) -> Double {
    isFew(count) && hasLoop && !unpaced.contains(function) ? count.steadiness : 0
  }

  /// Few long calls take its time.
  private func isFew(_ count: CallCounts) -> Bool {
    !count.isFrequent && count.effectiveCount < 3 && (count.durations.max() ?? 0) > longest
  }

  /// Calls in proportion to their time: those that are active at evenly spread points of all of it.
  private func schedule(_ plan: inout RegionPlan, _ count: CallCounts) {
    let n = RegionChoice.windows
    if count.isFrequent {
      plan.times = (0..<n).map { (Double($0) + 0.5) / Double(n) * surveyed }
      return
    }
    let total = count.durations.reduce(0, +)
    var passed = 0.0
    var next = 0
    for (call, duration) in count.durations.enumerated() {
      passed += duration
      while next < n, (Double(next) + 0.5) / Double(n) * total < passed {
        plan.calls[call, default: 0] += 1 / Double(n)
        next += 1
      }
    }
  }
}
