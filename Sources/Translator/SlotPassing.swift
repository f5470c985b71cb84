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
// host registers. What holds no argument at a call (ArgumentValidity.swift) is not passed on to unknown code.

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
  static let softArguments: RegisterSet = softList.reduce(into: []) { $0.insert($1) }
  /// In the order of `CodeMap.inSlotsShift`.
  static let softList: [Register] = [.gpr(.rdi), .gpr(.rsi), .gpr(.r8), .gpr(.r9)]
  /// What no function is given in a host register.
  static let onlyInSlots = RegisterSet(.gpr(.r10), .gpr(.r11))

  typealias Callee = (number: Int?, signature: Signature)

  private let functions: [FunctionFacts]
  private let taken: [RegisterSet]
  private let callers: [[Int]]
  private let callee: (UInt64) -> Callee

  /// - Parameter taken: by function, what it is given in host registers and does not look for in slots.
  init(
    _ functions: [FunctionFacts], taken: [RegisterSet], callers: [[Int]], callee: @escaping (UInt64) -> Callee
  ) {
    self.functions = functions
    self.taken = taken
    self.callers = callers
    self.callee = callee
  }

  /// By function, what it passes on because it may be an argument of a call with an unknown target, there or
  /// further on.
  ///
  /// - Parameters:
  ///   - slotReads: by function, registers that it reads from their slots at entry.
  ///   - offered: what unknown code looks for in slots.
  ///   - valid: by function and block, what may be an argument of the call that ends it.
  func ofArguments(_ slotReads: [RegisterSet], offered: RegisterSet, valid: [[RegisterSet]]) -> [RegisterSet] {
    solve(
      slotReads, reads: [],
      target: { f, b, g, passes in (g.map { passes[$0] } ?? offered).intersection(valid[f][b]) },
      end: { _, end in if case .leave = end { offered } else { [] } })
  }

  /// By function, what it passes on because callers look for it where it returns, or somebody surely reads it.
  ///
  /// - Parameter returned: by function, registers that callers look for in slots.
  func ofResults(_ returned: [RegisterSet]) -> [RegisterSet] {
    solve(
      .init(repeating: [], count: functions.count), reads: Self.onlyInSlots,
      target: { _, _, g, passes in g.map { passes[$0] } ?? [] },
      end: { f, end in
        switch end {
        case .ret: returned[f]
        case .tail(let target): returned[f].subtracting(callee(target).signature.changed)
        case .leave: []
        }
      })
  }

  /// How a block ends its function.
  private enum End {
    case ret, leave
    case tail(UInt64)
  }

  /// Liveness at the functions' entries, to a fixpoint over the call graph.
  ///
  /// - Parameters:
  ///   - atLeast: where the search begins.
  ///   - reads: what counts where an instruction reads it.
  ///   - target: what a call or tail call at the end of a block of a function looks for, by the callee's number.
  ///   - end: what an end of a function adds.
  private func solve(
    _ atLeast: [RegisterSet], reads: RegisterSet,
    target: (_ f: Int, _ b: Int, _ g: Int?, [RegisterSet]) -> RegisterSet,
    end: (_ f: Int, End) -> RegisterSet
  ) -> [RegisterSet] {
    var passes = atLeast
    var live: [[RegisterSet]] = functions.map { .init(repeating: [], count: $0.blocks.count) }
    var queue = Array(functions.indices)
    var queued = [Bool](repeating: true, count: functions.count)
    while let f = queue.popLast() {
      queued[f] = false
      functions[f].growBackward(&live[f]) { b, live in
        let block = functions[f].blocks[b]
        let behind = block.edges.reduce(into: RegisterSet()) { set, edge in
          switch edge {
          case .block(let n): set.formUnion(live[n])
          case .function(let entry):
            set.formUnion(target(f, b, callee(entry).number, passes).union(end(f, .tail(entry))))
          case .leave: set.formUnion(end(f, .leave))
          }
        }
        let out = switch block.terminator {
        case .ret: end(f, .ret)
        case .call(let entry, _):
          behind.subtracting(callee(entry).signature.changed).union(target(f, b, callee(entry).number, passes))
        case .callIndirect: target(f, b, nil, passes)
        case .jumpIndirect: behind.union(target(f, b, nil, passes))
        default: behind
        }
        return out.subtracting(block.def).union(block.use.intersection(reads))
      }
      let found = atLeast[f].union(live[f].first ?? []).subtracting(taken[f])
      if found == passes[f] { continue }
      passes[f] = found
      for c in callers[f] where !queued[c] {
        queued[c] = true
        queue.append(c)
      }
    }
    return passes
  }

  /// How blocks change the set of registers among `tracked` that have got a new value, from the function itself
  /// or, those of `afterCall`, from what it calls.
  struct Transfer {
    private let written: [RegisterSet]
    /// What calls at the ends of blocks change, and what of it has a new value then.
    private let calls: [(changed: RegisterSet, new: RegisterSet)?]

    init(
      _ facts: FunctionFacts, _ tracked: RegisterSet, callee: (UInt64) -> Signature,
      _ unknown: Signature, afterCall: (Signature) -> RegisterSet
    ) {
      written = facts.blocks.map { $0.may.intersection(tracked) }
      calls = facts.blocks.map { block in
        let signature: Signature? =
          switch block.terminator {
          case .call(let target, _): callee(target)
          case .callIndirect: unknown
          default: nil
          }
        return signature.map { ($0.changed, $0.changed.intersection(afterCall($0)).intersection(tracked)) }
      }
    }

    /// At the end of block `b`, before a call that ends it.
    func atEnd(_ b: Int, _ start: RegisterSet) -> RegisterSet { start.union(written[b]) }
    /// What a call that ends block `b` changes.
    func changed(_ b: Int) -> RegisterSet { calls[b]?.changed ?? [] }
    /// Behind block `b` and the call that ends it.
    func behind(_ b: Int, _ start: RegisterSet) -> RegisterSet {
      let end = atEnd(b, start)
      guard let call = calls[b] else { return end }
      return end.subtracting(call.changed).union(call.new)
    }
  }

  /// For each block of a function: registers that may have got a new value on some way to its start;
  /// those of `initially` have one at the function's entry.
  static func reaching(_ facts: FunctionFacts, _ transfer: Transfer, initially: RegisterSet = []) -> [RegisterSet] {
    var atStart = [RegisterSet](repeating: [], count: facts.blocks.count)
    if !atStart.isEmpty { atStart[0] = initially }
    var again = true
    while again {
      again = false
      for (b, block) in facts.blocks.enumerated() {
        let out = transfer.behind(b, atStart[b])
        for n in block.successors where !atStart[n].isSuperset(of: out) {
          atStart[n].formUnion(out)
          again = true
        }
      }
    }
    return atStart
  }

  /// The prologue of a function with variable arguments looks at all that could hold one: at the
  /// vector registers only where AL says so, and it does no more with R8 and R9 than putting them to
  /// the frame. Nearly no call has them all, and in host registers the rest would be kept alive by
  /// every caller, and by theirs. They come in slots.
  ///
  /// - Parameter soft: arguments that unknown callers leave in slots, too.
  ///
  /// - Returns: what comes in slots, and what it only puts to the frame of the arguments that come in host registers.
  static func variableArguments(
    _ facts: FunctionFacts, soft: RegisterSet
  ) -> (slots: RegisterSet, spilled: RegisterSet) {
    if facts.isResume { return ([], []) }
    let vectors = passable.intersection(.vectors)
    let read = readBeforeCalls(facts, .arguments, \.use)
    let spilled = read.intersection(.gprs).subtracting(readBeforeCalls(facts, .arguments, \.computed))
    let hasVectors = read.isSuperset(of: vectors)
    let isVariable = hasVectors || spilled.isSuperset(of: lastArguments)
    if !isVariable { return ([], []) }
    return (spilled.intersection(soft).union(hasVectors ? vectors : []), spilled.subtracting(soft))
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
