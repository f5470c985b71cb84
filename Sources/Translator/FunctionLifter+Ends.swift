// Where a block goes on: jumps, branches, jump tables.

import Discovery
import LLVM
import RuntimeABI
import Semantics
import X86

extension FunctionLifter {
  func terminate(_ n: Int, _ block: FunctionFacts.Block) {
    switch block.terminator {
    case .jump(let edge): go(edge, from: n)
    case .branch(let taken, let next):
      guard case .branch(let condition, _) = machine.transfer else {
        return emitLeave(e.i64.constInt(block.instructions.last?.address ?? block.start))
      }
      let yes = function.appendBasicBlock(in: e.context)
      let no = function.appendBasicBlock(in: e.context)
      b.condBr(condition, yes, no)
      let saved = machine
      b.positionAtEnd(yes)
      go(taken, from: n)
      machine = saved
      b.positionAtEnd(no)
      go(next, from: n)
    case .table(let targets): emitTable(targets, from: n)
    case .jumpIndirect(let likely):
      guard case .jump(let target) = machine.transfer else { return emitLeave(e.i64.constInt(block.start)) }
      if facts.isResume { return emitLeave(target) }
      if comparesTargets { emitJumps(to: likely, by: target, from: n) }
      if let otherwise {
        let arguments = convention.parameters.map { function.parameter($0) }
        b.ret(unit.call(otherwise.value, arguments, tail: convention.tailCall))
        return
      }
      emitTailCall(unit.lookup(target, in: function, machine), target,
        callee: unit.unknown, isFound: true, from: n)
    case .call(let target, let next):
      emitCall(unit.hostFunction(target), e.i64.constInt(target), callee: unit.callee(target),
        isKnown: analysis.function(at: target) != nil, isFound: false, next: next, from: n)
    case .callIndirect(let next):
      guard case .call(let target) = machine.transfer else { return emitLeave(e.i64.constInt(block.start)) }
      emitCall(unit.lookup(target, in: function, machine), target,
        callee: unit.unknown, isKnown: true, isFound: true, next: next, from: n)
    case .ret:
      guard case .ret(let target) = machine.transfer else { return emitLeave(e.i64.constInt(block.start)) }
      emitReturn(target, from: n)
    case .leave(let address): emitLeave(e.i64.constInt(address))
    }
  }

  /// Compares `target` with functions that it may well be, and goes on where it is none of them.
  func emitJumps(to likely: [UInt64], by target: Value, from n: Int) {
    for candidate in likely {
      let same = function.appendBasicBlock(in: e.context)
      let other = function.appendBasicBlock(in: e.context)
      e.branchCold(b.icmp(LLVMIntNE, target, e.i64.constInt(candidate)), other, same)
      let saved = machine
      b.positionAtEnd(same)
      go(.function(candidate), from: n)
      machine = saved
      b.positionAtEnd(other)
    }
  }

  /// Follows an edge out of block `n`; one that closes a loop is a safepoint.
  func go(_ edge: FunctionFacts.Edge, from n: Int) {
    switch edge {
    case .block(let target):
      for r in heldPassable.stored(from: n, to: target) { machine.storeSlot(r, machine.get(r)) }
      for r in heldPassable.loaded(from: n, to: target).intersection(used) { machine.set(r, machine.loadSlot(r)) }
      if countedLoops.closesLoop(from: n, to: target)
        && !countedLoops.endsByItself(latch: n, head: target)
      {
        emitSafepoint(before: target, live: keepsAll ? .all : liveIn[target])
      }
      machine.flush(keepsAll ? .all : liveIn[target].union(slotHomed))
      b.br(blocks[target])
    case .function(let target) where facts.isResume: emitLeave(e.i64.constInt(target))
    case .function(let target):
      let known = analysis.function(at: target) != nil
      if !known { unit.storeRIP(e.i64.constInt(target), machine) }
      emitTailCall(
        unit.hostFunction(target), e.i64.constInt(target), callee: unit.callee(target), isFound: false, from: n)
    case .leave(let address): emitLeave(e.i64.constInt(address))
    }
  }

  func emitTable(_ targets: [UInt64: FunctionFacts.Edge], from n: Int) {
    guard case .jump(let target) = machine.transfer else {
      return emitLeave(e.i64.constInt(facts.blocks[n].start))
    }
    // Compilers leave the address in a register, which is a constant in each case.
    let holding = (0..<16).map(Register.gpr).filter { used.contains($0) && machine.get($0) == target }
    let addresses = Dictionary(grouping: targets.keys) { targets[$0]! }
    let saved = machine
    let other = function.appendBasicBlock(in: e.context)
    var entries: [FunctionFacts.Edge: LLVM.BasicBlock] = [:]
    func block(for edge: FunctionFacts.Edge) -> LLVM.BasicBlock {
      if let known = entries[edge] { return known }
      let here = b.insertBlock!
      let new = function.appendBasicBlock(in: e.context)
      entries[edge] = new
      b.positionAtEnd(new)
      machine = saved
      if let address = addresses[edge], address.count == 1 {
        for r in holding { machine.set(r, e.i64.constInt(address[0])) }
      }
      go(edge, from: n)
      b.positionAtEnd(here)
      return new
    }
    if let index = tableIndex, let table = facts.blocks[n].table {
      let cases = table.targets.enumerated().compactMap { k, address in
        targets[address].map { (UInt64(k), $0) }
      }
      let branch = b.switchOn(index, default: other, cases: cases.count)
      for (value, edge) in cases { branch.addCase(e.i64.constInt(value), block(for: edge)) }
    } else {
      let branch = b.switchOn(target, default: other, cases: targets.count)
      for (address, edge) in targets.sorted(by: { $0.key < $1.key }) {
        branch.addCase(e.i64.constInt(address), block(for: edge))
      }
    }
    b.positionAtEnd(other)
    machine = saved
    emitLeave(target)
  }
}
