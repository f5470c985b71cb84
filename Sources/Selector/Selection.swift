import Slices

/// The whole story of a selection: what `recast select` tells, as JSON, a table and a page.
public struct Selection: Codable, Sendable {
  public var recast = ""
  public var input: String
  public var arguments: [String]
  public var weights: OccupancyWeights
  public var thresholds: Thresholds
  public var isPerCost: Bool
  public var slices: SliceReport
  /// By rank, those left out last.
  public var systems: [SystemResult]
  /// What step 5 did; empty before it.
  public var steps: [StepFive.Step] = []
  public var chosen: String?
  public var flow: Flow?
  public var translationEfficiency: Double?
  public var artifact: String?
  /// The answer in one sentence.
  public var conclusion = ""
  public var stages: [String: Double] = [:]

  public init(_ slices: SliceSet, _ fleet: Fleet, _ systems: [SystemResult]) {
    input = slices.report.input
    arguments = slices.report.arguments
    weights = fleet.weights
    thresholds = fleet.thresholds
    isPerCost = fleet.isPerCost
    self.slices = slices.report
    self.systems = systems.sorted {
      ($0.rank ?? -.infinity, $1.name) > ($1.rank ?? -.infinity, $0.name)
    }
  }

  /// Those that step 5 can choose from.
  public var candidates: [StepFive.Candidate] {
    systems.compactMap { system in
      system.value.map { StepFive.Candidate(name: system.name, value: $0) }
    }
  }
}
