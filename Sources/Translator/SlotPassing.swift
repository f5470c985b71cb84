// How rare arguments reach calls whose target is not known, and functions with variable arguments.
//
// At such a call the psABI allows arguments in XMM0–XMM7 and a static chain in R10, and nearly no
// call has one. Handing all of them over in host registers would keep them alive through every function on the way, so they
// travel through their VCPU slots: a register that this function has written is stored before the
// call, and for all others the slot is right already, because every caller sees to that:
//
//   passes(f)   registers whose slot must hold the entry value: an unknown call, the
//               interpreter, or a callee that passes it on may look there
//   defined(b)  registers that may have got a new value on some way to the end of block b
//
// A caller of f stores `defined ∩ passes(f)`. What f itself computes with (`reads`) still comes in
// host registers. Slots cannot change in between: whoever stores to one has written the register,
// which makes it `changed`, and nobody relies on one of these registers behind a call that changes it.

import Discovery
import X86

struct SlotPassing {
  /// What may carry vector arguments, and the static chain (System V x86-64 psABI 1.0, 3.2.3), in
  /// the order of `CodeMap.inRegistersShift`.
  static let passableList: [Register] = (0..<8).map { .vector($0, half: 0) } + [.gpr(.r10)]
  static let passable: RegisterSet = passableList.reduce(into: []) { $0.insert($1) }

  /// By function.
  private(set) var passes: [RegisterSet]

  /// - Parameter slotReads: by function, registers that it reads from their slots at entry.
  init(
    _ functions: [FunctionFacts], slotReads: [RegisterSet], callers: [[Int]],
    callee: (UInt64) -> (number: Int?, signature: Signature)
  ) {
    passes = slotReads
    var live: [[RegisterSet]] = functions.map { .init(repeating: [], count: $0.blocks.count) }
    var queue = Array(functions.indices)
    var queued = [Bool](repeating: true, count: functions.count)
    while let f = queue.popLast() {
      queued[f] = false
      let found = slotReads[f].union(entryLiveness(functions[f], &live[f], callee))
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
    callee(target).number.map { passes[$0] } ?? Self.passable
  }

  private func entryLiveness(
    _ facts: FunctionFacts, _ live: inout [RegisterSet],
    _ callee: (UInt64) -> (number: Int?, signature: Signature)
  ) -> RegisterSet {
    var again = true
    while again {
      again = false
      for (b, block) in facts.blocks.enumerated().reversed() {
        func at(_ edge: FunctionFacts.Edge) -> RegisterSet {
          switch edge {
          case .block(let n): live[n]
          case .function(let target): passed(target, callee)
          case .leave: Self.passable
          }
        }
        let out: RegisterSet =
          switch block.terminator {
          case .ret, .leave: []
          case .jumpIndirect, .callIndirect: Self.passable
          case .call(let target, let next):
            (next.map(at) ?? []).subtracting(callee(target).signature.changed)
              .union(passed(target, callee))
          case .jump, .branch, .table: block.edges.reduce(into: []) { $0.formUnion(at($1)) }
          }
        let new = out.subtracting(block.def).union(live[b])
        if new != live[b] {
          live[b] = new
          again = true
        }
      }
    }
    return live.first ?? []
  }

  /// For each block of a function: registers that may hold values of its own where the block ends.
  /// What a callee has changed is none, except for results.
  static func defined(
    _ facts: FunctionFacts, callee: (UInt64) -> Signature, _ unknown: Signature,
    results: RegisterSet
  ) -> [RegisterSet] {
    var atStart = [RegisterSet](repeating: [], count: facts.blocks.count)
    var atEnd = atStart
    var again = true
    while again {
      again = false
      for (b, block) in facts.blocks.enumerated() {
        atEnd[b] = atStart[b].union(block.may)
        var out = atEnd[b]
        let signature: Signature? =
          switch block.terminator {
          case .call(let target, _): callee(target)
          case .callIndirect: unknown
          default: nil
          }
        if let changed = signature?.changed {
          out = out.subtracting(changed).union(changed.intersection(results))
        }
        for n in block.successors where !atStart[n].isSuperset(of: out) {
          atStart[n].formUnion(out)
          again = true
        }
      }
    }
    return atEnd
  }

  /// All eight are read before anything is called: the prologue of a function with variable
  /// arguments, which looks at them only when AL says so. They come in slots.
  static func slotReads(_ facts: FunctionFacts) -> RegisterSet {
    let vectors = passable.intersection(.vectors)
    var live = [RegisterSet](repeating: [], count: facts.blocks.count)
    var again = true
    while again {
      again = false
      for (b, block) in facts.blocks.enumerated().reversed() {
        let ends = block.terminator.isCall
        let out = ends ? [] : block.successors.reduce(into: RegisterSet()) { $0.formUnion(live[$1]) }
        let new = block.use.union(out.subtracting(block.def)).intersection(passable)
        if new != live[b] {
          live[b] = new
          again = true
        }
      }
    }
    return live.first?.intersection(.vectors) == vectors ? vectors : []
  }
}
