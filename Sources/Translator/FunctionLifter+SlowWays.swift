// The slow ways: out of translated code, to the interpreter or with a fault, and steps.
//
// They are cold and many, so a function has each of them once: registers are left at home, and
// the PC in a slot of its own.

import Discovery
import LLVM
import RuntimeABI
import Semantics
import X86

extension FunctionLifter {
  enum SlowWay: Int, CaseIterable { case irregular, leave, fault, unwind }

  /// Ends the block by going the slow way with `pc`.
  func branch(to way: SlowWay, pc: Value? = nil) {
    if slowBlocks[way] == nil { slowBlocks[way] = function.appendBasicBlock("\(way)", in: e.context) }
    if let pc { b.store(pc, programCounterHome, align: 8) }
    b.br(slowBlocks[way]!)
  }

  func emitSlowWays() {
    // `irregular` ends in ways of its own; `leave` and `fault` do not lead to others.
    for way in SlowWay.allCases {
      guard let block = slowBlocks[way] else { continue }
      b.positionAtEnd(block)
      machine.startBlock()
      switch way {
      case .irregular: emitIrregularBlock()
      case .leave:
        handOver(machine)
        unit.storeRIP(b.load(e.i64, programCounterHome, align: 8), machine)
        returnInterpreted()
      case .fault:
        handOver(machine)
        unit.storeRIP(b.load(e.i64, programCounterHome, align: 8), machine)
        unit.callRuntime(Symbol.fault, [machine.vcpu, b.load(e.i64, faultHome, align: 8)])
        returnInterpreted()
      case .unwind: returnUnwinding()
      }
    }
  }

  /// A call came back elsewhere.
  ///
  /// Fresh: the callee returned, but not to behind the call; its results and what this frame has
  /// changed go into the VCPU. In both cases the interpreter decides: if the guest is still inside
  /// this frame (it jumped to a landing pad or back to a setjmp), it goes on as this frame and
  /// returns for it; if not, the host frame returns, too.
  func emitIrregularBlock() {
    let fresh = function.appendBasicBlock(in: e.context)
    let join = function.appendBasicBlock(in: e.context)
    let state = machine.slotAddress(Slots.unwinding)
    let unwinding = b.load(e.i8, state, align: 1, kind: e.tbaaKind, tag: e.vcpuTag)
    b.condBr(b.icmp(LLVMIntEQ, unwinding, e.i8.null), fresh, join)
    b.positionAtEnd(fresh)
    let results = unit.resultSet.intersection(calleeChanges)
    for r in kept.union(results).union(.rsp) { machine.storeSlot(r, machine.read(r)) }
    unit.storeRIP(b.load(e.i64, programCounterHome, align: 8), machine)
    b.br(join)
    b.positionAtEnd(join)
    returnInterpreted()
  }

  /// Everything this frame knows goes into the VCPU.
  func handOver(_ m: LLVMMachine) {
    for r in known { m.storeSlot(r, m.read(r)) }
    for r in m.dirty where isSlotHomed(r) { m.storeSlot(r, m.read(r)) }
  }

  /// The interpreter goes on at `pc` as this frame, and this frame returns what it comes back with.
  func emitLeave(_ pc: Value) {
    machine.flush(known.union(slotHomed))
    branch(to: .leave, pc: pc)
  }

  func returnInterpreted() {
    if facts.isResume { return returnToInterpreter() }
    let next = unit.callRuntime(Symbol.interpret, [machine.vcpu, entryRSP])
    var value = unit.result(of: function, at: next)
    for (place, r) in convention.results.enumerated() where signature.delivered.contains(r) {
      value = b.insertValue(value, machine.loadSlot(r), place + 1)
    }
    b.ret(value)
  }

  /// What began in the middle of a frame was entered by the interpreter, which goes on where the VCPU
  /// says, as that frame.
  private func returnToInterpreter() {
    b.store(
      e.i8.constInt(1), machine.slotAddress(Slots.unwinding), align: 1, kind: e.tbaaKind,
      tag: e.vcpuTag)
    returnUnwinding()
  }

  /// Called while an instruction is being lifted, so `machine` is not to be touched here.
  func emitFault(_ machineThere: LLVMMachine, _ fault: Fault) {
    var m = machineThere
    m.flush(known.union(slotHomed))
    b.store(e.i64.constInt(UInt64(fault.rawValue)), faultHome, align: 8)
    branch(to: .fault, pc: e.i64.constInt(unit.currentAddress))
  }

  /// Calls a runtime function that answers whether host frames have to return.
  func callRuntime(_ name: String, _ arguments: [Value]) {
    let answer = unit.callRuntime(name, [machine.vcpu] + arguments)
    let go = function.appendBasicBlock(in: e.context)
    let cold = function.appendBasicBlock(in: e.context)
    e.branchCold(b.icmp(LLVMIntNE, answer, e.i64.null), cold, go)
    b.positionAtEnd(cold)
    branch(to: .unwind)
    b.positionAtEnd(go)
  }

  func emitSystemCall(_ i: Instruction) {
    handOver(machine)
    unit.storeRIP(e.i64.constInt(i.next), machine)
    callRuntime(Symbol.systemCall, [])
    machine.forget(slotHomed)
    machine.set(.gpr(.rax), machine.loadSlot(.gpr(.rax)))
  }

  func emitStep(_ i: Instruction, _ address: Value?, _ x: StepEffects) {
    let reads = RegisterSet(
      gpr: x.readsGPR, flags: x.readsFlags, vectors: x.readsVector)
    let writes = RegisterSet(
      gpr: x.writesGPR, flags: x.writesFlags, vectors: x.writesVector)
    // What is written may also be left alone: its slot has to be right before.
    for r in reads.union(writes) { machine.storeSlot(r, machine.get(r)) }
    unit.storeRIP(e.i64.constInt(i.address), machine)
    let answer = unit.callRuntime(
      Symbol.step, [machine.vcpu, e.i64.constInt(i.address), address ?? e.i64.null])
    let go = function.appendBasicBlock(in: e.context)
    let cold = function.appendBasicBlock(in: e.context)
    e.branchCold(b.icmp(LLVMIntNE, answer, e.i64.null), cold, go)
    let saved = machine
    b.positionAtEnd(cold)
    machine.flush(known.union(slotHomed))
    b.store(b.sub(answer, e.i64.constInt(1)), faultHome, align: 8)
    branch(to: .fault, pc: e.i64.constInt(i.address))
    b.positionAtEnd(go)
    machine = saved
    for r in writes { machine.set(r, machine.loadSlot(r)) }
  }
}
