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
  public private(set) var report: SliceReport
  /// Those that `report.slices` are about, in its order.
  public private(set) var invocations: [Invocation]
  /// The replay program's bytes: record `n + 1` is `invocations[n]`.
  public private(set) var replay: [UInt8]

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
      try Survey(launch, code, hot, undisturbed: profile.processorSeconds)
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
    // Functions whose calls turn out to be too short make room for their callers.
    for attempt in 1...5 {
      var plans = choice.plans(code) { address in
        program.symbol(covering: address).map(\.symbol.name) ?? "0x" + String(address, radix: 16)
      }
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
      report.notes = cutter.notes
      let useless = try timed("replaying") { () throws(SliceError) in
        try replay(cutter.invocations, program, code, options)
      }
      // What is left out anyway is not worth another run of the program.
      let missing = useless.reduce(0) { $0 + plans[$1].region.weight }
      if attempt == 5 || useless.isEmpty || (missing < 0.05 && !invocations.isEmpty) { break }
      earlier += report.notes
      choice.excluded.formUnion(useless.map { plans[$0].function })
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

  /// Keeps what replays as it was, and measures it. Answers the regions of which nothing is left.
  private mutating func replay(
    _ cut: [Invocation], _ program: Program, _ code: CodeIndex, _ options: SliceOptions
  ) throws(SliceError) -> [Int]
  {
    var candidates = cut
    invocations = []
    for attempt in 0..<4 where !candidates.isEmpty {
      let made = try ReplayProgram(program, code, candidates)
      if made.taken.count < candidates.count {
        report.notes.append(
          "\(candidates.count - made.taken.count) stretches end where no jump fits")
      }
      candidates = made.taken.map { candidates[$0] }
      if candidates.isEmpty { break }
      let (times, failure) = Self.runNatively(made.file, candidates)
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
        times[$0].isRight && times[$0].nanoseconds >= shortest(candidates[$0], options)
      }
      if good.count == candidates.count {
        finish(made, candidates, times)
        break
      }
      for n in candidates.indices where !good.contains(n) {
        let name = report.regions[candidates[n].region].name
        report.notes.append(
          times[n].isRight
            ? "a slice of \(name) is too short"
            : "a slice of \(name) does not end as the program did")
      }
      candidates = good.map { candidates[$0] }
    }
    return report.regions.indices.filter { region in
      !invocations.contains { $0.region == region }
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
      if !single.taken.isEmpty, Self.runNatively(single.file, [one]).times != nil {
        alone.append(one)
      }
    }
    return alone
  }

  private mutating func finish(
    _ made: ReplayProgram, _ kept: [Invocation], _ times: [SliceTime]
  ) {
    replay = made.file
    invocations = kept
    for region in report.regions.indices {
      let mine = kept.indices.filter { kept[$0].region == region }
      if mine.isEmpty {
        report.notes.append("no slice of \(report.regions[region].name)")
        report.regions[region].weight = 0
        continue
      }
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

  private static func runNatively(_ file: [UInt8], _ invocations: [Invocation])
    -> (times: [SliceTime]?, failure: String)
  {
    let path = NSTemporaryDirectory() + "recast-replay-\(getpid())"
    defer { unlink(path) }
    unlink(path)
    guard FileManager.default.createFile(
      atPath: path, contents: Data(file), attributes: [.posixPermissions: 0o700])
    else { return (nil, "\(path) cannot be written") }
    var failure = "its output is not a replay's"
    let times = ReplayTimes.measure(invocations, native: true) { arguments in
      let result = Command.run([path] + arguments.map(String.init), limit: 60)
      if !result.isGood { failure = result.complaint }
      return result.isGood ? result.text : nil
    }
    return (times, failure)
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
