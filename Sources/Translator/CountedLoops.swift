// Which edges close loops, and which loops end by themselves and soon, so that they need no
// safepoint: innermost, without calls, and left by a condition on a register that every turn moves by
// a constant, or on memory that such a register walks over. A loop that waits for somebody else's
// store has no such exit.

import Discovery
import X86

struct CountedLoops {
  private let facts: FunctionFacts
  private let predecessors: [[Int]]
  private var closing: Set<[Int]> = []

  init(_ facts: FunctionFacts) {
    self.facts = facts
    var predecessors = [[Int]](repeating: [], count: facts.blocks.count)
    for (n, block) in facts.blocks.enumerated() {
      for s in block.successors { predecessors[s].append(n) }
    }
    self.predecessors = predecessors
    findClosingEdges()
  }

  var hasLoop: Bool { !closing.isEmpty }

  /// Whether the edge leads back to a block on the way to it, in one depth-first walk: every cycle has
  /// such an edge.
  func closesLoop(from: Int, to: Int) -> Bool { closing.contains([from, to]) }

  private mutating func findClosingEdges() {
    var isOpen = [Bool](repeating: false, count: facts.blocks.count)
    var isSeen = isOpen
    var path: [(block: Int, rest: [Int])] = []
    // What only the interpreter enters comes last.
    for root in facts.blocks.indices where !isSeen[root] {
      path.append((root, facts.blocks[root].successors))
      (isSeen[root], isOpen[root]) = (true, true)
      while let (block, rest) = path.last {
        guard let next = rest.last else {
          isOpen[block] = false
          path.removeLast()
          continue
        }
        path[path.count - 1].rest.removeLast()
        if isOpen[next] { closing.insert([block, next]) }
        if !isSeen[next] {
          (isSeen[next], isOpen[next]) = (true, true)
          path.append((next, facts.blocks[next].successors))
        }
      }
    }
  }

  /// Whether the loop with the back edge `latch` → `head` ends by itself.
  func endsByItself(latch: Int, head: Int) -> Bool {
    guard let body = body(latch: latch, head: head) else { return false }
    var written: RegisterSet = []
    for n in body {
      let block = facts.blocks[n]
      // A call, an exit to the interpreter, or another loop inside.
      switch block.terminator {
      case .jump, .branch: break
      default: return false
      }
      if block.effects.contains(where: { $0.transfer == .systemCall || $0.stepped }) { return false }
      for s in block.successors where body.contains(s) && s != head {
        if closesLoop(from: n, to: s) { return false }
      }
      written.formUnion(block.may)
    }
    // What every turn passes.
    for n in Set([latch, head]) where leavesLoop(n, body) {
      if exits(n, body: body, always: [latch, head], written: written) { return true }
    }
    return false
  }

  /// The natural loop, or nil where something jumps into it past its head.
  private func body(latch: Int, head: Int) -> Set<Int>? {
    var body: Set = [head, latch]
    var queue = latch == head ? [] : [latch]
    while let n = queue.popLast() {
      if n == 0 { return nil }
      for p in predecessors[n] where body.insert(p).inserted { queue.append(p) }
      if body.count > 32 { return nil }
    }
    return body
  }

  private func leavesLoop(_ n: Int, _ body: Set<Int>) -> Bool {
    guard case .branch(let taken, let next) = facts.blocks[n].terminator else { return false }
    return [taken, next].contains { if case .block(let s) = $0 { !body.contains(s) } else { true } }
  }

  /// Whether the branch that ends block `n` depends on a stepping register.
  private func exits(_ n: Int, body: Set<Int>, always: Set<Int>, written: RegisterSet) -> Bool {
    let block = facts.blocks[n]
    guard let last = block.instructions.last, last.operation == .jcc else { return false }
    let flags = block.effects[block.effects.count - 1].reads
    guard
      let k = block.effects.indices.dropLast().last(where: {
        !block.effects[$0].mayWrite.intersection(flags).isEmpty
      })
    else { return false }
    let i = block.instructions[k]
    let sources = block.effects[k].reads.intersection(.gprs)
    let isComparison = i.operation == .cmp || i.operation == .test
    if let r = step(of: i) { return isStepping(r, body, always) }
    guard isComparison, let moving = sources.first(where: { written.contains($0) }) else {
      return false
    }
    // Everything else that is compared stays as it is.
    guard sources.intersection(written) == RegisterSet(moving) else { return false }
    if isStepping(moving, body, always) {
      // `cmp [p], …` with p stepping walks over memory; so does `cmp p, [limit]` by the step.
      return true
    }
    // What is compared was loaded through a stepping register.
    return isLoadedByStepping(moving, body, always, written)
  }

  /// The register that `i` moves by a constant other than 0.
  private func step(of i: Instruction) -> Register? {
    let to = i.operands.0
    guard to.kind == .gpr, to.size >= 4 else { return nil }
    let r = Register.gpr(Int(to.number))
    switch i.operation {
    case .inc, .dec: return r
    case .add, .sub:
      return i.operands.1.kind == .immediate && i.immediate != 0 ? r : nil
    case .lea:
      let isOwn = i.base == to.number && i.index == Instruction.noRegister
      return isOwn && i.displacement != 0 ? r : nil
    default: return nil
    }
  }

  /// Written in the loop by one instruction only, which every turn passes and which steps it.
  private func isStepping(_ r: Register, _ body: Set<Int>, _ always: Set<Int>) -> Bool {
    onlyWriter(of: r, body).map { n, k in
      always.contains(n) && step(of: facts.blocks[n].instructions[k]) == r
    } ?? false
  }

  private func isLoadedByStepping(
    _ r: Register, _ body: Set<Int>, _ always: Set<Int>, _ written: RegisterSet
  ) -> Bool {
    guard let (n, k) = onlyWriter(of: r, body) else { return false }
    let i = facts.blocks[n].instructions[k]
    guard [.mov, .movzx].contains(i.operation), i.operands.1.kind == .memory else { return false }
    let moving = facts.blocks[n].effects[k].reads.intersection(.gprs).intersection(written)
      .subtracting(RegisterSet(r))
    guard let pointer = moving.first(where: { _ in true }), moving == RegisterSet(pointer) else {
      return false
    }
    return isStepping(pointer, body, always)
  }

  private func onlyWriter(of r: Register, _ body: Set<Int>) -> (block: Int, instruction: Int)? {
    var found: (block: Int, instruction: Int)?
    for n in body {
      for (k, x) in facts.blocks[n].effects.enumerated() where x.mayWrite.contains(r) {
        if found != nil { return nil }
        found = (n, k)
      }
    }
    return found
  }
}
