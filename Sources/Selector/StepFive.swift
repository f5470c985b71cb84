/// Step 5 of the method: translations are judged by T/C, translated code over all code.
///
///     choose ──▶ translating(candidate, flow, round) ──T/C ≥ a2──▶ accepted
///                    │        │           │  └────────T/C ≤ a1──▶ interpreting
///                    │        │           └─ a1 < T/C < a2, static: the next lower V chooses again
///                    │        └─ a1 < T/C < a2, dynamic, something learnt: the same, round + 1
///                    └─ a1 < T/C < a2, dynamic, nothing learnt: accepted with its executor
///
/// The machine knows nothing of how translations are made: whoever drives it translates what the
/// state says and reports what came out, until the state is final.
public struct StepFive: Sendable {
  /// A system that could take the program.
  public struct Candidate: Sendable, Equatable {
    public var name: String
    public var value: Double
    public init(name: String, value: Double) { (self.name, self.value) = (name, value) }
  }

  public enum State: Sendable, Equatable {
    /// Translate for `candidate`; `round` counts translations for it from 1.
    case translating(candidate: Int, flow: Flow, round: Int)
    case accepted(candidate: Int, flow: Flow)
    /// The interpreter runs all of it there.
    case interpreting(candidate: Int)
    /// No system can take the program.
    case exhausted
  }

  /// One line of the report.
  public struct Step: Codable, Sendable, Equatable {
    public var system: String
    public var flow: Flow?
    public var round: Int
    public var translationEfficiency: Double?
    public var outcome: String
  }

  public let candidates: [Candidate]
  public let thresholds: Thresholds
  public private(set) var state: State
  public private(set) var steps: [Step] = []

  /// `candidates` in the order of preference; those below the lower threshold are passed over.
  public init(_ candidates: [Candidate], thresholds: Thresholds) {
    self.candidates = candidates
    self.thresholds = thresholds
    state = .exhausted
    choose(from: 0)
  }

  public var isFinal: Bool {
    if case .translating = state { return false }
    return true
  }

  /// A translation came out with `efficiency`. `canLearn`: the executor found code that this
  /// translation does not have. Ignored in a final state.
  public mutating func translated(efficiency: Double, canLearn: Bool) {
    guard case .translating(let candidate, let flow, let round) = state else { return }
    func note(_ machine: inout StepFive, _ outcome: String) {
      machine.steps.append(
        Step(
          system: machine.candidates[candidate].name, flow: flow, round: round,
          translationEfficiency: efficiency, outcome: outcome))
    }
    if efficiency >= thresholds.good {
      note(&self, "T/C ≥ a2: accepted")
      state = .accepted(candidate: candidate, flow: flow)
    } else if efficiency <= thresholds.poor {
      note(&self, "T/C ≤ a1: the interpreter runs it")
      state = .interpreting(candidate: candidate)
    } else if flow == .dynamic && canLearn {
      note(&self, "a1 < T/C < a2: translated again with what the executor learnt")
      state = .translating(candidate: candidate, flow: flow, round: round + 1)
    } else if flow == .dynamic {
      note(&self, "a1 < T/C < a2, nothing more to learn: accepted with its executor")
      state = .accepted(candidate: candidate, flow: flow)
    } else {
      note(&self, "a1 < T/C < a2 in the static flow: on to the next lower V")
      choose(from: candidate + 1)
    }
  }

  /// The translation for this candidate failed altogether.
  public mutating func failed(_ reason: String) {
    guard case .translating(let candidate, let flow, let round) = state else { return }
    steps.append(
      Step(
        system: candidates[candidate].name, flow: flow, round: round, translationEfficiency: nil,
        outcome: "no translation (\(reason)): on to the next lower V"))
    choose(from: candidate + 1)
  }

  private mutating func choose(from first: Int) {
    for index in candidates.indices.dropFirst(first) {
      if let flow = Method.flow(value: candidates[index].value, thresholds: thresholds) {
        state = .translating(candidate: index, flow: flow, round: 1)
        return
      }
    }
    state = .exhausted
    steps.append(
      Step(
        system: "", flow: nil, round: 0, translationEfficiency: nil,
        outcome: first == 0
          ? "no system has a V of at least the lower threshold" : "no system is left"))
  }
}
