// Which registers may hold an argument of a call.
//
// What a call has changed is nobody's argument before it is written again: a compiler that set an argument up on one
// way to a call has done so on every way. Without that, one write of XMM0 in an interpreter's loop had each of
// its calls through pointers store what is left of it, and one such call had all functions in front of it hand RCX on.
//
// RAX says how many vector registers the arguments of a variable number take. Its caller sets it right there, by an
// instruction of 32 or 8 bits; only compilers' and linkers' own thunks hand it on, in straight lines.

import X86

enum ArgumentValidity {
  /// What the psABI passes arguments in (System V x86-64 psABI 1.0, 3.2.3), less what else calls answer in.
  static let arguments: RegisterSet = .arguments.union(.wideArguments)
    .subtracting(RegisterSet.results.union(.wideResults).subtracting(count))
  private static let count = RegisterSet(.gpr(.rax))

  /// For each block of a function: all registers but those arguments that hold nothing where it ends.
  ///
  /// - Parameter leavesRCX: whether a function may answer something in RCX, LLVM's third result.
  static func atEnds(
    of facts: FunctionFacts, callee: (UInt64) -> Signature, leavesRCX: (UInt64) -> Bool
  ) -> [RegisterSet] {
    let isThunk = facts.isResume || facts.blocks.count == 1 && !facts.blocks[0].terminator.isCall
    return forward(facts, atEntry: isThunk ? .all : RegisterSet.all.subtracting(count)) { end, block in
      switch block.terminator {
      case .call(let target, _):
        let next = end.subtracting(callee(target).writes.intersection(arguments))
        return leavesRCX(target) ? next.union(RegisterSet(.gpr(.rcx))) : next
      case .callIndirect: return end.subtracting(arguments)
      default: return end
      }
    }
  }

  /// By function, whether it writes RCX on all ways from its last call to its return, or to a tail call of one that does.
  ///
  /// - Parameter number: of the function at an entry.
  static func leaveRCX(_ functions: [FunctionFacts], number: (UInt64) -> Int?) -> [Bool] {
    var leaves = functions.map(writesRCXBeforeReturns)
    var again = true
    while again {
      again = false
      for f in functions.indices where leaves[f] && !functions[f].tailCalls.allSatisfy({ leaves[number($0) ?? f] }) {
        leaves[f] = false
        again = true
      }
    }
    return leaves
  }

  private static func writesRCXBeforeReturns(_ facts: FunctionFacts) -> Bool {
    let ends = forward(facts, atEntry: RegisterSet.all.subtracting(arguments)) { end, block in
      block.terminator.isCall ? end.subtracting(arguments) : end
    }
    return zip(facts.blocks, ends).allSatisfy { block, end in
      switch block.terminator {
      case .ret: end.contains(.gpr(.rcx))
      case .jumpIndirect: false
      default: true
      }
    }
  }

  /// What holds where each block ends if it holds on all ways there. A call into whose return others jump may be one
  /// that never returns, with something else behind it: it takes nothing away from them.
  private static func forward(
    _ facts: FunctionFacts, atEntry: RegisterSet, next: (RegisterSet, FunctionFacts.Block) -> RegisterSet
  ) -> [RegisterSet] {
    var atStart = [RegisterSet](repeating: .all, count: facts.blocks.count)
    var atEnd = atStart
    if !atStart.isEmpty { atStart[0] = atEntry }
    var entries = [Int](repeating: 0, count: facts.blocks.count)
    for n in facts.blocks.lazy.flatMap(\.successors) { entries[n] += 1 }
    let widelyWritten = facts.blocks.map(\.writesRAXWidely)
    var again = true
    while again {
      again = false
      for (b, block) in facts.blocks.enumerated() {
        atEnd[b] = atStart[b].union(block.may)
        if widelyWritten[b] { atEnd[b] = atEnd[b].subtracting(count) }
        let out = next(atEnd[b], block)
        for n in block.successors
        where !out.isSuperset(of: atStart[n]) && !(block.terminator.isCall && entries[n] > 1) {
          atStart[n] = atStart[n].intersection(out)
          again = true
        }
      }
    }
    return atEnd
  }
}

extension FunctionFacts.Block {
  /// The last instruction that changes RAX writes all of it.
  fileprivate var writesRAXWidely: Bool {
    let rax = UInt16(1) << UInt16(GPR.rax.number)
    guard let last = effects.lastIndex(where: { $0.changesGPR & rax != 0 }) else { return false }
    return instructions[last].operands.0 == Operand(.gpr, GPR.rax.number, size: 8)
  }
}
