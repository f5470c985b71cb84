// One guest function becomes one LLVM function.
//
// Control flow inside stays control flow; calls become host calls that answer the guest PC at which
// the guest goes on. That PC is compared with the return address: equal is the hot path, anything
// else hands the registers over and returns to whoever can go on (see `irregular`).

import Discovery
import LLVM
import RuntimeABI
import Semantics
import X86

final class FunctionLifter {
  let e: Emission
  let unit: TranslationUnit
  let analysis: SignatureAnalysis
  let convention: Convention
  let number: Int
  let facts: FunctionFacts
  let signature: Signature
  let function: Function
  var machine: LLVMMachine
  var blocks: [LLVM.BasicBlock] = []
  /// RSP as the function was entered: where the return address is.
  let entryRSP: Value
  private let keepsAll: Bool
  /// For the slow ways: where the guest goes on, and which fault it raised.
  private var programCounterHome: Value!
  private var faultHome: Value!
  /// The index of a jump table, captured where the table is read.
  private var tableIndex: Value?

  /// Where a trampoline goes whose target is none of the likely ones.
  private let otherwise: Function?
  /// Jumps compare their targets with the likely ones.
  private let comparesTargets: Bool

  /// - Parameters:
  ///   - function: what to fill, if not the translated function itself: a trampoline's `otherwise`.
  ///   - otherwise: what it goes on in where its target is none of the likely ones. There it has nothing but
  ///     tail calls, so that LLVM makes no frame.
  init(_ unit: TranslationUnit, number: Int, in function: Function? = nil, otherwise: Function? = nil) {
    self.otherwise = otherwise
    comparesTargets = function == nil
    self.unit = unit
    e = unit.emission
    analysis = unit.analysis
    convention = unit.convention
    self.number = number
    facts = analysis.functions[number]
    signature = unit.signature(of: number)
    keepsAll = analysis.keepsAll(number)
    self.function = function ?? unit.declare(facts.entry)
    let entry = self.function.appendBasicBlock("entry", in: e.context)
    e.builder.positionAtEnd(entry)
    machine = LLVMMachine(e, function: self.function, vcpu: self.function.parameter(0))
    entryRSP = self.function.parameter(1)
  }

  var b: Builder { e.builder }

  /// Callee-saved registers without a place in the convention, and the direction flag, live in
  /// their VCPU slots, which are the truth at every call and at every exit.
  private lazy var slotHomed = RegisterSet.calleeSaved.subtracting(unit.argumentSet)
    .union(RegisterSet(.flag(.df)))
  func isSlotHomed(_ r: Register) -> Bool {
    slotHomed.contains(r)
  }

  func lift() throws {
    e.isStrict = unit.seesFloatControl(facts)
    defer { (e.isStrict, e.isWide) = (false, false) }
    // For x86 LLVM 19 takes the attribute as a wish for FWAIT behind assembly, which raises exceptions
    // that the guest is about to clear. The operations are constrained without it.
    if e.isStrict && !e.target.isX86 {
      function.addAttribute(e.context.attribute("strictfp"))
    }
    let features = HostFeatures(facts, for: e.target)
    e.isWide = features.contains(.wide)
    if !features.isEmpty {
      let all = [features.llvm, e.target.features].filter { !$0.isEmpty }.joined(separator: ",")
      function.addAttribute(e.context.attribute(string: "target-features", all))
    }
    if let tuning = e.target.tuning {
      function.addAttribute(e.context.attribute(string: "tune-cpu", tuning))
    }
    programCounterHome = b.alloca(e.i64)
    faultHome = b.alloca(e.i64)
    machine.onFault = { [unowned self] in self.emitFault($0, $1) }
    for r in used { machine.setHome(r, inSlot: isSlotHomed(r)) }
    for (place, r) in convention.arguments.enumerated() where signature.reads.contains(r) {
      machine.writeHome(r, function.parameter(place + 1))
    }
    let fromSlots = signature.reads.subtracting(unit.argumentSet)
      .union(signature.passes.intersection(used).subtracting(signature.reads))
    for r in fromSlots where !isSlotHomed(r) { machine.writeHome(r, machine.loadSlot(r)) }
    machine.writeHome(.gpr(.rsp), entryRSP)
    for block in facts.blocks {
      blocks.append(function.appendBasicBlock("b_" + String(block.start, radix: 16), in: e.context))
    }
    b.br(blocks[0])
    for n in facts.blocks.indices { try liftBlock(n) }
    emitSlowWays()
  }

  private func liftBlock(_ n: Int) throws {
    let block = facts.blocks[n]
    b.positionAtEnd(blocks[n])
    machine.startBlock()
    tableIndex = nil
    // Flags live behind each instruction.
    var live = analysis.liveBeforeTerminator(number, n)
    var liveAfter = [RegisterSet](repeating: [], count: block.instructions.count)
    for k in block.instructions.indices.reversed() {
      liveAfter[k] = live
      let x = block.effects[k]
      live = live.subtracting(x.definitelyWrites).union(x.reads)
    }
    for (k, i) in block.instructions.enumerated() {
      // A repeated string instruction reads in the next turn what this one sets.
      let repeats = !i.prefixes.isDisjoint(with: [.rep, .repne])
      machine.liveFlags = repeats || keepsAll ? .flags : liveAfter[k].union(slotHomed)
      machine.transfer = .none
      unit.currentAddress = i.address
      if k == block.tableReader { tableIndex = machine.get(.gpr(Int(i.index))) }
      do throws(LiftError) {
        try machine.execute(i)
      } catch {
        throw TranslationError.lifting(function: facts.entry, at: i.address, error.message)
      }
      switch machine.transfer {
      case .systemCall: emitSystemCall(i)
      case .step(let i, let address, let effects): emitStep(i, address, effects)
      default: break
      }
    }
    terminate(n, block)
  }

  // MARK: Ends of blocks

  private func terminate(_ n: Int, _ block: FunctionFacts.Block) {
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
      if comparesTargets { emitJumps(to: likely, by: target, from: n) }
      if let otherwise {
        let arguments = (0...convention.arguments.count).map { function.parameter($0) }
        b.ret(b.call(otherwise, arguments, tail: LLVMTailCallKindTail))
        return
      }
      emitTailCall(unit.lookup(target, in: function, vcpu: machine.vcpu), target,
        callee: unit.unknown, from: n)
    case .call(let target, let next):
      emitCall(unit.hostFunction(target), e.i64.constInt(target), callee: unit.callee(target),
        isKnown: analysis.function(at: target) != nil, next: next, from: n)
    case .callIndirect(let next):
      guard case .call(let target) = machine.transfer else { return emitLeave(e.i64.constInt(block.start)) }
      emitCall(unit.lookup(target, in: function, vcpu: machine.vcpu), target,
        callee: unit.unknown, isKnown: true, next: next, from: n)
    case .ret:
      guard case .ret(let target) = machine.transfer else { return emitLeave(e.i64.constInt(block.start)) }
      emitReturn(target, from: n)
    case .leave(let address): emitLeave(e.i64.constInt(address))
    }
  }

  /// Compares `target` with functions that it may well be, and goes on where it is none of them.
  private func emitJumps(to likely: [UInt64], by target: Value, from n: Int) {
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
  private func go(_ edge: FunctionFacts.Edge, from n: Int) {
    switch edge {
    case .block(let target):
      if countedLoops.closesLoop(from: n, to: target)
        && !countedLoops.endsByItself(latch: n, head: target)
      {
        emitSafepoint(before: target, live: keepsAll ? .all : liveIn[target])
      }
      machine.flush(keepsAll ? .all : liveIn[target].union(slotHomed))
      b.br(blocks[target])
    case .function(let target):
      let known = analysis.function(at: target) != nil
      if !known { unit.storeRIP(e.i64.constInt(target), machine.vcpu) }
      emitTailCall(
        unit.hostFunction(target), e.i64.constInt(target), callee: unit.callee(target), from: n)
    case .leave(let address): emitLeave(e.i64.constInt(address))
    }
  }


  private func emitTable(_ targets: [UInt64: FunctionFacts.Edge], from n: Int) {
    guard case .jump(let target) = machine.transfer else {
      return emitLeave(e.i64.constInt(facts.blocks[n].start))
    }
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

  // MARK: Calls and returns

  /// The arguments of a call by the convention; what has no place goes through the VCPU.
  private func arguments(for callee: Signature, from n: Int) -> [Value] {
    for r in callee.passes.intersection(definedPassable[n]) { machine.storeSlot(r, machine.get(r)) }
    for r in callee.reads where !unit.argumentSet.contains(r) && !isSlotHomed(r) {
      machine.storeSlot(r, machine.get(r))
    }
    for r in machine.dirty where isSlotHomed(r) { machine.storeSlot(r, machine.get(r)) }
    return [machine.vcpu] + convention.arguments.map { r in
      r == .gpr(.rsp) || callee.reads.contains(r)
        ? machine.get(r) : LLVMMachine.type(of: r, e).poison
    }
  }

  private func emitCall(
    _ host: Value, _ target: Value, callee: Signature, isKnown: Bool,
    next: FunctionFacts.Edge?, from n: Int
  ) {
    let i = facts.blocks[n].instructions.last!
    if !isKnown { unit.storeRIP(target, machine.vcpu) }
    let rsp = machine.get(.gpr(.rsp))
    let result = b.call(
      host, unit.prototype, arguments(for: callee, from: n), convention: convention.callingConvention)
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

  private func takeResults(_ result: Value, _ callee: Signature) {
    machine.forget(callee.changed.union(callee.mustReturn))
    machine.forget(slotHomed)
    takeDelivered(result, callee)
    let fromSlots = callee.delivered.subtracting(unit.resultSet).subtracting(slotHomed)
    for r in fromSlots.union(callee.returnedInSlots.intersection(used)) {
      machine.set(r, machine.loadSlot(r))
    }
  }

  /// What comes back in host registers.
  private func takeDelivered(_ result: Value, _ callee: Signature) {
    for (place, r) in convention.results.enumerated() where callee.delivered.contains(r) {
      machine.set(r, b.extractValue(result, place + 1))
    }
  }

  /// Callee-saved registers that this frame may hold in host registers while it calls.
  private lazy var kept: RegisterSet = RegisterSet.calleeSaved.intersection(unit.argumentSet)
    .intersection(signature.reads.union(ownWrites))

  /// The callee did not return to behind the call: hand over and return on (`emitIrregularBlock`).
  private func emitIrregular(_ pc: Value, _ result: Value, rsp: Value, _ callee: Signature) {
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

  /// Registers that have a home here.
  private lazy var used: RegisterSet = signature.reads.union(ownWrites).union(calleeChanges)
    .union(signature.delivered).union(.rsp)
    .union(facts.blocks.reduce(into: RegisterSet()) { $0.formUnion($1.use) })
  private lazy var countedLoops = CountedLoops(facts)
  private lazy var definedPassable = analysis.definedPassable(number)
  private lazy var liveIn = analysis.liveInWithPassed(number, defined: definedPassable)
    .map { $0.union(convention.kept) }
  private lazy var ownWrites: RegisterSet = facts.blocks.reduce(into: []) { $0.formUnion($1.may) }

  /// Returns to the caller with a PC that no call expects: `unwinding` itself, which is 1. (LLVM puts
  /// constant results into memory and loads them, on hot ways, too.)
  private func returnUnwinding() {
    let unwinding = b.load(
      e.i8, machine.slotAddress(Slots.unwinding), align: 1, kind: e.tbaaKind, tag: e.vcpuTag)
    b.ret(b.insertValue(unit.resultType.poison, b.zext(unwinding, e.i64), 0))
  }

  private func results(at pc: Value) -> Value {
    var value = b.insertValue(unit.resultType.poison, pc, 0)
    for (place, r) in convention.results.enumerated() where signature.delivered.contains(r) {
      value = b.insertValue(value, machine.get(r), place + 1)
    }
    return value
  }

  private func storeResultSlots(from n: Int) {
    let delivered = signature.delivered.subtracting(unit.resultSet).subtracting(slotHomed)
    for r in delivered.union(signature.returnedInSlots.intersection(definedPassable[n])) {
      machine.storeSlot(r, machine.get(r))
    }
    for r in machine.dirty where isSlotHomed(r) { machine.storeSlot(r, machine.get(r)) }
  }

  private func emitReturn(_ target: Value, from n: Int) {
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

  private func emitTailCall(_ host: Value, _ target: Value, callee: Signature, from n: Int) {
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
    for r in signature.returnedInSlots.intersection(definedPassable[n]) {
      machine.storeSlot(r, machine.get(r))
    }
    let inSlots = own.subtracting(unit.resultSet).subtracting(slotHomed)
    let after = inSlots.intersection(callee.touched)
    for r in inSlots.subtracting(after) { machine.storeSlot(r, machine.get(r)) }
    var result = b.call(
      host, unit.prototype, arguments(for: callee, from: n), convention: convention.callingConvention,
      tail: LLVMTailCallKindTail)
    if !after.isEmpty { storeUnlessUnwinding(after) }
    for (place, r) in convention.results.enumerated() where own.contains(r) {
      result = b.insertValue(result, machine.get(r), place + 1)
    }
    let fromSlots = signature.delivered.intersection(callee.returnedInSlots)
    for (place, r) in convention.results.enumerated() where fromSlots.contains(r) {
      result = b.insertValue(result, machine.loadSlot(r), place + 1)
    }
    b.ret(result)
  }

  /// While unwinding the VCPU knows better than this frame.
  private func storeUnlessUnwinding(_ registers: RegisterSet) {
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

  // MARK: The slow ways

  // They are cold and many, so a function has each of them once: registers are left at home, and
  // the PC in a slot of its own.

  enum SlowWay: Int, CaseIterable { case irregular, leave, fault, unwind }
  private var slowBlocks: [SlowWay: LLVM.BasicBlock] = [:]

  /// Ends the block by going the slow way with `pc`.
  func branch(to way: SlowWay, pc: Value? = nil) {
    if slowBlocks[way] == nil { slowBlocks[way] = function.appendBasicBlock("\(way)", in: e.context) }
    if let pc { b.store(pc, programCounterHome, align: 8) }
    b.br(slowBlocks[way]!)
  }

  private func emitSlowWays() {
    // `irregular` ends in ways of its own; `leave` and `fault` do not lead to others.
    for way in SlowWay.allCases {
      guard let block = slowBlocks[way] else { continue }
      b.positionAtEnd(block)
      machine.startBlock()
      switch way {
      case .irregular: emitIrregularBlock()
      case .leave:
        handOver(machine)
        unit.storeRIP(b.load(e.i64, programCounterHome, align: 8), machine.vcpu)
        returnInterpreted()
      case .fault:
        handOver(machine)
        unit.storeRIP(b.load(e.i64, programCounterHome, align: 8), machine.vcpu)
        let type = IRType.function(e.i64, [e.ptr, e.i64])
        b.call(
          unit.runtime(Symbol.fault, type).value, type,
          [machine.vcpu, b.load(e.i64, faultHome, align: 8)])
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
  private func emitIrregularBlock() {
    let fresh = function.appendBasicBlock(in: e.context)
    let join = function.appendBasicBlock(in: e.context)
    let state = machine.slotAddress(Slots.unwinding)
    let unwinding = b.load(e.i8, state, align: 1, kind: e.tbaaKind, tag: e.vcpuTag)
    b.condBr(b.icmp(LLVMIntEQ, unwinding, e.i8.null), fresh, join)
    b.positionAtEnd(fresh)
    let results = unit.resultSet.intersection(calleeChanges)
    for r in kept.union(results).union(.rsp) { machine.storeSlot(r, machine.read(r)) }
    unit.storeRIP(b.load(e.i64, programCounterHome, align: 8), machine.vcpu)
    b.br(join)
    b.positionAtEnd(join)
    returnInterpreted()
  }

  /// What this frame may know better than the VCPU.
  private lazy var known: RegisterSet = {
    let all = signature.reads.union(ownWrites).union(calleeChanges).subtracting(slotHomed)
    // Flags are kept up only where the interpreter may go on in the middle of a function.
    let leaves = facts.blocks.contains { block in
      if case .leave = block.terminator { return true }
      return block.edges.contains { if case .leave = $0 { true } else { false } }
    }
    return leaves ? all : all.subtracting(.flags)
  }()

  /// Everything this frame knows goes into the VCPU.
  private func handOver(_ m: LLVMMachine) {
    for r in known { m.storeSlot(r, m.read(r)) }
    for r in m.dirty where isSlotHomed(r) { m.storeSlot(r, m.read(r)) }
  }

  private lazy var calleeChanges: RegisterSet = facts.blocks.reduce(into: []) { set, block in
    switch block.terminator {
    case .call(let target, _): set.formUnion(unit.callee(target).delivered)
    case .callIndirect: set.formUnion(unit.unknown.delivered)
    default: break
    }
  }

  /// The interpreter goes on at `pc` as this frame, and this frame returns what it comes back with.
  private func emitLeave(_ pc: Value) {
    machine.flush(known.union(slotHomed))
    branch(to: .leave, pc: pc)
  }

  private func returnInterpreted() {
    let type = IRType.function(e.i64, [e.ptr, e.i64])
    let next = b.call(unit.runtime(Symbol.interpret, type).value, type, [machine.vcpu, entryRSP])
    var value = b.insertValue(unit.resultType.poison, next, 0)
    for (place, r) in convention.results.enumerated() where signature.delivered.contains(r) {
      value = b.insertValue(value, machine.loadSlot(r), place + 1)
    }
    b.ret(value)
  }

  /// Called while an instruction is being lifted, so `machine` is not to be touched here.
  private func emitFault(_ machineThere: LLVMMachine, _ fault: Fault) {
    var m = machineThere
    m.flush(known.union(slotHomed))
    b.store(e.i64.constInt(UInt64(fault.rawValue)), faultHome, align: 8)
    branch(to: .fault, pc: e.i64.constInt(unit.currentAddress))
  }

  /// Calls a runtime function that answers whether host frames have to return.
  func callRuntime(_ name: String, _ arguments: [Value]) {
    let type = IRType.function(e.i64, [e.ptr] + arguments.map(\.type))
    let answer = b.call(unit.runtime(name, type).value, type, [machine.vcpu] + arguments)
    let go = function.appendBasicBlock(in: e.context)
    let cold = function.appendBasicBlock(in: e.context)
    e.branchCold(b.icmp(LLVMIntNE, answer, e.i64.null), cold, go)
    b.positionAtEnd(cold)
    branch(to: .unwind)
    b.positionAtEnd(go)
  }

  private func emitSystemCall(_ i: Instruction) {
    handOver(machine)
    unit.storeRIP(e.i64.constInt(i.next), machine.vcpu)
    callRuntime(Symbol.systemCall, [])
    machine.forget(slotHomed)
    machine.set(.gpr(.rax), machine.loadSlot(.gpr(.rax)))
  }

  private func emitStep(_ i: Instruction, _ address: Value?, _ x: StepEffects) {
    let reads = RegisterSet(
      gpr: x.readsGPR, flags: x.readsFlags, vectors: x.readsVector)
    let writes = RegisterSet(
      gpr: x.writesGPR, flags: x.writesFlags, vectors: x.writesVector)
    // What is written may also be left alone: its slot has to be right before.
    for r in reads.union(writes) { machine.storeSlot(r, machine.get(r)) }
    unit.storeRIP(e.i64.constInt(i.address), machine.vcpu)
    let type = IRType.function(e.i64, [e.ptr, e.i64, e.i64])
    let answer = b.call(
      unit.runtime(Symbol.step, type).value, type,
      [machine.vcpu, e.i64.constInt(i.address), address ?? e.i64.null])
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
