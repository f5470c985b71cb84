import Testing

import Selector

@Suite struct `Efficiency` {
  @Test func `is 1 for equal times, 0 for twice the time, above 1 for a faster system`() {
    #expect(Method.efficiency(t1: 2, t2: 2) == 1)
    #expect(Method.efficiency(t1: 2, t2: 4) == 0)
    #expect(Method.efficiency(t1: 2, t2: 1) == 1.5)
    #expect(Method.efficiency(t1: 1, t2: 5) == -3)
  }
}

@Suite struct `Resource value` {
  let weights = OccupancyWeights.standard

  @Test func `is the efficiency of an empty system`() throws {
    let free = try Occupancy(cpu: 0, memory: 0, storage: 0)
    #expect(Method.value(efficiency: 0.7, occupancy: free, weights: weights) == 0.7)
  }
  @Test func `falls with each occupancy by its weight`() throws {
    let weights = try OccupancyWeights(cpu: 0.5, memory: 0.25, storage: 0.125)
    for (taken, cost) in [((1.0, 0.0, 0.0), 0.5), ((0, 1, 0), 0.25), ((0, 0, 1), 0.125)] {
      let occupancy = try Occupancy(cpu: taken.0, memory: taken.1, storage: taken.2)
      #expect(Method.value(efficiency: 1, occupancy: occupancy, weights: weights) == 1 - cost)
    }
  }
  @Test func `refuses shares and weights that are none`() {
    #expect(throws: MethodError.self) { try Occupancy(cpu: 1.1, memory: 0, storage: 0) }
    #expect(throws: MethodError.self) { try Occupancy(cpu: 0, memory: -0.1, storage: 0) }
    #expect(throws: MethodError.self) { try Occupancy(cpu: 0, memory: 0, storage: .nan) }
    #expect(throws: MethodError.self) { try OccupancyWeights(cpu: -1, memory: 0, storage: 0) }
    #expect(throws: MethodError.self) { try OccupancyWeights(cpu: .infinity, memory: 0, storage: 0) }
  }
}

@Suite struct `Flow` {
  @Test func `is static above the upper threshold, dynamic from the lower one, none below`() {
    let t = Thresholds.standard
    #expect(Method.flow(value: 1.001, thresholds: t) == .static)
    #expect(Method.flow(value: 1, thresholds: t) == .dynamic)
    #expect(Method.flow(value: 0, thresholds: t) == .dynamic)
    #expect(Method.flow(value: -0.001, thresholds: t) == nil)
  }
  @Test func `refuses thresholds out of order`() {
    #expect(throws: MethodError.self) {
      try Thresholds(lower: 1, upper: 1, poor: 0.1, good: 0.9)
    }
    #expect(throws: MethodError.self) {
      try Thresholds(lower: 0, upper: 1, poor: 0.9, good: 0.9)
    }
    #expect(throws: MethodError.self) {
      try Thresholds(lower: 0, upper: 1, poor: 0.1, good: 1.1)
    }
    #expect(throws: MethodError.self) {
      try Thresholds(lower: .nan, upper: 1, poor: 0.1, good: 0.9)
    }
  }
}

@Suite struct `Step five` {
  let thresholds = Thresholds.standard
  func machine(_ values: Double...) -> StepFive {
    StepFive(
      values.enumerated().map { .init(name: "s\($0.offset)", value: $0.element) },
      thresholds: thresholds)
  }

  @Test func `begins with the first candidate, in the flow of its V`() {
    #expect(machine(1.2, 0.5).state == .translating(candidate: 0, flow: .static, round: 1))
    #expect(machine(0.5).state == .translating(candidate: 0, flow: .dynamic, round: 1))
  }
  @Test func `has no system when every V is negative, or there is none`() {
    #expect(machine(-0.1, -2).state == .exhausted)
    #expect(machine().state == .exhausted)
    #expect(machine(-0.1).steps.count == 1)
  }
  @Test func `accepts a good translation in either flow`() {
    for value in [1.2, 0.5] {
      var m = machine(value)
      m.translated(efficiency: 0.9, canLearn: true)
      #expect(m.state == .accepted(candidate: 0, flow: value > 1 ? .static : .dynamic))
      #expect(m.isFinal)
    }
  }
  @Test func `leaves a poor translation to the interpreter in either flow`() {
    for value in [1.2, 0.5] {
      var m = machine(value, 0.4)
      m.translated(efficiency: 0.5, canLearn: true)
      #expect(m.state == .interpreting(candidate: 0))
    }
  }
  @Test func `translates a middling one again in the dynamic flow, as long as there is news`() {
    var m = machine(0.5)
    m.translated(efficiency: 0.6, canLearn: true)
    #expect(m.state == .translating(candidate: 0, flow: .dynamic, round: 2))
    m.translated(efficiency: 0.7, canLearn: false)
    #expect(m.state == .accepted(candidate: 0, flow: .dynamic))
    #expect(m.steps.map(\.round) == [1, 2])
  }
  @Test func `goes on to the next lower V in the static flow, which chooses its own flow`() {
    var m = machine(1.5, 1.2, 0.5)
    m.translated(efficiency: 0.7, canLearn: true)
    #expect(m.state == .translating(candidate: 1, flow: .static, round: 1))
    m.translated(efficiency: 0.7, canLearn: true)
    #expect(m.state == .translating(candidate: 2, flow: .dynamic, round: 1))
  }
  @Test func `ends without a system when the static flow has tried all`() {
    var m = machine(1.5, -1)
    m.translated(efficiency: 0.7, canLearn: true)
    #expect(m.state == .exhausted)
    #expect(m.steps.last?.outcome == "no system is left")
  }
  @Test func `passes over a candidate whose translation fails`() {
    var m = machine(1.5, 0.5)
    m.failed("disk full")
    #expect(m.state == .translating(candidate: 1, flow: .dynamic, round: 1))
    #expect(m.steps[0].outcome.contains("disk full"))
  }
  @Test func `ignores news in a final state`() {
    var m = machine(1.5)
    m.translated(efficiency: 1, canLearn: false)
    let before = m.state
    m.translated(efficiency: 0.1, canLearn: false)
    m.failed("late")
    #expect(m.state == before && m.steps.count == 1)
  }
}

@Suite struct `Repeated measurements` {
  @Test func `are summed up by the median and half the distance of the quartiles`() {
    #expect(Statistics.median([3, 1, 2]) == 2)
    #expect(Statistics.median([4, 1, 2, 3]) == 2.5)
    #expect(Statistics.median([]) == 0)
    #expect(Statistics.spread([10, 10, 10]) == 0)
    #expect(Statistics.spread([8, 9, 10, 11, 12]) == 0.1)
  }
}
