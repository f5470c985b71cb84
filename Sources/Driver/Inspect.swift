// `recast inspect`: a program, one function of it, and what becomes of that.

import Codegen
import Discovery
import ELF
import Foundation
import LLVM
import Translator

/// Tells what the program is; with `function` (a name or 0x address), that function's blocks too, and
/// with `target`, its translation.
///
/// - Parameters:
///   - optimisation: 0 to 3, as of `BuildOptions`.
///   - disabledPasses: as of `BuildOptions`.
public func inspect(
  _ input: String, function: String?, target: Target? = nil, optimisation: Int = 2,
  disabledPasses: [String] = [], progress: Progress
) throws(BuildError) -> InspectReport {
  progress.stage("reading")
  let data = try readInput(input)
  let program = try load(input)
  progress.stage("finding code")
  let discovery = Discovery(program)
  var report = InspectReport(program: programReport(program, discovery, input: data))
  guard let function else { return report }
  let address =
    program.symbols.first { $0.name == function }?.address
    ?? (function.hasPrefix("0x") ? UInt64(function.dropFirst(2), radix: 16) : nil)
  guard let address, let found = discovery.function(at: address) else {
    throw BuildError(.usage, function, "no function with this name or address")
  }
  let disassembler = Disassembler()
  report.function = .init(
    name: program.symbols.first { $0.address == address }?.name ?? function, address: address,
    evidence: [evidenceName(found.evidence)],
    blocks: found.blocks.map { b in
      let bytes = program.bytes(at: b.start, count: Int(b.end - b.start))
      return .init(
        address: b.start, bytes: bytes.count, successors: b.successors,
        disassembly: disassembler?.lines(of: bytes, at: b.start) ?? [])
    })
  if let target {
    progress.stage("recovering signatures")
    let disabled = Set(disabledPasses.compactMap(OwnPass.init))
    let translator = Translator(discovery, without: disabled)
    progress.stage("\(target.triple): translating")
    do throws(CodegenError) {
      let level = OptimizationLevel(rawValue: optimisation) ?? .O2
      try level.check(disabled: disabledPasses, besides: OwnPass.allCases.map(\.rawValue))
      let traits = traits(of: try .named(target.triple), disabled: disabled)
      report.function?.translation = try translation(
        of: found.entry, by: translator, for: .named(target.triple), traits, level: level,
        without: Set(disabledPasses))
    } catch { throw BuildError(codegen: error, function) }
  }
  return report
}

/// One function by itself, as a build translates it.
private func translation(
  of entry: UInt64, by translator: Translator, for target: TargetDescription, _ traits: TargetTraits,
  level: OptimizationLevel, without disabledPasses: Set<String>
) throws(CodegenError) -> InspectReport.Translation {
  let module = Module("function", in: LLVMContext())
  let index = (0..<translator.functionCount).first { translator.entry(of: $0) == entry }!
  if traits.keepsCheapLoops { TargetMachine.keepCheapLoops }
  do {
    try translator.translate([index], into: module, for: traits)
  } catch { throw .bug("\(target.triple): \(error)") }
  let lifted = bodies(of: module.text)
  let pipeline = level.pipeline(for: target, hasLoops: translator.hasLoop(index), without: disabledPasses)
  try optimise(
    module, for: target, level: level, pipeline: pipeline,
    finish: { module throws(LLVMError) in try finish(module, for: traits) })
  let optimised = bodies(of: module.text)
  let assembly = try emit(
    module, for: target, level: level, pipeline: "", fileType: LLVMAssemblyFile)
  // Without directives: labels and instructions.
  let lines = String(decoding: assembly, as: UTF8.self).split(separator: "\n").map(String.init)
  return .init(
    target: target.triple, level: "-\(level)", lifted: lifted, optimised: optimised,
    assembly: lines.filter { !$0.hasPrefix("\t.") && !$0.hasPrefix(".L_") && !$0.hasPrefix("#") })
}

/// The definitions in a module's text, without attributes, types and declarations.
private func bodies(of text: String) -> [String] {
  var lines: [String] = []
  var isInside = false
  for line in text.split(separator: "\n") {
    if line.hasPrefix("define") { isInside = true }
    if isInside { lines.append(String(line)) }
    if line.hasPrefix("}") { isInside = false }
  }
  return lines
}
