// A program's slices: profile, survey, cut, replay program, t1.
import Commands
import Discovery
import ELF
import Foundation

public struct SliceOptions: Sendable {
  public var input: String
  public var arguments: [String] = []
  /// What each run of the program reads.
  public var standardInput = "/dev/null"
  /// Seconds for one run of the program.
  public var limit = 120
  /// Longest stretch that is cut, in seconds.
  public var longest = 0.02
  public init(input: String) { self.input = input }
}

/// What `recast slice` tells.
public struct SliceReport: Codable, Sendable {
  public struct Slice: Codable, Sendable {
    public var region: Int
    /// How it ends: "return", "after a time", "system call".
    public var end: String
    public var pages: Int
    /// Share of the region's time.
    public var share: Double
    /// On this machine, by the original machine code.
    public var t1: SliceTime
  }
  public var input: String
  public var arguments: [String]
  /// Processor time of the profiled run, and its samples.
  public var processorSeconds: Double
  public var samples: Int
  /// Share of the samples that the regions with slices stand for.
  public var coverage: Double
  public var regions: [Region] = []
  public var slices: [Slice] = []
  /// What was left out and why.
  public var notes: [String] = []
  public var stages: [String: Double] = [:]
}

public struct SliceSet {
  public internal(set) var report: SliceReport
  /// Those that `report.slices` are about, in its order.
  public internal(set) var invocations: [Invocation]
  /// The replay program's bytes: record `n + 1` is `invocations[n]`.
  public internal(set) var replay: [UInt8]

  public init(
    _ options: SliceOptions, program: Program, discovery: Discovery,
    progress: (String) -> Void = { _ in }
  ) throws(SliceError) {
    guard Self.hostIsX86 else {
      throw SliceError(.unsupported, "slices are cut on x86-64 machines, where programs run natively")
    }
    if program.isPositionIndependent {
      throw SliceError(.unsupported, "position-independent programs are not sliced yet")
    }
    let code = CodeIndex(discovery)
    let launch = Launch(
      program: program, arguments: options.arguments, environment: Self.environment,
      input: options.standardInput, limit: options.limit, identifications: code.identifications)
    var stages: [String: Double] = [:]
    func timed<T>(_ name: String, _ body: () throws(SliceError) -> T) throws(SliceError) -> T {
      progress(name)
      let start = Date()
      defer { stages[name, default: 0] += Date().timeIntervalSince(start) }
      return try body()
    }

    let profile = try timed("profiling") { () throws(SliceError) in try Slices.profile(launch, code) }
    if profile.samples.count < 20 {
      throw SliceError(
        .program, "runs too shortly to be sliced: \(profile.samples.count) samples of a millisecond")
    }
    let hot = profile.inclusive().filter { $0.value >= 0.01 }
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(48).map(\.key)
    let survey = try timed("surveying") { () throws(SliceError) in 
      try Survey(
        launch, code, hot, undisturbed: profile.processorSeconds, quiet: options.longest / 4)
    }
    var choice = RegionChoice(
      profile: profile, counts: survey.counts, longest: options.longest,
      surveyed: min(survey.processorSeconds, profile.processorSeconds), stopSeconds: survey.stopSeconds)
    report = SliceReport(
      input: options.input, arguments: options.arguments,
      processorSeconds: profile.processorSeconds,
      samples: profile.samples.count + profile.elsewhere, coverage: 0)
    invocations = []
    replay = []
    var earlier: [String] = []
    var best: SliceSet?
    var paces: [Int: [Pace]] = [:]
    func name(_ address: UInt64) -> String {
      program.symbol(covering: address).map(\.symbol.name) ?? "0x" + String(address, radix: 16)
    }
    // Functions whose calls turn out to be too short make room for their callers.
    for attempt in 1...5 {
      var plans = choice.plans(code, name: name)
      while let plan = plans.first(where: { $0.isPaced && paces[$0.function] == nil }) {
        let pace = try timed("pacing") { () throws(SliceError) in
          try Pace.find(launch, code, plan.function, interval: options.longest / 2)
        }
        paces[plan.function] = pace
        if pace.isEmpty {
          choice.unpaced.insert(plan.function)
          plans = choice.plans(code, name: name)
        }
      }
      plans = plans.flatMap { plan in
        let pace = plan.isPaced ? paces[plan.function] ?? [] : []
        return pace.isEmpty ? [plan] : pace.map(plan.taking)
      }
      // One long stretch would run over the places where the others begin.
      let others = plans.filter { !$0.isFew || $0.inside != nil }.reduce(0) { $0 + $1.region.weight }
      plans.removeAll { $0.isFew && $0.inside == nil && $0.region.weight < others }
      let often = plans.filter { !$0.times.isEmpty }.map(\.function)
      if !often.isEmpty {
        let census = try timed("counting") { () throws(SliceError) in try Census(launch, code, often) }
        for n in plans.indices where often.contains(plans[n].function) {
          let calls = census.plan(plans[n].function, RegionChoice.frequentWindows)
          if !calls.isEmpty { (plans[n].calls, plans[n].times, plans[n].isCounted) = (calls, [], true) }
        }
      }
      let cutter = try timed("cutting") { () throws(SliceError) in
        try Cutter(launch, code, plans, longest: options.longest)
      }
      report.regions = plans.map(\.region)
      report.slices = []
      report.coverage = 0
      report.notes = cutter.notes
      let useless = try timed("replaying") { () throws(SliceError) in
        try replay(cutter.invocations, program, code, options, isTrial: true)
      }
      if !invocations.isEmpty, report.coverage > best?.report.coverage ?? 0 { best = self }
      // What is left out anyway is not worth another run of the program.
      let missing = useless.reduce(0) { $0 + plans[$1].region.weight }
      if attempt == 5 || useless.isEmpty || (missing < 0.05 && !invocations.isEmpty) { break }
      earlier += report.notes
      choice.excluded.formUnion(useless.map { plans[$0].function })
    }
    if let best { self = best }
    report.slices = []
    let cut = invocations
    _ = try timed("replaying") { () throws(SliceError) in
      try replay(cut, program, code, options, isTrial: false)
    }
    if invocations.isEmpty {
      throw SliceError(
        .program,
        "no slice could be cut" + ((earlier + report.notes).first.map { ": \($0)" } ?? ""))
    }
    report.stages = stages
    let counts = Dictionary(report.notes.map { ($0, 1) }, uniquingKeysWith: +)
    report.notes = counts.sorted { $0.key < $1.key }.map { $1 > 1 ? "\($0) (\($1) times)" : $0 }
  }

  /// `find` answers, by the entry of a region, the masks of `Invocation.results`.
  public mutating func setResults(_ find: (UInt64) -> (registers: UInt64, vectors: UInt64)) {
    for n in invocations.indices { invocations[n].results = find(invocations[n].entry) }
  }

  /// What slices of all regions say together: mean ratio of times, weighted by what they stand for.
  /// `times` has nil for a slice that is not to count.
  public func ratio(of times: [Double?]) -> Double? {
    var (sum, weight) = (0.0, 0.0)
    for region in report.regions.indices where report.regions[region].weight > 0 {
      var (part, share) = (0.0, 0.0)
      for (n, slice) in report.slices.enumerated() where slice.region == region {
        guard let time = times[n] else { continue }
        part += slice.share * time / slice.t1.nanoseconds
        share += slice.share
      }
      if share == 0 { continue }
      sum += report.regions[region].weight * part / share
      weight += report.regions[region].weight
    }
    return weight > 0 ? sum / weight : nil
  }

  static var hostIsX86: Bool {
    #if arch(x86_64)
      return true
    #else
      return false
    #endif
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
