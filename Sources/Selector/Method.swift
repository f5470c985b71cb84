/// The method's numbers: how much a system is worth to a program, and what follows from it.
///
/// A slice of the program takes `t1` on the source machine and `t2`, translated, on a system.
/// Efficiency is `E = 1 − (t2 − t1)/t1`: 1 for equal times, more for a faster system, 0 at twice the
/// time, without a lower bound. The resource value takes the system's occupancy off.
public enum Method {
  /// `E = 1 − (t2 − t1)/t1`. Both in one unit, `t1` above 0.
  public static func efficiency(t1: Double, t2: Double) -> Double { 1 - (t2 - t1) / t1 }

  /// `V = E − (λ1·C + λ2·M + λ3·S)`: grows with efficiency, falls with occupancy; negative says that
  /// the system is exhausted for this program.
  public static func value(
    efficiency: Double, occupancy: Occupancy, weights: OccupancyWeights
  ) -> Double {
    efficiency - weights.cost(of: occupancy)
  }

  /// Above the upper threshold: static. From the lower to the upper one: dynamic. Below: none.
  public static func flow(value: Double, thresholds: Thresholds) -> Flow? {
    if value > thresholds.upper { return .static }
    return value >= thresholds.lower ? .dynamic : nil
  }
}

/// What runs a program once it has moved.
public enum Flow: String, Codable, Sendable, CaseIterable {
  /// Ahead-of-time translation, and the interpreter for what is left.
  case `static`
  /// The same, and what the executor had to interpret goes into the next translation.
  case dynamic
  /// The interpreter alone.
  case interpret
}

/// How much of a system is taken: processor, memory, storage, each 0 (free) to 1 (full).
public struct Occupancy: Codable, Sendable, Equatable {
  public var cpu: Double
  public var memory: Double
  public var storage: Double

  public init(cpu: Double, memory: Double, storage: Double) throws(MethodError) {
    for (name, share) in [("cpu", cpu), ("memory", memory), ("storage", storage)] {
      guard share >= 0, share <= 1 else {
        throw MethodError("occupancy of \(name) is \(share); it must be from 0 to 1")
      }
    }
    (self.cpu, self.memory, self.storage) = (cpu, memory, storage)
  }
}

/// λ1 to λ3.
public struct OccupancyWeights: Codable, Sendable, Equatable {
  public var cpu: Double
  public var memory: Double
  public var storage: Double
  public static let standard = OccupancyWeights(0.5, 0.3, 0.2)

  private init(_ cpu: Double, _ memory: Double, _ storage: Double) {
    (self.cpu, self.memory, self.storage) = (cpu, memory, storage)
  }

  public init(cpu: Double, memory: Double, storage: Double) throws(MethodError) {
    for (name, weight) in [("cpu", cpu), ("memory", memory), ("storage", storage)] {
      guard weight.isFinite, weight >= 0 else {
        throw MethodError("λ of \(name) is \(weight); it must not be negative")
      }
    }
    self.init(cpu, memory, storage)
  }

  public func cost(of occupancy: Occupancy) -> Double {
    cpu * occupancy.cpu + memory * occupancy.memory + storage * occupancy.storage
  }
}

/// Where flows begin (of V), and where translations are taken (of T/C).
public struct Thresholds: Codable, Sendable, Equatable {
  public var lower: Double
  public var upper: Double
  /// a1: a translation at or below it is left to the interpreter.
  public var poor: Double
  /// a2: a translation at or above it is taken.
  public var good: Double
  public static let standard = Thresholds(0, 1, 0.5, 0.9)

  private init(_ lower: Double, _ upper: Double, _ poor: Double, _ good: Double) {
    (self.lower, self.upper, self.poor, self.good) = (lower, upper, poor, good)
  }

  public init(lower: Double, upper: Double, poor: Double, good: Double) throws(MethodError) {
    guard lower.isFinite, upper.isFinite, lower < upper else {
      throw MethodError("the lower threshold (\(lower)) must be below the upper one (\(upper))")
    }
    guard poor >= 0, poor < good, good <= 1 else {
      throw MethodError("a1 (\(poor)) must be below a2 (\(good)), both from 0 to 1")
    }
    self.init(lower, upper, poor, good)
  }
}

/// A number that the method cannot work with.
public struct MethodError: Error, Equatable, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}
