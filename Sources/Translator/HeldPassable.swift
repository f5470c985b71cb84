// Where passable registers (SlotPassing.swift) are on the ways through a function: in their slots, or held, with a new
// value in a host register.
//
// A register that is held at the end of some ways to a block, and not of others, goes to its slot on the former, if
// anybody looks there behind: otherwise the latter had to load it from its slot at the function's entry, keep it, and
// store it again where somebody may look. At the head of a loop is held what all turns hold, and ways into the loop load
// it, so that no turn has to store it.

import Discovery
import X86

struct HeldPassable {
  /// By block, what is held at its end, before a call that ends it.
  private(set) var atEnd: [RegisterSet]
  private var atStart: [RegisterSet]
  /// By block, registers that somebody looks for in slots behind its start before they get new values.
  private var wanted: [RegisterSet]
  private let transfer: SlotPassing.Transfer
  private let fromSlots: RegisterSet

  /// - Parameters:
  ///   - initially: is held where the function begins.
  ///   - fromSlots: is right in its slot there.
  ///   - meets: whether edges store and load anything.
  ///   - wanted: is asked by block, with the answers for all blocks so far.
  init(
    _ facts: FunctionFacts, _ transfer: SlotPassing.Transfer, initially: RegisterSet, fromSlots: RegisterSet,
    meets: Bool, wanted looksFor: (Int, [RegisterSet]) -> RegisterSet
  ) {
    (self.transfer, self.fromSlots) = (transfer, fromSlots)
    atStart = SlotPassing.reaching(facts, transfer, initially: initially)
    wanted = .init(repeating: [], count: facts.blocks.count)
    atEnd = []
    if meets {
      meet(facts)
      facts.growBackward(&wanted, looksFor)
    }
    atEnd = facts.blocks.indices.map { transfer.atEnd($0, atStart[$0]) }
  }

  /// What the edge between two blocks stores.
  func stored(from n: Int, to next: Int) -> RegisterSet {
    transfer.behind(n, atStart[n]).subtracting(atStart[next]).intersection(wanted[next])
  }

  /// What the edge between two blocks loads.
  func loaded(from n: Int, to next: Int) -> RegisterSet {
    atStart[next].subtracting(transfer.behind(n, atStart[n])).intersection(fromSlots)
  }

  /// What a call that ends block `n` changes.
  func changed(_ n: Int) -> RegisterSet { transfer.changed(n) }

  /// Takes what only some ways hold from `atStart`.
  private mutating func meet(_ facts: FunctionFacts) {
    let loops = CountedLoops(facts)
    var all = [[Int]](repeating: [], count: facts.blocks.count)
    for (n, block) in facts.blocks.enumerated() {
      for next in block.successors { all[next].append(n) }
    }
    // Of a loop's head those that close the loop.
    let predecessors = all.enumerated().map { n, all in
      let closing = all.filter { loops.closesLoop(from: $0, to: n) }
      return closing.isEmpty ? all : closing
    }
    var again = true
    while again {
      again = false
      for n in facts.blocks.indices {
        let new = predecessors[n].reduce(atStart[n]) { $0.intersection(transfer.behind($1, atStart[$1])) }
        if new != atStart[n] { (atStart[n], again) = (new, true) }
      }
    }
  }
}

extension SignatureAnalysis {
  /// The passable registers of function f.
  ///
  /// - Parameter meets: as `HeldPassable.init` has it, for a function with an entry of its own.
  func heldPassable(_ f: Int, meets: Bool) -> HeldPassable {
    let facts = functions[f]
    let back = signatures[f].returnedInSlots
    let transfer = SlotPassing.Transfer(
      facts, SlotPassing.carried, callee: { callee($0) }, unknown, afterCall: \.delivered)
    return HeldPassable(
      facts, transfer, initially: taken(f), fromSlots: signatures[f].passes.subtracting(signatures[f].reads),
      meets: meets && !facts.isResume
    ) { b, wanted in
      let block = facts.blocks[b]
      var looked = passedBehind(f, b)
      let behind = block.edges.reduce(into: RegisterSet()) { set, edge in
        switch edge {
        case .block(let n): set.formUnion(wanted[n])
        case .function: set.formUnion(back)
        case .leave: break
        }
      }
      switch block.terminator {
      case .ret, .jumpIndirect: looked.formUnion(back)
      default: break
      }
      return behind.subtracting(transfer.changed(b)).union(looked).subtracting(block.def)
    }
  }
}
