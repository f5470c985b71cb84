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
    emitLookup()
  }

  /// Open addressing as `CodeMap.slot` probes it.
  private func emitCodeMap(_ translated: [Int]) {
    let size = Int(unit.codeMapMask + 1)
    var table = [Int?](repeating: nil, count: size)
    for f in translated {
      var slot = Int(CodeMap.slot(unit.analysis.functions[f].entry, mask: unit.codeMapMask))
      while table[slot] != nil { slot = (slot + 1) & (size - 1) }
      table[slot] = f
    }
    let entryType = e.context.structType([e.i64, e.ptr])
    let empty = e.context.constStruct([e.i64.null, e.ptr.null])
    let entries = table.map { f -> Value in
      guard let f else { return empty }
      let facts = unit.analysis.functions[f]
      let returned = unit.analysis.signatures[f].returned
      var key = facts.entry
      let results: [Register] = [.gpr(.rax), .gpr(.rdx), .vector(0, half: 0), .vector(1, half: 0)]
      for (n, r) in results.enumerated() where returned.contains(r) { key |= 1 << UInt64(48 + n) }
      return e.context.constStruct([e.i64.constInt(key), universalEntry(f).value])
    }
    let global = e.module.addGlobal(TranslationUnit.codeMapSymbol, entryType.array(size))
    global.initializer = entryType.constArray(entries)
    global.isConstant = true
    global.visibility = LLVMHiddenVisibility
    global.alignment = 16
  }

  /// What the code map has for function f: unknown callers leave vector arguments in their slots, so
  /// one that takes them in host registers has an entry of its own for these callers.
  private func universalEntry(_ f: Int) -> Function {
    let entry = unit.analysis.functions[f].entry
    let vectors = unit.analysis.signatures[f].reads.intersection(.vectors)
      .intersection(unit.argumentSet)
    if vectors.isEmpty { return unit.declare(entry) }
    let universal = unit.declare(named: "u_" + String(entry, radix: 16))
    let m = machine(universal)
    let arguments = [m.vcpu] + unit.convention.arguments.enumerated().map { place, r in
      vectors.contains(r) ? m.loadSlot(r) : universal.parameter(place + 1)
    }
    b.ret(tailCall(unit.declare(entry), arguments))
    return universal
  }

  private func tailCall(_ f: Function, _ arguments: [Value]) -> Value {
    b.call(
      f.value, unit.prototype, arguments, convention: unit.convention.callingConvention,
      tail: LLVMTailCallKindTail)
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

  private func machine(_ f: Function) -> LLVMMachine {
    let block = f.appendBasicBlock("entry", in: e.context)
    b.positionAtEnd(block)
    return LLVMMachine(e, function: f, vcpu: f.parameter(0))
  }

  /// `u64 recast_enter(VCPU *, host, u64 delivered)`: loads what the convention passes, calls, and
  /// stores those of RAX, RDX, XMM0, XMM1 that bits 0…3 of `delivered` name.
  private func emitEnter() {
    let f = unit.runtime(Symbol.enter, .function(e.i64, [e.ptr, e.ptr, e.i64]))
    let m = machine(f)
    let arguments = [f.parameter(0)] + unit.convention.arguments.map { m.loadSlot($0) }
    let result = b.call(
      f.parameter(1), unit.prototype, arguments, convention: unit.convention.callingConvention)
    let order: [Register] = [.gpr(.rax), .gpr(.rdx), .vector(0, half: 0), .vector(1, half: 0)]
    for (place, r) in unit.convention.results.enumerated() {
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

  /// The translated convention's way into the interpreter, for guest code that is not translated.
  /// `vcpu.rip` says where.
  private func emitMiss() {
    let f = unit.declare(named: Symbol.miss)
    let m = machine(f)
    // Vector arguments are in their slots already.
    for (place, r) in unit.convention.arguments.enumerated() where !r.isVector {
      m.storeSlot(r, f.parameter(place + 1))
    }
    let type = IRType.function(e.i64, [e.ptr, e.i64])
    let pc = b.call(
      unit.runtime(Symbol.interpret, type).value, type, [f.parameter(0), f.parameter(1)])
    var result = b.insertValue(unit.resultType.poison, pc, 0)
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
    let reads = unit.analysis.signatures[number].reads
    for (place, r) in unit.convention.arguments.enumerated() where r.isVector && reads.contains(r) {
      m.storeSlot(r, f.parameter(place + 1))
    }
    unit.storeRIP(e.i64.constInt(entry), m.vcpu)
    let arguments = (0...unit.convention.arguments.count).map { f.parameter($0) }
    b.ret(tailCall(unit.declare(named: Symbol.miss), arguments))
  }

  /// `host recast_lookup(u64 guest)`: the whole probe sequence; the interpreter's way in on a miss.
  private func emitLookup() {
    let f = unit.runtime(TranslationUnit.lookupSymbol, .function(e.ptr, [e.i64]))
    let entry = f.appendBasicBlock("entry", in: e.context)
    let head = f.appendBasicBlock("probe", in: e.context)
    let other = f.appendBasicBlock("other", in: e.context)
    let next = f.appendBasicBlock("next", in: e.context)
    let hit = f.appendBasicBlock("hit", in: e.context)
    let miss = f.appendBasicBlock("miss", in: e.context)
    let mask = e.i64.constInt(unit.codeMapMask)
    b.positionAtEnd(entry)
    let target = f.parameter(0)
    let first = b.and(
      b.lshr(b.mul(target, e.i64.constInt(0x9e37_79b9_7f4a_7c15)), e.i64.constInt(32)), mask)
    b.br(head)
    b.positionAtEnd(head)
    let slot = b.phi(e.i64)
    let address = b.gep(e.i8, unit.codeMap, b.shl(slot, e.i64.constInt(4)))
    let key = b.load(e.i64, address, align: 8)
    b.condBr(b.icmp(LLVMIntEQ, key, b.or(target, e.i64.constInt(CodeMap.deliversAll))), hit, other)
    b.positionAtEnd(other)
    b.condBr(b.icmp(LLVMIntEQ, key, e.i64.null), miss, next)
    b.positionAtEnd(next)
    let following = b.and(b.add(slot, e.i64.constInt(1)), mask)
    b.br(head)
    slot.addIncoming(first, from: entry)
    slot.addIncoming(following, from: next)
    b.positionAtEnd(hit)
    b.ret(b.load(e.ptr, b.gep(e.i8, address, e.i64.constInt(8)), align: 8))
    b.positionAtEnd(miss)
    b.ret(unit.declare(named: Symbol.miss).value)
  }
}
