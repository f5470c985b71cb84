/// The pipeline on one page: input, image, discovery, translation, code generation, link.

import Codegen
import Commands
import Discovery
import ELF
import Foundation
import LLVM
import Translator
import X86

/// Makes `options.outputs`; either all of them or none.
public func build(_ options: BuildOptions, progress: Progress) throws(BuildError) -> BuildReport {
  let start = Progress.now
  let targets = try options.outputs.map { output throws(BuildError) in
    try description(of: output, options)
  }
  progress.stage("reading")
  let input = try readInput(options.input)
  let program = try load(options.input)

  progress.stage("finding code")
  let discovery = Discovery(program, learnt: options.learnt)
  var report = BuildReport(
    options: options, program: programReport(program, discovery, input: input))

  progress.stage("recovering signatures")
  var translator = options.flow == .static
    ? Translator(discovery, without: options.disabledOwnPasses) : Translator.nothing
  if let entries = options.entries { translator.leaveOut(allBut: Set(entries)) }

  // Held under temporary names until all of them are made.
  _ = try findTools()
  let files = try options.outputs.map { output throws(BuildError) in
    try OutputFile(output.path, replacing: options.input)
  }
  for (n, output) in options.outputs.enumerated() {
    let artifact = try makeArtifact(
      output, at: files[n].temporary, targets[n], options, program, translator, input: input,
      progress: progress)
    report.artifacts.append(artifact)
  }
  for file in files { try file.commit(executable: true) }
  report.measure(since: start, stages: progress.finish())
  return report
}

func load(_ path: String) throws(BuildError) -> Program {
  do {
    return try Program(path: path)
  } catch {
    throw BuildError(elf: error, path)
  }
}

/// What an artifact is emitted for; names that LLVM does not know are refused here.
private func description(of output: BuildOptions.Output, _ options: BuildOptions)
  throws(BuildError) -> TargetDescription
{
  let triple = output.target.triple
  do throws(CodegenError) {
    let base = try TargetDescription.named(triple)
    let named = options.cpu == "native" ? try base.native() : base.with(cpu: options.cpu)
    let target = named.with(features: options.features)
    if !options.cpu.isEmpty || !options.features.isEmpty { try target.check() }
    try (OptimizationLevel(rawValue: options.optimisation) ?? .O2).check(
      disabled: options.disabledPasses, besides: OwnPass.allCases.map(\.rawValue))
    return target
  } catch {
    throw BuildError(codegen: error, triple)
  }
}

/// The runtime module's folder; that the linker is there is known afterwards.
private func findTools() throws(BuildError) -> String {
  do { _ = try findLinker() } catch { throw BuildError(codegen: error, "ld.lld") }
  return try Locate.runtime().folder
}

private func makeFolder(_ path: String) throws(BuildError) {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch { throw BuildError(.cannotCreate, path, "cannot make the folder for --keep-ir") }
}

/// Translates, emits and links for one target.
private func makeArtifact(
  _ output: BuildOptions.Output, at path: String, _ target: TargetDescription,
  _ options: BuildOptions, _ program: Program, _ translator: Translator, input: Data,
  progress: Progress
) throws(BuildError) -> ArtifactReport {
  let runtime = try findTools()
  if let folder = options.keepIR { try makeFolder(folder) }
  let triple = output.target.triple
  do throws(CodegenError) {
    let begin = Progress.now
    let level = OptimizationLevel(rawValue: options.optimisation) ?? .O2
    let store = options.objectStore
    // Other targets have no immediate operands for addresses.
    let movable = target.architecture == "x86_64"
      && !program.segments.contains { $0.isExecutable && $0.isWritable }
    let translation = try translate(
      translator, for: target, level: level, movable: movable, options: options, store: store,
      progress: progress)
    var objects = translation.objects

    progress.stage("\(triple): runtime")
    var rest = translator
    rest.excluded.formUnion(translation.excluded)
    objects.append(try emitStubs(
      rest, imageFacts(program), for: target, without: options.disabledOwnPasses, store: store))
    store?.trim()
    objects += try runtimeObjects(
      RuntimeFiles(folder: runtime), for: target, buildID: Version.identity,
      cacheFolder: options.cacheFolder ?? defaultCacheFolder())
    let seconds = Progress.now - begin

    progress.stage("\(triple): linking")
    let linking = Progress.now
    var linkOptions = LinkOptions()
    linkOptions.symbols = options.symbols
    try link(
      objects: objects, guest: guestLoads(program), for: target, to: path, options: linkOptions)
    let artifact = FileManager.default.contents(atPath: path) ?? Data()
    return ArtifactReport(
      target: triple, path: output.path, bytes: artifact.count, sha256: SHA256.hex(artifact),
      abandoned: translation.excluded.sorted().map { "0x" + String(translator.entry(of: $0), radix: 16) },
      stages: [
        StageTime(name: "all before linking", seconds: seconds),
        StageTime(name: "linking", seconds: Progress.now - linking),
      ], shards: translation.shards, reusedShards: translation.reused)
  } catch {
    throw BuildError(codegen: error, output.path)
  }
}

/// - Parameter isBaseline: for the target's own processor and features.
func traits(
  of target: TargetDescription, isBaseline: Bool = true, disabled: Set<OwnPass> = [],
  checksAlignment: Bool = false
) -> TargetTraits {
  TargetTraits(
    architecture: target.architecture, features: target.features, hasBaselineVectors: isBaseline,
    hasStringComparison: target.cpu.hasPrefix("x86-64-v") && !target.features.contains("-"),
    disabled: disabled, checksAlignment: checksAlignment)
}

private func emitStubs(
  _ translator: Translator, _ image: ImageFacts, for target: TargetDescription,
  without disabled: Set<OwnPass>, store: ObjectStore?
) throws(CodegenError) -> [UInt8] {
  let module = Module("stubs", in: LLVMContext(discardValueNames: true))
  translator.emitStubs(image, into: module, for: TargetTraits(architecture: target.architecture, disabled: disabled))
  return try ObjectRecipe(target: target, level: .O2, without: disabled).make(from: module, store).bytes
}

private func imageFacts(_ program: Program) -> ImageFacts {
  ImageFacts(
    entry: program.entry, programHeaders: program.programHeaders,
    programHeaderCount: UInt64(program.programHeaderCount), low: program.low, high: program.high,
    segments: program.segments.map {
      (start: $0.address, end: $0.end, fileOffset: UInt64($0.fileOffset), flags: UInt64($0.flags))
    },
    isPositionIndependent: program.isPositionIndependent,
    hasExecutableStack: program.hasExecutableStack)
}

private func guestLoads(_ program: Program) -> [GuestLoad] {
  program.segments.map { s in
    GuestLoad(
      address: s.address, bytes: Array(program.file[s.fileOffset..<s.fileOffset + s.fileSize]),
      memorySize: s.memorySize, isWritable: s.isWritable)
  }
}
