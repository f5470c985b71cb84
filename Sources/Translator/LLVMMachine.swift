// The machine that turns meanings into LLVM IR.
//
// Inside one basic block registers are SSA values in `cache`; between blocks they are in their
// `home`: an alloca that LLVM promotes, or, for callee-saved registers without a place in the
// calling convention, their VCPU slot (which is the truth at every call). Flags are `i1`.

import LLVM
import Semantics
import X86

/// Nothing can fail while IR is built: what cannot be translated becomes a leave or a fault in IR.
/// (An empty enum here would be `Never`, which crashes the Swift 6.3.1 compiler as a typed error.)
struct LiftError: Error { var message: String }

struct LLVMMachine: X86Machine {
  typealias Failure = LiftError
  typealias Flag = IRFlag
  typealias Carrier = Value
  typealias W8 = IRWord<Bits8>
  typealias W16 = IRWord<Bits16>
  typealias W32 = IRWord<Bits32>
  typealias W64 = IRWord<Bits64>
  typealias W128 = IRWord<Bits128>
  typealias V = IRVector

  /// How an instruction ended, for the function lifter.
  enum Transfer {
    case none
    case jump(Value), jumpDirect(UInt64)
    case branch(Value, to: UInt64)
    case call(Value), callDirect(UInt64)
    case ret(Value)
    case systemCall
    case step(Instruction, address: Value?, StepEffects)
  }

  let e: Emission
  let function: Function
  /// Where the slots are: the VCPU pointer, or the same in an address space of the host's segments.
  private let slots: Value
  private let isSegment: Bool
  private(set) var homes: [Value?]
  private(set) var cache: [Value?]
  private(set) var dirty: RegisterSet = []
  /// Flags that somebody may read after the current instruction.
  var liveFlags: RegisterSet = .flags
  var transfer = Transfer.none
  /// How many loops were built, for `when` to see whether its body has one.
  private var loops = 0
  /// Emits the fault path: called with the builder in a cold block; must terminate it.
  var onFault: ((LLVMMachine, Fault) -> Void)?

  init(_ e: Emission, function: Function, vcpu: Value) {
    self.init(e, function: function, slots: vcpu, isSegment: false)
  }
  init(_ e: Emission, function: Function, slots: Value) {
    self.init(e, function: function, slots: slots, isSegment: true)
  }
  private init(_ e: Emission, function: Function, slots: Value, isSegment: Bool) {
    self.e = e
    self.function = function
    self.slots = slots
    self.isSegment = isSegment
    homes = .init(repeating: nil, count: Register.count)
    cache = .init(repeating: nil, count: Register.count)
  }

  var b: Builder { e.builder }

  // MARK: Registers

  static func type(of r: Register, _ e: Emission) -> IRType {
    r.isGPR ? e.i64 : r.isFlag ? e.i1 : e.v2i64
  }

  func slotAddress(_ offset: Int) -> Value {
    b.inBoundsGEP(e.i8, slots, e.i64.constInt(UInt64(offset)))
  }
  /// The VCPU pointer, for the runtime.
  var vcpu: Value {
    guard isSegment else { return slots }
    return b.load(e.ptr, slotAddress(Slots.address), align: 8, kind: e.tbaaKind, tag: e.vcpuTag)
  }

  /// Reads a register's VCPU slot.
  func loadSlot(_ r: Register) -> Value {
    let address = slotAddress(r.offset)
    if r.isFlag {
      return b.trunc(b.load(e.i8, address, align: 1, kind: e.tbaaKind, tag: e.vcpuTag), e.i1)
    }
    return b.load(Self.type(of: r, e), address, align: 8, kind: e.tbaaKind, tag: e.vcpuTag)
  }

  func storeSlot(_ r: Register, _ value: Value) {
    let address = slotAddress(r.offset)
    let stored = r.isFlag ? b.zext(value, e.i8) : value
    b.store(stored, address, align: r.isFlag ? 1 : 8, kind: e.tbaaKind, tag: e.vcpuTag)
  }

  /// Gives `r` an alloca (in the entry block, where the builder stands) or its VCPU slot as home.
  mutating func setHome(_ r: Register, inSlot: Bool) {
    homes[r.index] = inSlot ? nil : b.alloca(Self.type(of: r, e))
  }

  func read(_ r: Register) -> Value {
    if let value = cache[r.index] { return value }
    if let home = homes[r.index] {
      return b.load(Self.type(of: r, e), home, align: 8)
    }
    return loadSlot(r)
  }

  mutating func get(_ r: Register) -> Value {
    if let value = cache[r.index] { return value }
    let value = read(r)
    cache[r.index] = value
    return value
  }

  mutating func set(_ r: Register, _ value: Value) {
    cache[r.index] = value
    dirty.insert(r)
  }

  /// Drops what is known of `registers`: their homes hold the truth.
  mutating func forget(_ registers: RegisterSet) {
    for r in registers {
      cache[r.index] = nil
      dirty.remove(r)
    }
  }

  /// Writes dirty registers among `kept` to their homes; the others are dead.
  mutating func flush(_ kept: RegisterSet = .all) {
    for r in dirty where kept.contains(r) { writeHome(r, cache[r.index]!) }
    dirty = []
  }

  func writeHome(_ r: Register, _ value: Value) {
    if let home = homes[r.index] {
      b.store(value, home, align: 8)
    } else {
      storeSlot(r, value)
    }
  }

  /// At a block's start: nothing is known, everything is at home.
  mutating func startBlock() {
    cache = .init(repeating: nil, count: Register.count)
    dirty = []
  }

  subscript(gpr: GPR) -> W64 {
    get { W64(value: read(.gpr(gpr))) }
    set { set(.gpr(gpr), newValue.carrier) }
  }
  func flag(_ flag: StatusFlag) -> IRFlag { IRFlag(read(.flag(flag))) }
  mutating func set(_ flag: StatusFlag, _ value: @autoclosure () -> IRFlag) {
    let r = Register.flag(flag)
    if liveFlags.contains(r) {
      set(r, value().value)
    }
  }
  func vector(_ number: UInt8, half: Int) -> IRVector {
    IRVector(read(.vector(Int(number), half: half)))
  }
  mutating func setVector(_ number: UInt8, half: Int, _ value: IRVector) {
    set(.vector(Int(number), half: half), value.canonical)
  }
  func segmentBase(_ segment: UInt8) -> W64 {
    W64(value: b.load(e.i64, segmentAddress(segment), align: 8, kind: e.tbaaKind, tag: e.vcpuTag))
  }
  mutating func setSegmentBase(_ segment: UInt8, _ value: W64) {
    b.store(value.carrier, segmentAddress(segment), align: 8, kind: e.tbaaKind, tag: e.vcpuTag)
  }
  private func segmentAddress(_ segment: UInt8) -> Value {
    slotAddress(segment == 4 ? Slots.fsBase : Slots.gsBase)
  }

  // MARK: Memory

  private func pointer(_ address: W64) -> Value { b.intToPtr(address.carrier, e.ptr) }

  mutating func load<W: Word>(_ type: W.Type, at address: W64) throws(LiftError) -> W
  where W.Carrier == Value, W.Flag == IRFlag {
    wrap(b.load(e.context.int(W.bits), pointer(address), align: 1, kind: e.tbaaKind, tag: e.guestTag))
  }
  mutating func store<W: Word>(_ value: W, at address: W64) throws(LiftError)
  where W.Carrier == Value, W.Flag == IRFlag {
    b.store(value.carrier, pointer(address), align: 1, kind: e.tbaaKind, tag: e.guestTag)
  }
  mutating func loadVector(at address: W64, alignment: Int) throws(LiftError) -> IRVector {
    try checkAlignment(of: address, alignment)
    return IRVector(
      b.load(
        e.v2i64, pointer(address), align: hostAlignment(alignment), kind: e.tbaaKind,
        tag: e.vectorTag))
  }
  mutating func storeVector(_ value: IRVector, at address: W64, alignment: Int) throws(LiftError) {
    try checkAlignment(of: address, alignment)
    b.store(
      value.value, pointer(address), align: hostAlignment(alignment), kind: e.tbaaKind,
      tag: e.vectorTag)
  }
  /// An x86 host raises #GP itself, by the instructions that LLVM takes for aligned vectors.
  private func hostAlignment(_ alignment: Int) -> Int {
    e.target.isX86 ? alignment : 1
  }
  private mutating func checkAlignment(of address: W64, _ alignment: Int) throws(LiftError) {
    guard e.target.checksAlignment, alignment > 1 else { return }
    try fault(.generalProtection, if: !(address & W64(UInt64(alignment - 1))).isZero)
  }

  // MARK: Decisions

  func select<W: Word>(_ condition: IRFlag, _ yes: W, _ no: W) -> W
  where W.Carrier == Value, W.Flag == IRFlag {
    wrap(b.select(condition.value, yes.carrier, no.carrier))
  }
  func select(_ condition: IRFlag, _ yes: IRFlag, _ no: IRFlag) -> IRFlag {
    IRFlag(b.select(condition.value, yes.value, no.value))
  }
  func select(_ condition: IRFlag, _ yes: IRVector, _ no: IRVector) -> IRVector {
    IRVector(b.select(condition.value, yes.canonical, no.canonical))
  }

  mutating func when(_ condition: IRFlag, _ body: (inout Self) throws(LiftError) -> Void)
    throws(LiftError)
  {
    if let known = condition.value.constantValue {
      if known != 0 { try body(&self) }
      return
    }
    let before = self
    let from = b.insertBlock!
    let inside = function.appendBasicBlock(in: e.context)
    let done = function.appendBasicBlock(in: e.context)
    let branch = b.condBr(condition.value, inside, done)
    b.positionAtEnd(inside)
    try body(&self)
    if loops != before.loops {
      // The body has flushed: both ways arrive with everything at home.
      flush()
      b.br(done)
      b.positionBefore(branch)
      for r in before.dirty { writeHome(r, before.cache[r.index]!) }
      b.positionAtEnd(done)
      startBlock()
      return
    }
    let end = b.insertBlock!
    b.br(done)
    b.positionAtEnd(done)
    for n in 0..<Register.count where cache[n] != before.cache[n] {
      let r = Register(index: n)
      guard let inner = cache[n], dirty.contains(r) else {
        // Only read inside: its value does not dominate what follows.
        cache[n] = before.cache[n]
        continue
      }
      let outer: Value
      if let known = before.cache[n] {
        outer = known
      } else {
        b.positionBefore(branch)
        outer = before.read(r)
        b.positionAtEnd(done)
      }
      let phi = b.phi(outer.type)
      phi.addIncoming(outer, from: from)
      phi.addIncoming(inner, from: end)
      cache[n] = phi
    }
  }

  mutating func loop(_ body: (inout Self) throws(LiftError) -> IRFlag) throws(LiftError) {
    loops += 1
    flush()
    startBlock()
    let head = function.appendBasicBlock(in: e.context)
    let done = function.appendBasicBlock(in: e.context)
    b.br(head)
    b.positionAtEnd(head)
    let again = try body(&self)
    flush()
    startBlock()
    b.condBr(again.value, head, done)
    b.positionAtEnd(done)
  }

  mutating func fault(_ fault: Fault, if condition: IRFlag) throws(LiftError) {
    if condition.value.constantValue == 0 { return }
    let cold = function.appendBasicBlock(in: e.context)
    let hot = function.appendBasicBlock(in: e.context)
    e.branchCold(condition.value, cold, hot)
    b.positionAtEnd(cold)
    onFault?(self, fault)
    b.positionAtEnd(hot)
  }

  // MARK: Atomics

  mutating func atomic<W: Word>(_ operation: AtomicOperation, _ operand: W, at address: W64)
    throws(LiftError) -> W where W.Carrier == Value, W.Flag == IRFlag
  {
    let op =
      switch operation {
      case .exchange: LLVMAtomicRMWBinOpXchg
      case .add: LLVMAtomicRMWBinOpAdd
      case .subtract: LLVMAtomicRMWBinOpSub
      case .and: LLVMAtomicRMWBinOpAnd
      case .or: LLVMAtomicRMWBinOpOr
      case .xor: LLVMAtomicRMWBinOpXor
      }
    return wrap(b.atomicRMW(op, pointer(address), operand.carrier, align: W.bits / 8))
  }
  mutating func compareExchange<W: Word>(expected: W, desired: W, at address: W64)
    throws(LiftError) -> W where W.Carrier == Value, W.Flag == IRFlag
  {
    if W.bits == 128 && !e.target.isX86 {
      // Not every target has a 16-byte exchange: the runtime's support routine decides.
      let area = b.alloca(e.i128)
      b.store(expected.carrier, area, align: 16)
      let wanted = b.alloca(e.i128)
      b.store(desired.carrier, wanted, align: 16)
      let type = IRType.function(e.i64, [e.ptr, e.ptr, e.ptr])
      let helper = e.module.function(named: "recast_cas128") ?? e.module.addFunction("recast_cas128", type)
      b.call(helper.value, type, [pointer(address), area, wanted])
      return wrap(b.load(e.i128, area, align: 16))
    }
    let pair = b.cmpxchg(pointer(address), expected.carrier, desired.carrier, align: W.bits / 8)
    return wrap(b.extractValue(pair, 0))
  }
  mutating func fence() throws(LiftError) { b.fence() }

  mutating func prefetch(_ address: W64, isWrite: Bool, locality: Int) {
    let facts = [isWrite ? 1 : 0, UInt64(locality), 1].map { e.i32.constInt($0) }
    b.call(e.module.intrinsic("llvm.prefetch", [e.ptr]), [pointer(address)] + facts)
  }

  // MARK: Control

  mutating func jump(to target: W64) throws(LiftError) { transfer = .jump(target.carrier) }
  mutating func jumpDirect(to target: UInt64) throws(LiftError) { transfer = .jumpDirect(target) }
  mutating func branch(if condition: IRFlag, to target: UInt64) throws(LiftError) {
    transfer = .branch(condition.value, to: target)
  }
  mutating func call(to target: W64, returningTo next: UInt64) throws(LiftError) {
    transfer = .call(target.carrier)
  }
  mutating func callDirect(to target: UInt64, returningTo next: UInt64) throws(LiftError) {
    transfer = .callDirect(target)
  }
  mutating func ret(to target: W64) throws(LiftError) { transfer = .ret(target.carrier) }
  mutating func systemCall() throws(LiftError) { transfer = .systemCall }
  mutating func step(_ i: Instruction, address: W64?, effects: StepEffects) throws(LiftError) {
    if runOnHostX87(i, address?.carrier) || runOnHostFloatControl(i, address?.carrier) { return }
    if try runOnHostCryptography(i) { return }
    transfer = .step(i, address: address?.carrier, effects)
  }
}
