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
  /// - Parameter answers: what a function may answer besides the psABI's results (`furtherResults`).
  static func atEnds(
    of facts: FunctionFacts, callee: (UInt64) -> Signature, answers: (UInt64) -> RegisterSet
  ) -> [RegisterSet] {
    let isThunk = facts.isResume || facts.blocks.count == 1 && !facts.blocks[0].terminator.isCall
    return forward(facts, atEntry: isThunk ? .all : RegisterSet.all.subtracting(count)) { end, block in
      switch block.terminator {
      case .call(let target, _):
        end.subtracting(callee(target).writes.intersection(arguments)).union(answers(target))
      case .callIndirect: end.subtracting(arguments)
      default: end
      }
    }
  }

  /// By function, what it may answer in RCX and R8, as Swift's functions do (LLVM's `RetCC_X86_64_Swift`): it writes
  /// them on all ways from its last call to its return, or to a tail call of one that does. Where no caller in the
  /// program looks at such an answer, no function has any.
  ///
  /// - Parameter number: of the function at an entry.
  static func furtherResults(
    _ functions: [FunctionFacts], number: (UInt64) -> Int?
  ) -> [RegisterSet] {
    var answers = functions.map(writtenBeforeReturns)
    var again = true
    while again {
      again = false
      for f in functions.indices where !answers[f].isEmpty {
        let new = functions[f].tailCalls.reduce(answers[f]) { $0.intersection(number($1).map { answers[$0] } ?? []) }
        if new != answers[f] {
          answers[f] = new
          again = true
        }
      }
    }
    let isUsed = functions.contains { facts in
      facts.blocks.contains { block in
        guard case .call(let target, .block(let next)?) = block.terminator, let g = number(target) else { return false }
        return answers[g].contains { facts.blocks[next].names($0) }
      }
    }
    return isUsed ? answers : functions.map { _ in [] }
  }

  private static func writtenBeforeReturns(_ facts: FunctionFacts) -> RegisterSet {
    let ends = forward(facts, atEntry: RegisterSet.all.subtracting(arguments)) { end, block in
      block.terminator.isCall ? end.subtracting(arguments) : end
    }
    return zip(facts.blocks, ends).reduce(RegisterSet(.gpr(.rcx), .gpr(.r8))) { all, block in
      switch block.0.terminator {
      case .ret: all.intersection(block.1)
      case .jumpIndirect: []
      default: all
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

  /// The value of a register at the block's start is read by an instruction that names it; CPUID does not.
  fileprivate func names(_ r: Register) -> Bool {
    guard use.contains(r), let k = effects.firstIndex(where: { $0.reads.contains(r) }) else { return false }
    let i = instructions[k]
    let (a, b, c, d) = i.operands
    return Int(i.base) == r.index || Int(i.index) == r.index
      || [a, b, c, d].contains { $0.kind == .gpr && Int($0.number) == r.index }
  }
}
