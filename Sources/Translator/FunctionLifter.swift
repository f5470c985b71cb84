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
  let keepsAll: Bool
  /// For the slow ways: where the guest goes on, and which fault it raised.
  var programCounterHome: Value!
  var faultHome: Value!
  /// The index of a jump table, captured where the table is read.
  var tableIndex: Value?

  /// Where a trampoline goes whose target is none of the likely ones.
  let otherwise: Function?
  /// Jumps compare their targets with the likely ones.
  let comparesTargets: Bool

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
    machine = unit.machine(self.function)
    entryRSP = self.function.parameter(convention.rspParameter)
  }

  var b: Builder { e.builder }

  /// Callee-saved registers without a place in the convention, and the direction flag, live in
  /// their VCPU slots, which are the truth at every call and at every exit.
  lazy var slotHomed = RegisterSet.calleeSaved.subtracting(unit.argumentSet)
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
      machine.writeHome(r, function.parameter(convention.parameter(place)))
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

  func liftBlock(_ n: Int) throws {
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
      e.vectorTag = i.prefixes.contains(.vex) && i.size == 32 ? e.halfTag : e.guestTag
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

  // MARK: What is known of the function, computed once

  /// Registers that have a home here.
  lazy var used: RegisterSet = signature.reads.union(ownWrites).union(calleeChanges)
    .union(signature.delivered).union(.rsp)
    .union(facts.blocks.reduce(into: RegisterSet()) { $0.formUnion($1.use) })
  lazy var countedLoops = CountedLoops(facts)
  lazy var heldPassable = analysis.heldPassable(number, meets: e.target.does(.heldRegisters))
  lazy var liveIn = analysis.liveInWithPassed(number, heldPassable)
    .map { $0.union(convention.kept) }
  lazy var ownWrites: RegisterSet = facts.blocks.reduce(into: []) { $0.formUnion($1.may) }

  /// Callee-saved registers that this frame may hold in host registers while it calls.
  lazy var kept: RegisterSet = RegisterSet.calleeSaved.intersection(unit.argumentSet)
    .intersection(signature.reads.union(ownWrites))

  /// What this frame may know better than the VCPU.
  lazy var known: RegisterSet = {
    let all = signature.reads.union(ownWrites).union(calleeChanges).subtracting(slotHomed)
    // Flags are kept up only where the interpreter may go on in the middle of a function.
    let leaves = facts.isResume || facts.blocks.contains { block in
      if case .leave = block.terminator { return true }
      return block.edges.contains { if case .leave = $0 { true } else { false } }
    }
    return leaves ? all : all.subtracting(.flags)
  }()

  lazy var calleeChanges: RegisterSet = facts.blocks.reduce(into: []) { set, block in
    switch block.terminator {
    case .call(let target, _): set.formUnion(unit.callee(target).delivered)
    case .callIndirect: set.formUnion(unit.unknown.delivered)
    default: break
    }
  }

  /// The slow ways that something goes.
  var slowBlocks: [SlowWay: LLVM.BasicBlock] = [:]
}
