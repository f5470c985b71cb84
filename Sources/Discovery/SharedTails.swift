// Entries that jump into the middle of another function (memcpy's many names, checked variants) would
// each get a copy of what they share. Where the shared part can stand for itself, it becomes a
// function of its own, which all of them end in.

import X86

enum SharedTails {
  /// What an entry of its own may have in front of the shared part, and what sharing has to save, in
  /// instructions.
  private static let longestFront = 24
  private static let shortestTail = 32

  /// Addresses to split at: inside functions, each reached from another function's front by a jump,
  /// with RSP and all callee-saved registers as at entry on every way there.
  static func find(_ functions: [GuestFunction]) -> Set<UInt64> {
    var holders: [UInt64: [Int]] = [:]
    for (f, function) in functions.enumerated() {
      for block in function.blocks { holders[block.start, default: []].append(f) }
    }
    var found: Set<UInt64> = []
    for function in functions {
      guard let head = sharedHead(function, holders) else { continue }
      if holders[head]!.allSatisfy({ isPlain(before: head, in: functions[$0]) }) {
        found.insert(head)
      }
    }
    return found
  }

  /// Where a short front of the function's own jumps into code that others have, too.
  private static func sharedHead(_ function: GuestFunction, _ holders: [UInt64: [Int]]) -> UInt64? {
    let own = function.blocks.filter { holders[$0.start]!.count == 1 }
    let count = own.reduce(0) { $0 + $1.instructions.count }
    guard !own.isEmpty, count <= longestFront, function.instructionCount - count >= shortestTail
    else { return nil }
    let heads = Set(own.flatMap(\.successors).filter { holders[$0]!.count > 1 })
    return heads.count == 1 && heads.first != function.entry ? heads.first : nil
  }

  /// No block that comes before `head` and not again behind it calls or moves what a callee keeps.
  private static func isPlain(before head: UInt64, in function: GuestFunction) -> Bool {
    let blocks = Dictionary(uniqueKeysWithValues: function.blocks.map { ($0.start, $0) })
    var behind: Set = [head]
    var queue = [head]
    while let start = queue.popLast() {
      for s in blocks[start]?.successors ?? [] where behind.insert(s).inserted { queue.append(s) }
    }
    // The entry itself is in the tail: its loops lead back there.
    if behind.contains(function.entry) && head != function.entry { return false }
    for block in function.blocks where !behind.contains(block.start) {
      switch block.terminator {
      case .call, .indirectCall: return false
      default: break
      }
      for i in block.instructions where effects(of: i).changesGPR & kept != 0 { return false }
    }
    return true
  }

  /// RBX, RSP, RBP, R12–R15.
  private static let kept: UInt16 = 0b1111_0000_0011_1000
}
