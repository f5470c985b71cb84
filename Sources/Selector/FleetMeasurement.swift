// All systems, measured: those on different machines at the same time, those that share a machine one
// after the other, since they would take each other's time.
import Commands
import Foundation
import Slices

public struct FleetMeasurement {
  public var fleet: Fleet
  public var slices: SliceSet
  /// The replay program for each kind of target, translated; a message where that failed.
  public var artifacts: [TargetKey: Result<[UInt8], MethodError>]
  /// The QEMU plugin, if there is one.
  public var plugin: String?

  public struct TargetKey: Hashable, Sendable {
    public var target: String
    public var cpu: String
    public var features: String
    public init(_ system: Fleet.System) {
      (target, cpu, features) = (system.target, system.cpu, system.features)
    }
  }

  public init(
    fleet: Fleet, slices: SliceSet, artifacts: [TargetKey: Result<[UInt8], MethodError>],
    plugin: String?
  ) {
    (self.fleet, self.slices, self.artifacts, self.plugin) = (fleet, slices, artifacts, plugin)
  }

  /// One result for each system of the fleet, in its order.
  public func run() -> [SystemResult] {
    let accesses = fleet.systems.map { SystemAccess($0) }
    var results = fleet.systems.map { SystemResult($0) }
    let reports = together(Array(accesses.indices)) { n in
      do throws(SystemFailure) { return .success(try accesses[n].askAgent()) } catch {
        return .failure(error)
      }
    } as [Int: Result<AgentReport, SystemFailure>]
    var machines: [String: [Int]] = [:]
    for n in accesses.indices {
      switch reports[n]! {
      case .success(let report):
        results[n].occupancy = fleet.systems[n].occupancy ?? report.occupancy
        let key = report.boot == "none" ? "system \(n)" : report.boot
        machines[key, default: []].append(n)
      case .failure(let failure): results[n].failure = failure.description
      }
    }
    let emulated = countOriginal()
    let groups = machines.keys.sorted().map { machines[$0]! }
    let measured = together(Array(groups.indices)) { group in
      groups[group].map { n in (n, self.measure(accesses[n], results[n], emulated)) }
    } as [Int: [(Int, SystemResult)]]
    for (n, result) in measured.values.joined() { results[n] = result }
    for n in results.indices {
      results[n].evaluate(slices, fleet)
      if let failure = results[n].failure { results[n].verdict = "left out: \(failure)" }
    }
    return results
  }

  /// Instructions of the slices as the program has them; nil where no system is emulated.
  private func countOriginal() -> Result<[Double], SystemFailure>? {
    guard fleet.systems.contains(where: \.isEmulated) else { return nil }
    guard let plugin else {
      return .failure(SystemFailure("the QEMU plugin librecast-insncount.so is not there"))
    }
    let program: Temporary
    do throws(SystemCode) { program = try Temporary.program(slices.replay, named: "recast-original-") } catch {
      return .failure(SystemFailure("the replay cannot be written: \(String(cString: strerror(error.code)))"))
    }
    do throws(SystemFailure) {
      let counts = try Emulation(plugin: plugin).count(
        program.path, ["qemu-x86_64"], target: "x86_64", invocations: slices.invocations, native: true,
        limit: 300)
      return .success(counts.map(\.instructions))
    } catch { return .failure(error) }
  }

  private func measure(
    _ access: SystemAccess, _ before: SystemResult, _ original: Result<[Double], SystemFailure>?
  ) -> SystemResult {
    let begin = Date()
    var result = measured(access, before, original)
    result.seconds = Date().timeIntervalSince(begin)
    return result
  }

  private func measured(
    _ access: SystemAccess, _ before: SystemResult, _ original: Result<[Double], SystemFailure>?
  ) -> SystemResult {
    var result = before
    access.begin()
    do throws(SystemFailure) {
      let artifact: [UInt8]
      switch artifacts[TargetKey(access.system)] {
      case .success(let bytes): artifact = bytes
      case .failure(let error):
        throw SystemFailure("there is no translation for it: \(error.description)")
      case nil: throw SystemFailure("there is no translation for it")
      }
      let place = try access.place(artifact)
      defer { access.remove(place) }
      if case .qemu(let emulator) = access.system.run {
        try measureEmulated(access, place, emulator, original, &result)
      } else {
        try measureTimes(access, place, &result)
      }
    } catch {
      result.failure = error.description
    }
    return result
  }

  private func measureTimes(
    _ access: SystemAccess, _ place: PlacedProgram, _ result: inout SystemResult
  ) throws(SystemFailure) {
    var failure: SystemFailure?
    let times = ReplayTimes.measure(slices.invocations, native: false) { arguments in
      do throws(SystemFailure) { return try access.run(place, arguments) } catch {
        failure = error
        return nil
      }
    }
    guard let times else { throw failure ?? SystemFailure("answers nonsense to a replay") }
    result.t2 = times.map { $0.isRight && $0.nanoseconds > 0 ? $0 : nil }
  }

  private func measureEmulated(
    _ access: SystemAccess, _ place: PlacedProgram, _ emulator: [String],
    _ original: Result<[Double], SystemFailure>?, _ result: inout SystemResult
  ) throws(SystemFailure) {
    guard let plugin, let original else {
      throw SystemFailure("the QEMU plugin librecast-insncount.so is not there")
    }
    let before = try original.get()
    let counts = try Emulation(plugin: plugin).count(
      place.path, emulator, target: access.system.target, invocations: slices.invocations,
      native: false, limit: try access.left())
    result.t2 = counts.indices.map { n -> SliceTime? in
      guard counts[n].isRight else { return nil }
      let t1 = slices.report.slices[n].t1
      let ratio = counts[n].instructions / before[n] / access.system.speed
      return SliceTime(
        nanoseconds: t1.nanoseconds * ratio, spread: 0, repetitions: 1, isRight: true)
    }
  }

  /// Runs `body` for all of `numbers`, each in a thread of its own.
  private func together<T>(_ numbers: [Int], _ body: @escaping (Int) -> T) -> [Int: T] {
    let lock = NSLock()
    nonisolated(unsafe) var answers: [Int: T] = [:]
    nonisolated(unsafe) let body = body
    let done = DispatchSemaphore(value: 0)
    for number in numbers {
      let thread = Thread {
        let answer = body(number)
        lock.withLock { answers[number] = answer }
        done.signal()
      }
      thread.stackSize = 4 << 20
      thread.start()
    }
    for _ in numbers { done.wait() }
    return lock.withLock { answers }
  }
}
