// What to cut: the runs of the program that find out, in order.
import Discovery
import ELF
import Foundation

/// How long each stage took, and who is told.
final class StageTimes {
  private(set) var seconds: [String: Double] = [:]
  private let progress: (String) -> Void

  init(_ progress: @escaping (String) -> Void) { self.progress = progress }

  func time<T>(_ name: String, _ body: () throws(SliceError) -> T) throws(SliceError) -> T {
    progress(name)
    let start = Date()
    defer { seconds[name, default: 0] += Date().timeIntervalSince(start) }
    return try body()
  }
}

struct RegionSearch {
  let options: SliceOptions
  let program: Program
  let code: CodeIndex
  let launch: Launch
  let stages: StageTimes
  let profile: Profile
  private var choice: RegionChoice
  /// Where stretches begin inside of functions, as far as that has been asked.
  private var paces: [Int: [Pace]] = [:]

  init(_ options: SliceOptions, _ program: Program, _ code: CodeIndex, _ stages: StageTimes) throws(SliceError) {
    (self.options, self.program, self.code, self.stages) = (options, program, code, stages)
    let launch = Launch(
      program: program, arguments: options.arguments, environment: Self.environment,
      input: options.standardInput, limit: options.limit, identifications: code.identifications)
    let profile = try stages.time("profiling") { () throws(SliceError) in try Slices.profile(launch, code) }
    if profile.samples.count < 20 {
      throw SliceError(
        .program, "runs too shortly to be sliced: \(profile.samples.count) samples of a millisecond")
    }
    let survey = try stages.time("surveying") { () throws(SliceError) in
      try Survey(
        launch, code, profile.hot, undisturbed: profile.processorSeconds, quiet: options.longest / 4)
    }
    choice = RegionChoice(
      profile: profile, counts: survey.counts, longest: options.longest,
      surveyed: min(survey.processorSeconds, profile.processorSeconds), stopSeconds: survey.stopSeconds)
    (self.launch, self.profile) = (launch, profile)
  }

  /// Slices of these functions were of no use.
  mutating func leaveOut(_ functions: [Int]) { choice.excluded.formUnion(functions) }

  mutating func plans() throws(SliceError) -> [RegionPlan] {
    var plans = try paced()
    // One long stretch would run over the places where the others begin.
    let others = plans.filter { !$0.isFew || $0.inside != nil }.reduce(0) { $0 + $1.region.weight }
    plans.removeAll { $0.isFew && $0.inside == nil && $0.region.weight < others }
    try count(&plans)
    return plans
  }

  /// Regions, and where the stretches of long calls begin inside of them.
  private mutating func paced() throws(SliceError) -> [RegionPlan] {
    func name(_ address: UInt64) -> String {
      program.symbol(covering: address).map(\.symbol.name) ?? "0x" + String(address, radix: 16)
    }
    var plans = choice.plans(code, name: name)
    while let plan = plans.first(where: { $0.isPaced && paces[$0.function] == nil }) {
      let pace = try stages.time("pacing") { () throws(SliceError) in
        try Pace.find(launch, code, plan.function, interval: options.longest / 2)
      }
      paces[plan.function] = pace
      if pace.isEmpty {
        choice.unpaced.insert(plan.function)
        plans = choice.plans(code, name: name)
      }
    }
    return plans.flatMap { plan in
      let pace = plan.isPaced ? paces[plan.function] ?? [] : []
      return pace.isEmpty ? [plan] : pace.map(plan.taking)
    }
  }

  /// Which calls to take of functions that are called very often.
  private func count(_ plans: inout [RegionPlan]) throws(SliceError) {
    let often = plans.filter { !$0.times.isEmpty }.map(\.function)
    if often.isEmpty { return }
    let census = try stages.time("counting") { () throws(SliceError) in try Census(launch, code, often) }
    for n in plans.indices where often.contains(plans[n].function) {
      let calls = census.plan(plans[n].function, RegionChoice.frequentWindows)
      if !calls.isEmpty { (plans[n].calls, plans[n].times, plans[n].isCounted) = (calls, [], true) }
    }
  }

  /// glibc is told not to share memory with the kernel behind the program's back (rseq), and to ask it for
  /// memory in large pieces: each time is a system call, which ends a stretch.
  static var environment: [String: String] {
    var all = ProcessInfo.processInfo.environment
    all["GLIBC_TUNABLES"] =
      "glibc.pthread.rseq=0:glibc.malloc.top_pad=0x2000000:glibc.malloc.trim_threshold=0x40000000"
      + ":glibc.malloc.mmap_threshold=0x2000000"
    return all
  }
}

extension Profile {
  /// Functions that are worth a survey.
  fileprivate var hot: [Int] {
    inclusive().filter { $0.value >= 0.01 }
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(48).map(\.key)
  }
}
