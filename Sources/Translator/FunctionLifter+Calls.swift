// Calls, returns and tail calls.

import Discovery
import LLVM
import RuntimeABI
import Semantics
import X86

extension FunctionLifter {
  /// The arguments of a call by the convention; what has no place goes through the VCPU.
  func arguments(for callee: Signature, from n: Int) -> [Value] {
    let valid = analysis.valid[number][n]
    let reads = callee.reads(where: valid)
    for r in callee.passes(where: valid).intersection(heldPassable.atEnd[n]) { machine.storeSlot(r, machine.get(r)) }
    for r in reads where !unit.argumentSet.contains(r) && !isSlotHomed(r) {
      machine.storeSlot(r, machine.get(r))
    }
    for r in machine.dirty where isSlotHomed(r) { machine.storeSlot(r, machine.get(r)) }
    let registers = convention.arguments.map { r in
      reads.contains(r) ? machine.get(r) : LLVMMachine.type(of: r, e).poison
    }
    return unit.operands(machine, registers)
  }

  func emitCall(
    _ host: Value, _ target: Value, callee: Signature, isKnown: Bool, isFound: Bool,
    next: FunctionFacts.Edge?, from n: Int
  ) {
    let i = facts.blocks[n].instructions.last!
    if !isKnown { unit.storeRIP(target, machine) }
    let rsp = machine.get(.gpr(.rsp))
    var operands = arguments(for: callee, from: n)
    if isFound { operands = unit.operands(operands, found: target) }
    let result = unit.call(host, operands)
    let programCounter = b.extractValue(result, 0)
    // Nothing is known to be behind the call: if it returns, the interpreter goes on there.
    guard let next else { return emitIrregular(programCounter, result, rsp: rsp, callee) }
    let regular = function.appendBasicBlock(in: e.context)
    let cold = function.appendBasicBlock(in: e.context)
    let differs = b.icmp(LLVMIntNE, programCounter, e.i64.constInt(i.next))
    e.branchCold(differs, cold, regular)

    let before = machine
    b.positionAtEnd(cold)
    emitIrregular(programCounter, result, rsp: rsp, callee)

    machine = before
    b.positionAtEnd(regular)
    takeResults(result, callee)
    machine.set(.gpr(.rsp), b.add(rsp, e.i64.constInt(8)))
    go(next, from: n)
  }

  func takeResults(_ result: Value, _ callee: Signature) {
    machine.forget(callee.changed.union(callee.mustReturn))
    machine.forget(slotHomed)
    takeDelivered(result, callee)
    let fromSlots = callee.delivered.subtracting(unit.resultSet).subtracting(slotHomed)
    for r in fromSlots.union(callee.returnedInSlots.intersection(used)) {
      machine.set(r, machine.loadSlot(r))
    }
  }

  /// What comes back in host registers.
  func takeDelivered(_ result: Value, _ callee: Signature) {
    for (place, r) in convention.results.enumerated() where callee.delivered.contains(r) {
      machine.set(r, b.extractValue(result, place + 1))
    }
  }

  /// The callee did not return to behind the call: hand over and return on (`emitIrregularBlock`).
  func emitIrregular(_ pc: Value, _ result: Value, rsp: Value, _ callee: Signature) {
    takeDelivered(result, callee)
    for r in callee.returnedInSlots.intersection(calleeChanges) {
      machine.set(r, machine.loadSlot(r))
    }
    machine.set(.gpr(.rsp), b.add(rsp, e.i64.constInt(8)))
    // While unwinding the VCPU is right about all that the callee touches or was given to keep; this
    // frame adds what only it holds.
    for r in kept.subtracting(callee.touched).subtracting(convention.kept) { machine.storeSlot(r, machine.read(r)) }
    machine.flush(kept.union(.results).union(.rsp))
    branch(to: .irregular, pc: pc)
  }

  /// Returns to the caller with a PC that no call expects: `unwinding` itself, which is 1. (LLVM puts
  /// constant results into memory and loads them, on hot ways, too.)
  func returnUnwinding() {
    let unwinding = b.load(
      e.i8, machine.slotAddress(Slots.unwinding), align: 1, kind: e.tbaaKind, tag: e.vcpuTag)
    b.ret(unit.result(of: function, at: b.zext(unwinding, e.i64)))
  }

  func results(at pc: Value) -> Value {
    var value = unit.result(of: function, at: pc)
    for (place, r) in convention.results.enumerated() where signature.delivered.contains(r) {
      value = b.insertValue(value, machine.get(r), place + 1)
    }
    return value
  }

  func storeResultSlots(from n: Int) {
    let delivered = signature.delivered.subtracting(unit.resultSet).subtracting(slotHomed)
    for r in delivered.union(signature.returnedInSlots.intersection(heldPassable.atEnd[n])) {
      machine.storeSlot(r, machine.get(r))
    }
    for r in machine.dirty where isSlotHomed(r) { machine.storeSlot(r, machine.get(r)) }
  }

  func emitReturn(_ target: Value, from n: Int) {
    let regular = function.appendBasicBlock(in: e.context)
    let cold = function.appendBasicBlock(in: e.context)
    let expected = b.add(entryRSP, e.i64.constInt(8))
    e.branchCold(b.icmp(LLVMIntNE, machine.get(.gpr(.rsp)), expected), cold, regular)
    let saved = machine
    b.positionAtEnd(cold)
    emitLeave(target)
    b.positionAtEnd(regular)
    machine = saved
    storeResultSlots(from: n)
    b.ret(results(at: target))
  }

  func emitTailCall(_ host: Value, _ target: Value, callee: Signature, isFound: Bool, from n: Int) {
    let regular = function.appendBasicBlock(in: e.context)
    let cold = function.appendBasicBlock(in: e.context)
    e.branchCold(b.icmp(LLVMIntNE, machine.get(.gpr(.rsp)), entryRSP), cold, regular)
    let saved = machine
    b.positionAtEnd(cold)
    emitLeave(target)
    b.positionAtEnd(regular)
    machine = saved
    // Results that the callee does not deliver are this frame's to store: before the call, unless
    // the callee uses their slots for values of its own.
    let own = signature.delivered.subtracting(callee.changed.union(callee.mustReturn))
    for r in signature.returnedInSlots.intersection(heldPassable.atEnd[n]) {
      machine.storeSlot(r, machine.get(r))
    }
    let inSlots = own.subtracting(unit.resultSet).subtracting(slotHomed)
    let after = inSlots.intersection(callee.touched)
    for r in inSlots.subtracting(after) { machine.storeSlot(r, machine.get(r)) }
    let fromSlots = signature.delivered.intersection(callee.returnedInSlots)
    let isLast = after.isEmpty && own.union(fromSlots).intersection(unit.resultSet).isEmpty
    var operands = arguments(for: callee, from: n)
    if isFound { operands = unit.operands(operands, found: target) }
    var result = unit.call(host, operands, tail: isLast ? convention.tailCall : LLVMTailCallKindNone)
    if !after.isEmpty { storeUnlessUnwinding(after) }
    for (place, r) in convention.results.enumerated() where own.contains(r) {
      result = b.insertValue(result, machine.get(r), place + 1)
    }
    for (place, r) in convention.results.enumerated() where fromSlots.contains(r) {
      result = b.insertValue(result, machine.loadSlot(r), place + 1)
    }
    b.ret(result)
  }

  /// While unwinding the VCPU knows better than this frame.
  func storeUnlessUnwinding(_ registers: RegisterSet) {
    let store = function.appendBasicBlock(in: e.context)
    let done = function.appendBasicBlock(in: e.context)
    let unwinding = b.load(
      e.i8, machine.slotAddress(Slots.unwinding), align: 1, kind: e.tbaaKind, tag: e.vcpuTag)
    let values = registers.map { ($0, machine.get($0)) }
    e.branchCold(b.icmp(LLVMIntNE, unwinding, e.i8.null), done, store)
    b.positionAtEnd(store)
    for (r, value) in values { machine.storeSlot(r, value) }
    b.br(done)
    b.positionAtEnd(done)
  }
}
