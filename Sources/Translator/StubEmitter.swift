// What every artifact has once: the code map, the guest image's description, and the adapters
// between the runtime's C convention and the translated convention.

import LLVM
import RuntimeABI
import X86

/// What the runtime is told about the guest.
public struct ImageFacts {
  public var entry: UInt64
  public var programHeaders: UInt64
  public var programHeaderCount: UInt64
  public var low: UInt64
  public var high: UInt64
  public var segments: [(start: UInt64, end: UInt64, fileOffset: UInt64, flags: UInt64)]
  public var isPositionIndependent: Bool
  public var hasExecutableStack: Bool

  public init(
    entry: UInt64, programHeaders: UInt64, programHeaderCount: UInt64, low: UInt64, high: UInt64,
    segments: [(start: UInt64, end: UInt64, fileOffset: UInt64, flags: UInt64)],
    isPositionIndependent: Bool, hasExecutableStack: Bool
  ) {
    self.entry = entry
    self.programHeaders = programHeaders
    self.programHeaderCount = programHeaderCount
    self.low = low
    self.high = high
    self.segments = segments
    self.isPositionIndependent = isPositionIndependent
    self.hasExecutableStack = hasExecutableStack
  }
}

struct StubEmitter {
  let unit: TranslationUnit
  private var e: Emission { unit.emission }
  private var b: Builder { unit.emission.builder }

  /// The smallest power of two at least twice `count`, minus one.
  static func mask(forCount count: Int) -> UInt64 {
    var size: UInt64 = 16
    while size < UInt64(count) * 2 { size *= 2 }
    return size - 1
  }

  func emit(_ image: ImageFacts, translated: [Int]) {
    emitCodeMap(translated)
    emitImage(image, hasCodeMap: !translated.isEmpty)
    emitEnter()
    emitMiss()
    if unit.convention.takesTarget { emitFind() }
    if let suffix = unit.convention.adapterSuffix { emitAdapters(suffix) }
  }

  /// The runtime's functions in the convention of translated code.
  private func emitAdapters(_ suffix: String) {
    let parameters: [(String, [IRType])] = [
      (Symbol.interpret, [e.ptr, e.i64]), (Symbol.fault, [e.ptr, e.i64]), (Symbol.systemCall, [e.ptr]),
      (Symbol.step, [e.ptr, e.i64, e.i64]), (Symbol.safepoint, [e.ptr]),
    ]
    for (name, types) in parameters {
      let type = IRType.function(e.i64, types)
      let adapter = unit.runtime(name + suffix, type)
      adapter.callConvention = unit.convention.callingConvention
      b.positionAtEnd(adapter.appendBasicBlock("entry", in: e.context))
      b.ret(b.call(unit.runtime(name, type), types.indices.map { adapter.parameter($0) }))
    }
  }

  /// Open addressing as `CodeMap.slot` probes it.
  private func emitCodeMap(_ translated: [Int]) {
    let size = Int(unit.codeMapMask + 1)
    var table = [Int?](repeating: nil, count: size)
    // What translated code looks up comes first, so that the rest is not in its way.
    let called = translated.filter { !unit.analysis.functions[$0].isResume }
    let resumed = translated.filter { unit.analysis.functions[$0].isResume }
    for f in called + resumed {
      var slot = Int(CodeMap.slot(unit.analysis.functions[f].entry, mask: unit.codeMapMask))
      while table[slot] != nil { slot = (slot + 1) & (size - 1) }
      table[slot] = f
    }
    let keys = table.map { e.i64.constInt($0.map { unit.analysis.functions[$0].entry } ?? 0) }
    let universal = Dictionary(uniqueKeysWithValues: translated.map { ($0, universalEntry($0).value) })
    let hosts = table.map { $0.map { universal[$0]! } ?? e.ptr.null }
    if let codeTable = unit.codeTable {
      emitCodeTable(
        codeTable, called.map { (unit.analysis.functions[$0].entry, universal[$0]!) })
    }
    let bodies = table.map { $0.map(body) ?? e.i64.null }
    let value = e.context.constStruct([
      e.i64.constArray(keys), e.ptr.constArray(hosts), e.i64.constArray(bodies),
    ])
    let global = e.module.addGlobal(TranslationUnit.codeMapSymbol, value.type)
    global.initializer = value
    global.isConstant = true
    global.visibility = LLVMHiddenVisibility
    global.alignment = 16
  }

  /// Function f itself, with what `CodeMap` says of it in the upper bits.
  private func body(_ f: Int) -> Value {
    let signature = unit.signature(of: f)
    let results: [Register] = [.gpr(.rax), .gpr(.rdx), .vector(0, half: 0), .vector(1, half: 0)]
    var bits: UInt64 = 0
    for (n, r) in results.enumerated() where signature.delivered.contains(r) {
      bits |= 1 << UInt64(48 + n)
    }
    bits |= inRegisters(f) << 52
    for (n, r) in SlotPassing.softList.enumerated() where !signature.reads.contains(r) { bits |= 1 << UInt64(44 + n) }
    let host = unit.declare(unit.analysis.functions[f].entry).value
    return host.constPtrToInt(e.i64).constAdd(e.i64.constInt(bits))
  }

  /// Passable registers that function f takes in host registers, as bits.
  private func inRegisters(_ f: Int) -> UInt64 {
    let taken = unit.signature(of: f).reads.intersection(unit.argumentSet)
    return SlotPassing.passableList.enumerated().reduce(0) { bits, r in
      taken.contains(r.element) ? bits | 1 << UInt64(r.offset) : bits
    }
  }

  /// Where unknown callers of function f arrive: they leave passable registers in their slots, look for
  /// vector results there, and give soft arguments in host registers only.
  private func universalEntry(_ f: Int) -> Function {
    let entry = unit.analysis.functions[f].entry
    let results = unit.signature(of: f).delivered.intersection(unit.resultSet)
      .intersection(.vectors)
    let inSlots = unit.signature(of: f).passes.intersection(unit.analysis.unknown.passes)
      .subtracting(unit.unknown.passes)
    if inRegisters(f) == 0 && results.isEmpty && inSlots.isEmpty { return unit.declare(entry) }
    let universal = unit.declare(named: "u_" + String(entry, radix: 16))
    let m = machine(universal)
    let taken = unit.signature(of: f).reads.intersection(SlotPassing.passable)
    for (place, r) in unit.convention.arguments.enumerated() where inSlots.contains(r) {
      m.storeSlot(r, universal.parameter(unit.convention.parameter(place)))
    }
    let arguments = unit.convention.arguments.enumerated().map { place, r in
      taken.contains(r) ? m.loadSlot(r) : universal.parameter(unit.convention.parameter(place))
    }
    let operands = unit.operands(m, arguments)
    let answer = tailCall(unit.declare(entry).value, operands, isLast: results.isEmpty)
    if !results.isEmpty { storeUnlessUnwinding(results, of: answer, m) }
    b.ret(answer)
    return universal
  }

  /// While unwinding the VCPU is right and the results are not.
  private func storeUnlessUnwinding(
    _ registers: RegisterSet, of answer: Value, _ m: LLVMMachine
  ) {
    let store = m.function.appendBasicBlock(in: e.context)
    let done = m.function.appendBasicBlock(in: e.context)
    let unwinding = b.load(
      e.i8, m.slotAddress(Slots.unwinding), align: 1, kind: e.tbaaKind, tag: e.vcpuTag)
    b.condBr(b.icmp(LLVMIntEQ, unwinding, e.i8.null), store, done)
    b.positionAtEnd(store)
    for (place, r) in unit.convention.results.enumerated() where registers.contains(r) {
      m.storeSlot(r, b.extractValue(answer, place + 1))
    }
    b.br(done)
    b.positionAtEnd(done)
  }

  private func tailCall(_ host: Value, _ arguments: [Value], isLast: Bool = true) -> Value {
    unit.call(host, arguments, tail: isLast ? unit.convention.tailCall : LLVMTailCallKindNone)
  }

  private func emitImage(_ image: ImageFacts, hasCodeMap: Bool) {
    let segmentType = e.i64.array(4)
    let segments = image.segments.map { s in
      e.i64.constArray([s.start, s.end, s.fileOffset, s.flags].map { e.i64.constInt($0) })
    }
    let list = e.module.addGlobal("recast_segments", segmentType.array(segments.count))
    list.initializer = segmentType.constArray(segments)
    list.isConstant = true
    list.linkage = LLVMInternalLinkage
    let map = hasCodeMap ? e.module.global(named: TranslationUnit.codeMapSymbol)!.value : e.ptr.null
    let flags: UInt64 = (image.hasExecutableStack ? 1 : 0) | (image.isPositionIndependent ? 2 : 0)
    let fields: [Value] = [
      e.i64.constInt(GuestImage.magicValue), e.i64.constInt(image.entry),
      e.i64.constInt(image.programHeaders), e.i64.constInt(image.programHeaderCount),
      e.i64.constInt(image.low), e.i64.constInt(image.high), list.value,
      e.i64.constInt(UInt64(segments.count)), map, e.i64.constInt(unit.codeMapMask),
      e.i64.constInt(flags),
    ]
    let value = e.context.constStruct(fields)
    let global = e.module.addGlobal(Symbol.image, value.type)
    global.initializer = value
    global.isConstant = true
    global.visibility = LLVMHiddenVisibility
    global.alignment = 8
    // The runtime asks through a function: Embedded Swift has no way to name a foreign variable.
    let accessor = unit.runtime("recast_guest_image", .function(e.ptr, []))
    b.positionAtEnd(accessor.appendBasicBlock("entry", in: e.context))
    b.ret(global.value)
  }

  /// - Parameter isTranslated: `f` has the convention of translated code.
  private func machine(_ f: Function, isTranslated: Bool = true) -> LLVMMachine {
    let block = f.appendBasicBlock("entry", in: e.context)
    b.positionAtEnd(block)
    return isTranslated ? unit.machine(f) : LLVMMachine(e, function: f, vcpu: f.parameter(0))
  }

  /// `u64 recast_enter(VCPU *, host, u64 delivered)`: loads what the convention passes, calls, and
  /// stores those of RAX, RDX, XMM0, XMM1 that bits 0…3 of `delivered` name.
  private func emitEnter() {
    let f = unit.runtime(Symbol.enter, .function(e.i64, [e.ptr, e.ptr, e.i64]))
    let m = machine(f, isTranslated: false)
    if unit.convention.vcpu == .segment { setSegment(f) }
    if e.target.vcpuRegister != nil { unit.writeVCPURegister(f.parameter(0)) }
    let operands = unit.operands(m, unit.convention.arguments.map { m.loadSlot($0) })
    let result = unit.call(f.parameter(1), operands)
    let order: [Register] = [.gpr(.rax), .gpr(.rdx), .vector(0, half: 0), .vector(1, half: 0)]
    // The caller of `enter` knows the kept ones.
    for (place, r) in unit.convention.results.enumerated() where !unit.convention.kept.contains(r) {
      let bit = e.i64.constInt(1 << UInt64(order.firstIndex(of: r)!))
      let delivered = b.icmp(LLVMIntNE, b.and(f.parameter(2), bit), e.i64.null)
      // While unwinding the VCPU is right and the results are not.
      let unwinding = b.load(
        e.i8, m.slotAddress(Slots.unwinding), align: 1, kind: e.tbaaKind, tag: e.vcpuTag)
      let take = b.and(delivered, b.icmp(LLVMIntEQ, unwinding, e.i8.null))
      let store = f.appendBasicBlock(in: e.context)
      let done = f.appendBasicBlock(in: e.context)
      b.condBr(take, store, done)
      b.positionAtEnd(store)
      m.storeSlot(r, b.extractValue(result, place + 1))
      b.br(done)
      b.positionAtEnd(done)
    }
    b.ret(b.extractValue(result, 0))
  }

  /// GS still says what it said the last time that this thread entered, if it ever did.
  private func setSegment(_ f: Function) {
    let set = f.appendBasicBlock(in: e.context)
    let done = f.appendBasicBlock(in: e.context)
    b.condBr(b.icmp(LLVMIntNE, unit.machine(f).vcpu, f.parameter(0)), set, done)
    b.positionAtEnd(set)
    b.call(unit.runtime(Symbol.setSegment, .function(e.context.void, [e.ptr])), [f.parameter(0)])
    b.br(done)
    b.positionAtEnd(done)
  }

  /// The translated convention's way to `vcpu.rip`: by the code map, then by the interpreter.
  private func emitMiss() {
    let f = unit.declare(named: Symbol.miss)
    let m = machine(f)
    let head = f.appendBasicBlock("probe", in: e.context)
    let other = f.appendBasicBlock("other", in: e.context)
    let hit = f.appendBasicBlock("hit", in: e.context)
    let miss = f.appendBasicBlock("miss", in: e.context)
    let entry = b.insertBlock!
    let mask = e.i64.constInt(unit.codeMapMask)
    let target = b.load(e.i64, m.slotAddress(Slots.rip), align: 8)
    let first = unit.codeMapSlot(target)
    b.br(head)

    b.positionAtEnd(head)
    let slot = b.phi(e.i64)
    let key = b.load(e.i64, unit.codeMapElement(0, slot), align: 8)
    b.condBr(b.icmp(LLVMIntEQ, key, target), hit, other)
    b.positionAtEnd(other)
    let following = b.and(b.add(slot, e.i64.constInt(1)), mask)
    b.condBr(b.icmp(LLVMIntEQ, key, e.i64.null), miss, head)
    slot.addIncoming(first, from: entry)
    slot.addIncoming(following, from: other)

    b.positionAtEnd(hit)
    let arguments = unit.convention.parameters.map { f.parameter($0) }
    let host = b.load(e.ptr, unit.codeMapElement(1, slot), align: 8)
    b.ret(tailCall(host, arguments))
    b.positionAtEnd(miss)
    emitInterpret(f, m, rip: target)
  }

  private func emitFind() {
    let f = unit.finder
    let m = machine(f)
    unit.storeRIP(f.parameter(0), m)
    let arguments = unit.convention.parameters.map { f.parameter($0) }
    b.ret(tailCall(unit.declare(named: Symbol.miss).value, arguments))
  }

  /// Hands the arguments over in the VCPU and lets the interpreter go on at `rip`, whose upper bits
  /// say which passable registers are among them (`CodeMap.inRegistersShift`), and which soft ones are not.
  private func emitInterpret(_ f: Function, _ m: LLVMMachine, rip: Value) {
    for (place, r) in unit.convention.arguments.enumerated() {
      let argument = f.parameter(unit.convention.parameter(place))
      let passable = SlotPassing.passableList.firstIndex(of: r).map { CodeMap.inRegistersShift + UInt64($0) }
      let soft = SlotPassing.softList.firstIndex(of: r).map { CodeMap.inSlotsShift + UInt64($0) }
      guard let bit = passable ?? soft else {
        m.storeSlot(r, argument)
        continue
      }
      let store = f.appendBasicBlock(in: e.context)
      let done = f.appendBasicBlock(in: e.context)
      let isSet = b.icmp(LLVMIntNE, b.and(rip, e.i64.constInt(1 << bit)), e.i64.null)
      if soft == nil { b.condBr(isSet, store, done) } else { b.condBr(isSet, done, store) }
      b.positionAtEnd(store)
      m.storeSlot(r, argument)
      b.br(done)
      b.positionAtEnd(done)
    }
    unit.storeRIP(b.and(rip, e.i64.constInt(CodeMap.addressMask)), m)
    let pc = unit.callRuntime(Symbol.interpret, [m.vcpu, f.parameter(unit.convention.rspParameter)])
    var result = unit.result(of: f, at: pc)
    for (place, r) in unit.convention.results.enumerated() {
      result = b.insertValue(result, m.loadSlot(r), place + 1)
    }
    b.ret(result)
  }

  /// Stands for a function that is left to the interpreter.
  func emitLeftOut(_ number: Int) {
    let entry = unit.analysis.functions[number].entry
    let f = unit.declare(entry)
    let m = machine(f)
    unit.storeRIP(
      e.i64.constInt(entry | inRegisters(number) << CodeMap.inRegistersShift), m)
    // Its callers give it what it would take; the others are right in their slots.
    let reads = unit.signature(of: number).reads
    let arguments = unit.convention.arguments.enumerated().map { place, r in
      reads.contains(r) || SlotPassing.passable.contains(r)
        ? f.parameter(unit.convention.parameter(place)) : m.loadSlot(r)
    }
    let operands = unit.operands(m, arguments)
    let isLast = !unit.analysis.functions[number].isSmallLeaf
    b.ret(tailCall(unit.declare(named: Symbol.miss).value, operands, isLast: isLast))
  }
}
