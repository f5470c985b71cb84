/// Selection on one page: slices, their translations, measurements, step 5.

import Commands
import Discovery
import ELF
import Foundation
import Selector
import Slices
import Translator

public struct SelectOptions {
  public var slicing: SliceOptions
  public var fleet: Fleet
  /// For slices and for the program: level, jobs, passes.
  public var translation: BuildOptions
  public var isDryRun = false
  /// The artifact; empty: the input's name and the architecture.
  public var output = ""
  public init(slicing: SliceOptions, fleet: Fleet, translation: BuildOptions) {
    (self.slicing, self.fleet, self.translation) = (slicing, fleet, translation)
  }
}

extension Fleet {
  public init(path: String) throws(BuildError) {
    let text = String(decoding: try readInput(path), as: UTF8.self)
    do throws(FleetError) {
      try self.init(yaml: text) { name throws(MethodError) in
        do throws(BuildError) { return try Target(parsing: name).triple } catch {
          throw MethodError(error.what + (error.remedy.isEmpty ? "" : "; " + error.remedy))
        }
      }
    } catch {
      throw .malformed(path, error.description)
    }
  }
}

/// Measures, chooses, and builds for the choice. The selection is whole even when no system is chosen.
public func select(_ options: SelectOptions, progress: Progress) throws(BuildError) -> Selection {
  var stages: [String: Double] = [:]
  func timed<T>(_ name: String, _ body: () throws(BuildError) -> T) throws(BuildError) -> T {
    let start = Progress.now
    defer { stages[name, default: 0] += Progress.now - start }
    return try body()
  }
  var slices = try timed("slices") { () throws(BuildError) in
    try slice(options.slicing, progress: progress)
  }
  let artifacts = try timed("translating slices") { () throws(BuildError) in
    try translateSlices(&slices, options, progress: progress)
  }
  progress.stage("measuring \(options.fleet.systems.count) systems")
  let results = try timed("measuring") { () throws(BuildError) in
    FleetMeasurement(
      fleet: options.fleet, slices: slices, artifacts: artifacts,
      plugin: Locate.instructionCounter
    ).run()
  }
  var selection = Selection(slices, options.fleet, results)
  selection.recast = Version.text
  try timed("translating") { () throws(BuildError) in
    var chooser = Chooser(options, progress: progress)
    try chooser.choose(&selection)
  }
  selection.stages = stages
  return selection
}

/// The replay program for every kind of target in the fleet, once each.
private func translateSlices(
  _ slices: inout SliceSet, _ options: SelectOptions, progress: Progress
) throws(BuildError) -> [FleetMeasurement.TargetKey: Result<[UInt8], MethodError>] {
  let program: Temporary
  do throws(SystemCode) { program = try Temporary.program(slices.replay, named: "recast-replay-") } catch {
    throw .writing(NSTemporaryDirectory(), errno: error.code)
  }
  let translated: Temporary
  do throws(SystemCode) { translated = try Temporary(.file, named: "recast-translated-") } catch {
    throw .writing(NSTemporaryDirectory(), errno: error.code)
  }
  progress.stage("what slices reach")
  let entries = try reached(&slices, program.path, limit: options.slicing.limit)
  var artifacts: [FleetMeasurement.TargetKey: Result<[UInt8], MethodError>] = [:]
  for system in options.fleet.systems {
    let key = FleetMeasurement.TargetKey(system)
    if artifacts[key] != nil { continue }
    var one = options.translation
    one.input = program.path
    one.entries = entries
    one.cpu = system.cpu
    one.features = system.features
    one.outputs = [.init(target: try Target(parsing: system.target), path: translated.path)]
    do throws(BuildError) {
      _ = try build(one, progress: progress)
      artifacts[key] = .success([UInt8](FileManager.default.contents(atPath: translated.path) ?? Data()))
    } catch {
      if error.kind == .unavailable && error.subject.hasSuffix(".bc") { throw error }
      artifacts[key] = .failure(MethodError(error.what))
    }
  }
  return artifacts
}

/// Functions of the replay program at `path` that its slices use. What the slices' translations are held to is known
/// afterwards.
private func reached(_ slices: inout SliceSet, _ path: String, limit: Int) throws(BuildError) -> [UInt64] {
  let program = try load(path)
  do throws(SliceError) {
    let discovery = Discovery(program)
    let translator = Translator(discovery)
    slices.setResults(translator.results(of:))
    return try slices.reached(program, discovery, limit: limit)
  } catch {
    throw BuildError(slice: error, path)
  }
}

/// Steps 4 and 5.
private struct Chooser {
  let options: SelectOptions
  let progress: Progress
  /// What the executor had to interpret in runs of the program.
  var learnt: Set<UInt64> = []

  init(_ options: SelectOptions, progress: Progress) {
    (self.options, self.progress) = (options, progress)
  }

  mutating func choose(_ selection: inout Selection) throws(BuildError) {
    var machine = StepFive(selection.candidates, thresholds: selection.thresholds)
    var made: BuildReport?
    while case .translating(let candidate, let flow, _) = machine.state {
      let system = system(machine.candidates[candidate].name)
      do throws(BuildError) {
        let (efficiency, report) = try translate(system, flow: .static)
        made = report
        selection.translationEfficiency = efficiency
        let news =
          flow == .dynamic && efficiency < selection.thresholds.good
          && efficiency > selection.thresholds.poor && learn(report, system)
        machine.translated(efficiency: efficiency, canLearn: news)
      } catch {
        machine.failed(error.what)
      }
    }
    switch machine.state {
    case .accepted(let candidate, let flow):
      finish(&selection, machine, candidate, flow, made)
    case .interpreting(let candidate):
      let report = options.isDryRun
        ? nil : try translate(system(machine.candidates[candidate].name), flow: .interpret).1
      finish(&selection, machine, candidate, .interpret, report)
    default:
      selection.conclusion = "No system can take the program: \(machine.steps.last?.outcome ?? "")."
    }
    selection.steps = machine.steps
  }

  private func finish(
    _ selection: inout Selection, _ machine: StepFive, _ candidate: Int, _ flow: Flow,
    _ report: BuildReport?
  ) {
    let name = machine.candidates[candidate].name
    selection.chosen = name
    selection.flow = flow
    selection.artifact = options.isDryRun ? nil : report?.artifacts.first?.path
    let value = String(format: "%.3f", machine.candidates[candidate].value)
    selection.conclusion =
      "\(name) takes the program in the \(flow.rawValue) flow (V \(value))."
  }

  private func system(_ name: String) -> Fleet.System {
    options.fleet.systems.first { $0.name == name }!
  }

  /// T/C, and the artifact unless it is a dry run.
  private func translate(_ system: Fleet.System, flow: BuildOptions.Flow) throws(BuildError)
    -> (Double, BuildReport?)
  {
    var one = options.translation
    one.input = options.slicing.input
    one.cpu = system.cpu
    one.features = system.features
    one.flow = flow
    one.learnt = learnt.sorted()
    let target = try Target(parsing: system.target)
    let name = one.input.fileName
    let path = options.output.isEmpty ? "\(name).\(target.architecture)" : options.output
    one.outputs = [.init(target: target, path: path)]
    if options.isDryRun {
      let program = try load(one.input)
      let report = programReport(
        program, Discovery(program, learnt: one.learnt), input: try readInput(one.input))
      return (report.translatedShare(abandoned: 0), nil)
    }
    let report = try build(one, progress: progress)
    return (report.program.translatedShare(abandoned: abandonedBytes(report)), report)
  }

  private func abandonedBytes(_ report: BuildReport) -> Int {
    guard let names = report.artifacts.first?.abandoned, !names.isEmpty,
      let program = try? load(options.slicing.input)
    else { return 0 }
    let discovery = Discovery(program, learnt: learnt.sorted())
    return names.reduce(0) { sum, name in
      let entry = UInt64(name.dropFirst(2), radix: 16) ?? 0
      let blocks = discovery.function(at: entry)?.blocks ?? []
      return sum + blocks.reduce(0) { $0 + Int($1.end - $1.start) }
    }
  }

  /// Runs the artifact, where it can run here, and asks its executor what it had to interpret. True
  /// when that says more than was known.
  private mutating func learn(_ report: BuildReport?, _ system: Fleet.System) -> Bool {
    guard let artifact = report?.artifacts.first?.path, let target = try? Target(parsing: system.target)
    else { return false }
    let found = ExecutorFindings(
      artifact: artifact, target: target, arguments: options.slicing.arguments,
      input: options.slicing.standardInput, limit: options.slicing.limit)
    let before = learnt.count
    learnt.formUnion(found.addresses)
    return learnt.count > before
  }
}

extension ProgramReport {
  /// T/C: bytes that are translated over all that are code; padding is none.
  func translatedShare(abandoned: Int) -> Double {
    let left = leftovers.reduce(0) { $0 + $1.bytes }
    let all = translatedBytes + left
    return all > 0 ? Double(max(0, translatedBytes - abandoned)) / Double(all) : 1
  }
}
