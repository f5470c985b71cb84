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
    progress: @escaping (String) -> Void = { _ in }
  ) throws(SliceError) {
    guard Self.hostIsX86 else {
      throw SliceError(.unsupported, "slices are cut on x86-64 machines, where programs run natively")
    }
    if program.isPositionIndependent {
      throw SliceError(.unsupported, "position-independent programs are not sliced yet")
    }
    let stages = StageTimes(progress)
    var search = try RegionSearch(options, program, CodeIndex(discovery), stages)
    report = SliceReport(
      input: options.input, arguments: options.arguments,
      processorSeconds: search.profile.processorSeconds,
      samples: search.profile.samples.count + search.profile.elsewhere, coverage: 0)
    invocations = []
    replay = []
    let earlier = try cutBest(&search)
    report.slices = []
    let cut = invocations
    _ = try stages.time("replaying") { () throws(SliceError) in try replay(cut, search, isTrial: false) }
    if invocations.isEmpty {
      throw SliceError(
        .program, "no slice could be cut" + ((earlier + report.notes).first.map { ": \($0)" } ?? ""))
    }
    report.stages = stages.seconds
    let counts = Dictionary(report.notes.map { ($0, 1) }, uniquingKeysWith: +)
    report.notes = counts.sorted { $0.key < $1.key }.map { $1 > 1 ? "\($0) (\($1) times)" : $0 }
  }

  /// The attempt whose slices stand for most. Functions whose calls turn out to be too short make room for their callers.
  /// Answers what the other attempts had to say.
  private mutating func cutBest(_ search: inout RegionSearch) throws(SliceError) -> [String] {
    var earlier: [String] = []
    var best: SliceSet?
    for attempt in 1...5 {
      let plans = try search.plans()
      let useless = try cut(plans, search)
      if !invocations.isEmpty, report.coverage > best?.report.coverage ?? 0 { best = self }
      // What is left out anyway is not worth another run of the program.
      let missing = useless.reduce(0) { $0 + plans[$1].region.weight }
      if attempt == 5 || useless.isEmpty || (missing < 0.05 && !invocations.isEmpty) { break }
      earlier += report.notes
      search.leaveOut(useless.map { plans[$0].function })
    }
    if let best { self = best }
    return earlier
  }

  /// Cuts and tries; answers the plans that came to nothing.
  private mutating func cut(_ plans: [RegionPlan], _ search: RegionSearch) throws(SliceError) -> [Int] {
    let cutter = try search.stages.time("cutting") { () throws(SliceError) in
      try Cutter(search.launch, search.code, plans, longest: search.options.longest)
    }
    report.regions = plans.map(\.region)
    report.slices = []
    report.coverage = 0
    report.notes = cutter.notes
    return try search.stages.time("replaying") { () throws(SliceError) in
      try replay(cutter.invocations, search, isTrial: true)
    }
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
}
