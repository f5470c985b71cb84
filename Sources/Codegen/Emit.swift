// A module becomes an object: pass pipeline, then instruction selection.
import LLVM

extension OptimizationLevel {
  /// For lifted code: registers are SSA already, so what pays is removing redundant loads, dead
  /// flags and branches. `default<O2>` spends most of its time on inlining and vectorising.
  ///
  /// The guest's branches stay branches (`no-speculate-blocks`): its compiler has chosen between them and
  /// conditional moves, knowing more. Induction variables come last, since folding across a loop's end makes
  /// what stands behind it depend on the last turn's values.
  ///
  /// - Parameter hasLoops: without any in the module, what moves code out of them, and what costs
  ///   more time than it finds in a function that runs straight through, is left out.
  public func pipeline(for target: TargetDescription, hasLoops: Bool) -> String {
    let combine = "instcombine<no-verify-fixpoint>"
    let simplify = "simplifycfg<no-speculate-blocks>"
    return switch self {
    case .O0: ""
    case .O1: "function(sroa,early-cse<memssa>,\(combine),\(simplify),adce)"
    case .O2 where !hasLoops:
      "function(sroa,early-cse<memssa>,\(simplify),\(combine),\(simplify),adce)"
    case .O2:
      "function(sroa,early-cse<memssa>,\(simplify),\(combine),loop-simplify,lcssa,loop-mssa(licm),gvn,dse,"
        + "\(combine),\(simplify)\(target.simplifiesCounters ? ",loop(indvars)" : ""),adce)"
    case .O3: "default<O3>"
    }
  }

  /// The level's pipeline without every occurrence of the passes named, with or without options.
  public func pipeline(for target: TargetDescription, hasLoops: Bool, without passes: Set<String>) -> String {
    let (open, close) = ("function(", ")")
    let pipeline = pipeline(for: target, hasLoops: hasLoops)
    guard pipeline.hasPrefix(open), pipeline.hasSuffix(close) else { return pipeline }
    let inner = pipeline.dropFirst(open.count).dropLast(close.count)
    let kept = inner.split(separator: ",").filter { pass in
      let name = pass.split(separator: "(").last!.prefix { $0 != "<" && $0 != ")" }
      return !passes.contains(String(name))
    }
    return kept.isEmpty ? "" : open + kept.joined(separator: ",") + close
  }

  /// Fails unless every name is one of the level's passes for some target, or of `others`.
  public func check(disabled names: [String], besides others: [String] = []) throws(CodegenError) {
    let pipelines = TargetDescription.all.map { ($0, pipeline(for: $0, hasLoops: true)) }
    func has(_ name: String) -> Bool {
      pipelines.contains { pipeline(for: $0.0, hasLoops: true, without: [name]) != $0.1 }
    }
    for name in names where !has(name) && !others.contains(name) {
      let words = pipelines.map(\.1).joined(separator: ",").split { !($0.isLetter || $0.isNumber || $0 == "-") }
      let known = others + Set(words.map(String.init)).filter(has)
      throw .input(
        "--disable-pass \(name): -\(self) has "
          + (known.isEmpty ? "none to leave out" : known.sorted().joined(separator: ", ")))
    }
  }
}

/// Optimises and emits `module`, which is changed by it.
///
/// - Parameters:
///   - pipeline: what runs before instruction selection; the level's own passes by default.
///   - finish: what the caller changes between the passes and instruction selection.
public func emit(
  _ module: Module, for target: TargetDescription, level: OptimizationLevel = .O2,
  pipeline: String? = nil, options: PassOptions = PassOptions(), finish: (Module) throws(LLVMError) -> Void = { _ in },
  fileType: LLVMCodeGenFileType = LLVMObjectFile
) throws(CodegenError) -> [UInt8] {
  let machine = try optimise(
    module, for: target, level: level, pipeline: pipeline, options: options, finish: finish)
  do { return try machine.emit(module, fileType) } catch {
    throw .bug("\(target.triple): \(error)")
  }
}

/// What `emit` does before instruction selection; answers the machine that it was done for.
@discardableResult
public func optimise(
  _ module: Module, for target: TargetDescription, level: OptimizationLevel,
  pipeline: String? = nil, options: PassOptions = PassOptions(), finish: (Module) throws(LLVMError) -> Void = { _ in }
) throws(CodegenError) -> TargetMachine {
  let machine = try target.machine(level)
  prepare(module, machine)
  do {
    try module.verify()
    let passes = pipeline ?? level.pipeline(for: target, hasLoops: true)
    if !passes.isEmpty { try module.runPasses(passes, on: machine, options: options) }
    try finish(module)
    return machine
  } catch { throw .bug("\(target.triple): \(error)") }
}

/// Triple, layout, and hidden visibility for everything external: the artifact is one static image,
/// so no access goes through a global offset table.
func prepare(_ module: Module, _ machine: TargetMachine) {
  machine.prepare(module)
  for f in module.functions where f.linkage == LLVMExternalLinkage {
    if !f.name.hasPrefix("llvm.") { f.visibility = LLVMHiddenVisibility }
  }
  for g in module.globals where g.linkage == LLVMExternalLinkage {
    if !g.name.hasPrefix("llvm.") { g.visibility = LLVMHiddenVisibility }
  }
}
