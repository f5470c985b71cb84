// Functions become objects: in shards so small that a changed function spoils little of what the store
// has, and in batches so large that a process of its own is worth starting.

import Codegen
import Foundation
import LLVM
import Translator

/// Functions that share a module.
private struct Shard {
  /// Objects are linked in the order of numbers, and of first functions under one number.
  var number: Int
  var functions: [Int]

  var halves: [Shard] {
    let half = functions.count / 2
    return [functions[..<half], functions[half...]].map {
      Shard(number: number, functions: Array($0))
    }
  }
}

/// All functions, translated for one target.
struct Translation {
  var objects: [[UInt8]] = []
  /// Functions that LLVM could not emit.
  var excluded: Set<Int> = []
  var shards = 0
  /// Of them, those that the store had.
  var reused = 0
}

extension OptimizationLevel {
  /// About how many bytes of guest code a shard has. -O3 inlines among the functions of a shard.
  fileprivate var span: Int { self == .O3 ? 128 << 10 : 8 << 10 }
}

/// A batch that dies is bisected to the function, which is left out. Which functions meet in a batch
/// has no effect on the objects.
///
/// - Parameter movable: guest addresses of code are put in afterwards; the guest does not write there.
func translate(
  _ translator: Translator, for target: TargetDescription, level: OptimizationLevel,
  movable: Bool, options: BuildOptions, store: ObjectStore?, progress: Progress
) throws(CodegenError) -> Translation {
  let shards = translator.shards(span: level.span).filter { !translator.excluded.isSuperset(of: $0) }
    .enumerated().map(Shard.init)
  guard !shards.isEmpty else { return Translation() }
  progress.stage("\(target.triple): translating", total: shards.count)
  let work = Translating(
    translator: translator, target: target, level: level, movable: movable, options: options,
    store: store)
  var made = Translation(shards: shards.count)
  let answers = try ShardRunner(jobs: options.jobs).run(
    batches(of: shards, translator),
    body: { batch in try batch.flatMap { shard in try work.answer(shard) } },
    onFailure: { batch, _ in
      if batch.count > 1 {
        return [Array(batch[..<(batch.count / 2)]), Array(batch[(batch.count / 2)...])]
      }
      if batch[0].functions.count > 1 { return batch[0].halves.map { [$0] } }
      made.excluded.formUnion(batch[0].functions)
      return []
    },
    onFinish: { progress.advance(by: $0.count) })
  let objects = answers.compactMap { $0 }.flatMap(ObjectAnswer.all(in:)).sorted { $0.place < $1.place }
  made.objects = objects.map { Array($0.bytes) }
  made.reused = objects.count(where: \.isReused)
  return made
}

/// Neighbours together, about two dozen batches or, of large programs, as many as keep each short.
private func batches(of shards: [Shard], _ translator: Translator) -> [[Shard]] {
  let sizes = shards.map { $0.functions.reduce(0) { $0 + translator.size(of: $1) } }
  let share = min(sizes.reduce(0, +) / 24 + 1, 40_000)
  var batches: [[Shard]] = []
  var room = 0
  for (shard, size) in zip(shards, sizes) {
    if room <= 0 {
      batches.append([])
      room = share
    }
    batches[batches.count - 1].append(shard)
    room -= size
  }
  return batches
}

/// What a child process does.
private struct Translating {
  var translator: Translator
  var target: TargetDescription
  var level: OptimizationLevel
  var movable: Bool
  var options: BuildOptions
  var store: ObjectStore?

  func answer(_ shard: Shard) throws -> [UInt8] {
    let hasLoops = shard.functions.contains(where: translator.hasLoop)
    let recipe = ObjectRecipe(
      target: target, level: level,
      pipeline: level.pipeline(for: target, hasLoops: hasLoops, without: Set(options.disabledPasses)),
      without: options.disabledOwnPasses)
    let (bytes, isReused): ([UInt8], Bool)
    do {
      (bytes, isReused) = try make(shard, by: recipe, movable: movable)
    } catch is NoPlace {
      (bytes, isReused) = try make(shard, by: recipe, movable: false)
    }
    return ObjectAnswer.encoded(
      bytes, number: shard.number, first: shard.functions[0], isReused: isReused)
  }

  private func make(_ shard: Shard, by recipe: ObjectRecipe, movable: Bool) throws
    -> (bytes: [UInt8], isReused: Bool)
  {
    let module = Module("shard", in: LLVMContext(discardValueNames: options.keepIR == nil))
    let traits = traits(
      of: target, isBaseline: options.cpu.isEmpty && options.features.isEmpty, disabled: options.disabledOwnPasses,
      checksAlignment: options.checksAlignment)
    if traits.keepsCheapLoops { TargetMachine.keepCheapLoops }
    try translator.translate(shard.functions, into: module, for: traits)
    if let folder = options.keepIR { try keep(module, of: shard, in: folder) }
    let own = translator.addresses(of: shard.functions)
    let placement = Placement(takenFrom: module, prefix: Translator.symbolPrefix, own: own) {
      movable && $0 < 1 << 31 && (own.contains($0) || translator.isEntry($0))
    }
    let (object, isReused) = try recipe.make(from: module, store)
    return (try placement.place(object), isReused)
  }

  private func keep(_ module: Module, of shard: Shard, in folder: String) throws {
    let entry = String(translator.entry(of: shard.functions[0]), radix: 16)
    try module.text.write(
      toFile: "\(folder)/\(target.architecture)-\(entry).ll", atomically: true, encoding: .utf8)
  }
}

/// An object as a child process tells it: four words (the shard's number, its first function, whether
/// the store had it, the object's size), then the object.
private struct ObjectAnswer {
  var place: (number: Int, first: Int)
  var isReused: Bool
  var bytes: ArraySlice<UInt8>

  static func encoded(_ bytes: [UInt8], number: Int, first: Int, isReused: Bool) -> [UInt8] {
    var answer: [UInt8] = []
    answer.reserveCapacity(bytes.count + 32)
    for word in [number, first, isReused ? 1 : 0, bytes.count] {
      withUnsafeBytes(of: word.littleEndian) { answer.append(contentsOf: $0) }
    }
    return answer + bytes
  }

  static func all(in answer: [UInt8]) -> [ObjectAnswer] {
    var all: [ObjectAnswer] = []
    var at = 0
    while at < answer.count {
      let words = answer.withUnsafeBytes { bytes in
        (0..<4).map {
          Int(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 8 * $0, as: Int.self))
        }
      }
      at += 32
      all.append(
        ObjectAnswer(
          place: (words[0], words[1]), isReused: words[2] == 1, bytes: answer[at..<at + words[3]]))
      at += words[3]
    }
    return all
  }
}
