// Registers that travel through their VCPU slots.
//
// A register that a function has not written since it was entered, or since a call that changed it,
// is right in its slot; one that it has written is stored there where somebody may look:
//
//   - Before calls whose target is not known. The psABI allows arguments in YMM0–YMM7 and a static
//     chain in R10, and nearly no call has one. In host registers they would be kept alive through
//     every function on the way.
//   - Before calls of functions that read a register which has no place in any convention (R10, R11),
//     or what only functions with variable arguments do (`slotReads`).
//   - Where it returns, if callers want it. Only RAX and RDX, and vector results that the function
//     itself makes and somebody wants, go back in host registers. Wishes are contagious: who returns
//     what it does not make has to get it from its callees, and be given it by its callers. Slots
//     need none of this, and most wishes are for what nobody really looks at (CVTSI2SD keeps the
//     destination's upper half, PUSH makes room).
//
//   passes(f)   registers whose slot must hold the entry value
//   defined(b)  registers that may have a new value in a host register at the end of block b
//
// A caller of f stores `defined ∩ passes(f)`. What f itself computes with (`reads`) still comes in
// host registers. Nobody relies on XMM2–XMM7 and R10 as arguments of unknown code behind a call that
// changes them.

import Discovery
import X86

struct SlotPassing {
  /// What may carry vector arguments, and the static chain (System V x86-64 psABI 1.0, 3.2.3), in
  /// the order of `CodeMap.inRegistersShift`.
  static let passableList: [Register] = (0..<8).map { .vector($0, half: 0) } + [.gpr(.r10)]
  static let passable: RegisterSet = passableList.reduce(into: []) { $0.insert($1) }

  /// What may come back in slots: all that the psABI lets a callee change, but for RAX and RDX.
  static let carried: RegisterSet = RegisterSet(
    .gpr(.rcx), .gpr(.rsi), .gpr(.rdi), .gpr(.r8), .gpr(.r9), .gpr(.r10), .gpr(.r11)
  ).union(.vectors)
  /// Arguments that are nobody's result: no callee returns one, for it to reach an unknown call
  /// without an instruction that names it (System V x86-64 psABI 1.0, 3.2.3; LLVM's own conventions
  /// return in RAX, RDX and RCX). Before unknown calls they are in their slots, too, so that a
  /// function which only passes one on need not have it.
  static let softArguments = RegisterSet(.gpr(.rdi), .gpr(.rsi), .gpr(.r8), .gpr(.r9))
  /// What no function is given in a host register.
  static let onlyInSlots = RegisterSet(.gpr(.r10), .gpr(.r11))

  /// By function.
  private(set) var passes: [RegisterSet]

  private let offered: RegisterSet

  /// - Parameters:
  ///   - taken: by function, what it is given in host registers and does not look for in slots.
  ///   - offered: what unknown code looks for in slots.
  ///   - slotReads: by function, registers that it reads from their slots at entry.
  ///   - returned: by function, registers that callers look for in slots.
  init(
    _ functions: [FunctionFacts], slotReads: [RegisterSet], taken: [RegisterSet],
    offered: RegisterSet, returned: [RegisterSet], callers: [[Int]], callee: (UInt64) -> (number: Int?, signature: Signature)
  ) {
    self.offered = offered
    passes = slotReads
    var live: [[RegisterSet]] = functions.map { .init(repeating: [], count: $0.blocks.count) }
    var queue = Array(functions.indices)
    var queued = [Bool](repeating: true, count: functions.count)
    while let f = queue.popLast() {
      queued[f] = false
      let found = slotReads[f].union(entryLiveness(functions[f], &live[f], returned[f], callee))
        .subtracting(taken[f])
      if found != passes[f] {
        passes[f] = found
        for c in callers[f] where !queued[c] {
          queued[c] = true
          queue.append(c)
        }
      }
    }
  }

  /// What a call, or jump, to `target` looks for in slots.
  private func passed(
    _ target: UInt64, _ callee: (UInt64) -> (number: Int?, signature: Signature)
  ) -> RegisterSet {
    callee(target).number.map { passes[$0] } ?? offered
  }

  private func entryLiveness(
    _ facts: FunctionFacts, _ live: inout [RegisterSet], _ returned: RegisterSet,
    _ callee: (UInt64) -> (number: Int?, signature: Signature)
  ) -> RegisterSet {
    facts.growBackward(&live) { b, live in
      func at(_ edge: FunctionFacts.Edge) -> RegisterSet {
        switch edge {
        case .block(let n): live[n]
        case .function(let target):
          passed(target, callee).union(returned.subtracting(callee(target).signature.changed))
        case .leave: offered
        }
      }
      let out: RegisterSet =
        switch facts.blocks[b].terminator {
        case .ret: returned
        case .leave: []
        case .callIndirect: offered
        case .jumpIndirect: facts.blocks[b].edges.reduce(into: offered) { $0.formUnion(at($1)) }
        case .call(let target, let next):
          (next.map(at) ?? []).subtracting(callee(target).signature.changed)
            .union(passed(target, callee))
        case .jump, .branch, .table:
          facts.blocks[b].edges.reduce(into: []) { $0.formUnion(at($1)) }
        }
      return out.subtracting(facts.blocks[b].def)
        .union(facts.blocks[b].use.intersection(Self.onlyInSlots))
    }
    return live.first ?? []
  }

  /// For each block of a function: registers among `tracked` that may have got a new value on some
  /// way to its end, from the function itself or, those of `afterCall`, from what it calls; those of
  /// `initially` have one at its entry.
  static func reaching(
    _ facts: FunctionFacts, _ tracked: RegisterSet, initially: RegisterSet = [],
    callee: (UInt64) -> Signature, _ unknown: Signature, afterCall: (Signature) -> RegisterSet
  ) -> [RegisterSet] {
    var atStart = [RegisterSet](repeating: [], count: facts.blocks.count)
    if !atStart.isEmpty { atStart[0] = initially }
    var atEnd = atStart
    var again = true
    while again {
      again = false
      for (b, block) in facts.blocks.enumerated() {
        atEnd[b] = atStart[b].union(block.may.intersection(tracked))
        var out = atEnd[b]
        let signature: Signature? =
          switch block.terminator {
          case .call(let target, _): callee(target)
          case .callIndirect: unknown
          default: nil
          }
        if let signature {
          out = out.subtracting(signature.changed)
            .union(signature.changed.intersection(afterCall(signature)).intersection(tracked))
        }
        for n in block.successors where !atStart[n].isSuperset(of: out) {
          atStart[n].formUnion(out)
          again = true
        }
      }
    }
    return atEnd
  }

  /// The prologue of a function with variable arguments looks at all that could hold one: at the
  /// vector registers only where AL says so, and it does no more with R8 and R9 than putting them to
  /// the frame. Nearly no call has them all, and in host registers the rest would be kept alive by
  /// every caller, and by theirs. They come in slots.
  ///
  /// - Parameter soft: arguments that unknown callers leave in slots, too.
  static func slotReads(_ facts: FunctionFacts, soft: RegisterSet) -> RegisterSet {
    let vectors = passable.intersection(.vectors)
    let tracked = passable.union(soft)
    let read = readBeforeCalls(facts, tracked, \.use)
    let spilled = read.intersection(soft)
      .subtracting(readBeforeCalls(facts, tracked, \.computed))
    let hasVectors = read.isSuperset(of: vectors)
    let isVariable = hasVectors || spilled.isSuperset(of: lastArguments)
    return isVariable ? spilled.union(hasVectors ? vectors : []) : []
  }
  private static let lastArguments = RegisterSet(.gpr(.r8), .gpr(.r9))

  /// Registers among `tracked` whose value at entry is read on some way to the first call.
  private static func readBeforeCalls(
    _ facts: FunctionFacts, _ tracked: RegisterSet, _ use: KeyPath<FunctionFacts.Block, RegisterSet>
  ) -> RegisterSet {
    var live = [RegisterSet](repeating: [], count: facts.blocks.count)
    facts.growBackward(&live) { b, live in
      let block = facts.blocks[b]
      let out = block.terminator.isCall
        ? [] : block.successors.reduce(into: RegisterSet()) { $0.formUnion(live[$1]) }
      return block[keyPath: use].union(out.subtracting(block.def)).intersection(tracked)
    }
    return live.first ?? []
  }
}
