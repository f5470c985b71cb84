// What is live where a block ends, by the signatures of what it calls.

import Discovery
import X86

extension SignatureAnalysis {
  /// Live registers at the start of each block of f as the lifter keeps them: with those that go to
  /// their slots before calls and where ways meet, and without results that are in their slots already.
  func liveInWithPassed(_ f: Int, _ held: HeldPassable) -> [RegisterSet] {
    let facts = functions[f]
    var live = facts.isResume ? liveIn[f] : .init(repeating: [], count: facts.blocks.count)
    facts.growBackward(&live) { b, live in
      let block = facts.blocks[b]
      let later = block.successors.reduce(into: RegisterSet()) { $0.formUnion(held.stored(from: b, to: $1)) }
      let stored = held.atEnd[b].intersection(passedBehind(f, b)).union(later.subtracting(held.changed(b)))
      let returned = facts.isResume
        ? delivered(f, b)
        : delivered(f, b).subtracting(signatures[f].returnedInSlots.subtracting(held.atEnd[b]))
      let end = before(f, b, returned) { live[$0].subtracting(held.loaded(from: b, to: $0).withUpperParts) }
      return block.live(before: end.union(stored.withUpperParts))
    }
    return live.map(\.registers)
  }

  func passedBehind(_ f: Int, _ b: Int) -> RegisterSet {
    let block = functions[f].blocks[b]
    let tails = block.edges.reduce(into: RegisterSet()) { set, edge in
      switch edge {
      case .function(let target): set.formUnion(callee(target).passes(where: valid[f][b]))
      case .leave: set.formUnion(unknown.passes)
      case .block: break
      }
    }
    return switch block.terminator {
    case .call(let target, _): callee(target).passes(where: valid[f][b]).union(tails)
    case .callIndirect, .jumpIndirect: unknown.passes(where: valid[f][b]).union(tails)
    default: tails
    }
  }

  /// What the interpreter needs of the function's callers where it takes over inside a function:
  /// what the psABI has a function find at its entry. What the function itself has in registers by
  /// then is kept at home (`keepsAll`).
  var leaveLive: RegisterSet {
    if !convention.preempts { return unknown.reads }
    return unknown.reads.union(.gprs).subtracting(SlotPassing.passable)
      .subtracting(SlotPassing.onlyInSlots)
  }

  /// What f hands back where block `b` ends it: what is surely wanted, and results that it may have
  /// made on the way there.
  func delivered(_ f: Int, _ b: Int) -> RegisterSet {
    signatures[f].returned.intersection(
      signatures[f].surelyWanted.union(made[f][b].intersection(results)))
  }

  /// Registers whose entry value a function hands back on paths that do not write them. Flags and
  /// vector registers beyond the results are not in it: nobody reads them behind a call that may
  /// have changed them (docs/QUIRKS.md, "Unknown code"), and carrying them would cost every call. A
  /// Go function hands back XMM15, the zero register, whatever it did on the way.
  private var passedThrough: RegisterSet {
    RegisterSet.gprs.union(.results).union(convention.constant)
  }

  /// Live before the terminator of block `b` acts, behind its last instruction; `live`, at the starts of blocks, and
  /// the answer are with upper parts.
  ///
  /// - Parameter firmly: without what is only handed on to unknown code.
  func before(
    _ f: Int, _ b: Int, _ delivered: RegisterSet, firmly: Bool = false, live: (Int) -> RegisterSet
  ) -> RegisterSet {
    let returned = delivered.intersection(passedThrough.union(made[f][b]))
    func at(_ edge: FunctionFacts.Edge) -> RegisterSet {
      switch edge {
      case .block(let n): return live(n)
      case _ where functions[f].isResume: return liveBehindResume(edge).withUpperParts
      case .function(let target):
        let g = callee(target)
        return reads(g).union(returned.subtracting(g.changed.union(g.mustReturn))).withUpperParts
      case .leave: return leaveLive.withUpperParts
      }
    }
    let valid = firmly ? [] : valid[f][b]
    func reads(_ g: Signature) -> RegisterSet { g.reads(where: valid) }
    func call(_ g: Signature, _ next: FunctionFacts.Edge?) -> RegisterSet {
      let after = next.map(at) ?? []
      // What the callee changes and somebody reads behind the call, it returns.
      return after.subtracting(g.changed.union(g.mustReturn).withUpperParts).union(reads(g).withUpperParts)
    }
    switch functions[f].blocks[b].terminator {
    case .ret: return returned.union(.rsp).withUpperParts
    case .jumpIndirect:
      let own = returned.subtracting(unknown.changed)
      let unknown = (isTailExit[f][b] ? reads(unknown) : leaveLive).union(own).withUpperParts
      return functions[f].blocks[b].edges.reduce(into: unknown) { $0.formUnion(at($1)) }
    // The guest's signal handler meets what this frame hands over.
    case .leave(let address):
      return functions[f].isResume ? liveAtFrameEnd(address).withUpperParts : .rsp
    case .call(let target, let next): return call(callee(target), next)
    case .callIndirect(let next): return call(unknown, next)
    case .jump, .branch, .table:
      return functions[f].blocks[b].edges.reduce(into: RegisterSet()) { $0.formUnion(at($1)) }
    }
  }

  /// Function f has a jump to somewhere inside it that is not known: all registers matter everywhere.
  func keepsAll(_ f: Int) -> Bool {
    functions[f].blocks.indices.contains { b in
      if case .jumpIndirect = functions[f].blocks[b].terminator { return !isTailExit[f][b] }
      return false
    }
  }

  /// Live before the terminator of block `b` of function `f` acts.
  func liveBeforeTerminator(_ f: Int, _ b: Int) -> RegisterSet {
    before(f, b, delivered(f, b)) { liveIn[f][$0] }.registers
  }
}
