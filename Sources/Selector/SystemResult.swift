import Slices

/// What is known about one system after it was measured.
public struct SystemResult: Codable, Sendable {
  public enum Basis: String, Codable, Sendable {
    /// Processor time of the translation, there.
    case times
    /// Executed instructions under an emulator, scaled to time.
    case instructions
  }
  public var name: String
  public var target: String
  public var way: String
  public var basis: Basis
  public var cost: Double
  /// Why it is left out; nil: it was measured.
  public var failure: String?
  public var occupancy: Occupancy?
  /// Of each slice; nil: its translation did not end as the program does.
  public var t2: [SliceTime?] = []
  /// t2/t1 of the whole, by weights.
  public var ratio: Double?
  public var efficiency: Double?
  /// Half of the interval of `efficiency` that the spreads of t1 and t2 leave.
  public var efficiencySpread: Double?
  public var value: Double?
  /// What ranking goes by: V, or V over cost.
  public var rank: Double?
  public var flow: Flow?
  public var seconds = 0.0
  /// The verdict in words.
  public var verdict = ""

  public init(_ system: Fleet.System) {
    name = system.name
    target = system.target
    way = system.run.word
    basis = system.isEmulated ? .instructions : .times
    cost = system.cost
  }
}

extension SystemResult {
  /// Fills in what follows from the times.
  mutating func evaluate(_ slices: SliceSet, _ fleet: Fleet) {
    guard failure == nil, let occupancy else { return }
    let rejected = t2.indices.filter { t2[$0] == nil }.count
    guard let ratio = slices.ratio(of: t2.map { $0?.nanoseconds }) else {
      failure = "no slice ends as the program does"
      return
    }
    self.ratio = ratio
    efficiency = Method.efficiency(t1: 1, t2: ratio)
    // First order: relative spreads of the slices add up by their weights.
    var spread = 0.0
    for (slice, time) in zip(slices.report.slices, t2) {
      guard let time else { continue }
      let weight = slices.report.regions[slice.region].weight / max(1e-9, slices.report.coverage)
      let part = slice.share * time.nanoseconds / slice.t1.nanoseconds
      // Counted instructions have no spread, and t1 is no part of their ratio.
      spread += weight * part * (basis == .instructions ? 0 : slice.t1.spread + time.spread)
    }
    efficiencySpread = spread
    let value = Method.value(
      efficiency: efficiency!, occupancy: occupancy, weights: fleet.weights)
    self.value = value
    rank = fleet.isPerCost && value > 0 ? value / cost : value
    flow = Method.flow(value: value, thresholds: fleet.thresholds)
    verdict = words(fleet, rejected)
  }

  private func words(_ fleet: Fleet, _ rejected: Int) -> String {
    let t = fleet.thresholds
    var text: String
    switch flow {
    case .static: text = "V is above \(t.upper): static flow"
    case .dynamic: text = "V is from \(t.lower) to \(t.upper): dynamic flow"
    default: text = "V is below \(t.lower): it cannot take the program"
    }
    if rejected > 0 { text += "; \(rejected) slices do not end right there and are not counted" }
    return text
  }
}
