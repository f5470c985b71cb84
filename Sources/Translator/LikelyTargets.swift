// Where pointers that the program's start-up code sets by IRELATIVE relocations are likely to point.
//
// A resolver answers one of the addresses that its instructions make, by what CPUID shows: x86-64-v3
// on every host (docs/QUIRKS.md, "CPUID"). So variants that use it come first, and those whose
// instructions raise #UD are never chosen. It is a guess: the jump compares.

import Discovery
import X86

enum LikelyTargets {
  /// How many variants a jump compares its target with.
  private static let limit = 2

  /// Entries by the pointer's address, the likeliest first.
  static func all(of discovery: Discovery) -> [UInt64: [UInt64]] {
    discovery.resolvers.mapValues { resolver in
      let variants = discovery.function(at: resolver).map { made(by: $0, discovery) } ?? []
      let ranked = variants.enumerated().sorted { (-$0.element.rank, $0.offset) < (-$1.element.rank, $1.offset) }
      return ranked.prefix(limit).map(\.element.entry)
    }
  }

  private static func made(by resolver: GuestFunction, _ discovery: Discovery)
    -> [(entry: UInt64, rank: Int)]
  {
    var seen: Set<UInt64> = []
    let addresses = resolver.blocks.flatMap(\.instructions).compactMap(\.codeAddress)
    return addresses.compactMap { address in
      guard seen.insert(address).inserted, let f = discovery.function(at: address) else { return nil }
      return rank(f).map { (address, $0) }
    }
  }

  /// By the newest instructions in the function; nil if it could not run.
  private static func rank(_ f: GuestFunction) -> Int? {
    var rank = 0
    for block in f.blocks {
      if block.terminator == .fault { return nil }
      for i in block.instructions where i.prefixes.contains(.vex) {
        rank = max(rank, i.isFused ? 2 : 1)
      }
    }
    return rank
  }
}

extension Instruction {
  /// `lea r, [rip+X]`, `mov r, X`: X.
  fileprivate var codeAddress: UInt64? {
    switch operation {
    case .lea where base == Instruction.instructionPointer: UInt64(bitPattern: displacement)
    case .mov where operands.1.kind == .immediate && operands.0.kind == .gpr: immediate
    default: nil
    }
  }

  /// FMA3.
  fileprivate var isFused: Bool {
    let name = "\(operation.name)"
    return name.hasPrefix("vfm") || name.hasPrefix("vfnm")
  }
}
