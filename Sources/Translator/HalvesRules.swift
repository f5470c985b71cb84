// What has to hold for two instructions on halves to become one (PairedHalves.swift).

import LLVM
import RuntimeABI

/// Where instructions stand in their blocks, as far as asked for since the last change.
final class Places {
  private var places: [Value: Int] = [:]
  private var blocks: [BasicBlock: [Value]] = [:]

  func forget() { (places, blocks) = ([:], [:]) }

  func instructions(of block: BasicBlock) -> [Value] {
    if let known = blocks[block] { return known }
    let all = block.instructions
    blocks[block] = all
    for (n, instruction) in all.enumerated() { places[instruction] = n }
    return all
  }
  func place(of instruction: Value) -> Int {
    _ = instructions(of: instruction.block)
    return places[instruction]!
  }
  /// Of two in one block.
  func later(_ pair: Halves) -> Value { place(of: pair.low) < place(of: pair.high) ? pair.high : pair.low }
  func earlier(_ pair: Halves) -> Value { place(of: pair.low) < place(of: pair.high) ? pair.low : pair.high }
  /// Between two in one block.
  func between(_ pair: Halves) -> ArraySlice<Value> {
    let ends = pair.both.map(place).sorted()
    return instructions(of: pair.low.block)[(ends[0] + 1)..<ends[1]]
  }
}

struct HalvesRules {
  let places: Places
  let tbaaKind: UInt32
  private let tags: MemoryTags
  private let memoryKind: UInt32

  init(_ module: Module, _ places: Places) {
    self.places = places
    tbaaKind = module.context.metadataKind("tbaa")
    tags = MemoryTags(module.context)
    memoryKind = LLVMGetEnumAttributeKindForName("memory", 6)
  }

  // MARK: Memory

  /// A load or store of one half of a register, in memory or in its VCPU slot.
  func isHalf(_ access: Value) -> Bool {
    let type = access.opcode == LLVMStore ? access.operand(0).type : access.type
    guard !access.isVolatile, access.ordering == LLVMAtomicOrderingNotAtomic, type.isHalf, type.bytes == 16
    else { return false }
    let tag = access.metadata(tbaaKind)
    return tag == tags.half || tag == tags.vcpu && access.opcode == LLVMStore
  }

  /// Of what is one: the lower.
  func isLowHalf(_ access: Value) -> Bool {
    guard access.metadata(tbaaKind) == tags.vcpu else { return true }
    let offset = Int(access.address.offset) - VCPUOffset.ymm(0, half: 0)
    return offset >= 0 && offset % 32 == 0 && offset < 16 * 32
  }

  /// Two loads, or two stores, that may be done where the later one stands.
  func allowsPair(_ pair: Halves) -> Bool {
    let isStore = pair.low.opcode == LLVMStore
    guard pair.low != pair.high, isHalf(pair.low), isHalf(pair.high), pair.low.block == pair.high.block,
      pair.low.metadata(tbaaKind) == pair.high.metadata(tbaaKind),
      pair.low.address.advanced(by: 16) == pair.high.address
    else { return false }
    let earlier = places.earlier(pair)
    return places.between(pair).allSatisfy { mayPass(earlier, $0, isStore: isStore) }
  }

  private func mayPass(_ access: Value, _ other: Value, isStore: Bool) -> Bool {
    switch other.opcode {
    case LLVMLoad where !isStore && !other.isVolatile && other.ordering == LLVMAtomicOrderingNotAtomic: return true
    case LLVMLoad, LLVMStore:
      guard !other.isVolatile, other.ordering == LLVMAtomicOrderingNotAtomic else { return false }
      let (mine, its) = (access.metadata(tbaaKind), other.metadata(tbaaKind))
      if let its, mine != its, mine == tags.vcpu || its == tags.vcpu { return true }
      return access.isApart(from: other)
    case LLVMCall: return !touchesMemory(other)
    case LLVMFence, LLVMAtomicRMW, LLVMAtomicCmpXchg, LLVMInvoke: return false
    default: return true
    }
  }

  private func touchesMemory(_ call: Value) -> Bool {
    if call.laneAssembly != nil { return false }
    guard let callee = call.callee, callee.name.hasPrefix("llvm.") else { return true }
    if callee.name.hasPrefix("llvm.experimental.constrained.") { return false }
    guard let memory = LLVMGetEnumAttributeAtIndex(callee.ref, AttributeIndex.function.rawValue, memoryKind)
    else { return true }
    return LLVMGetEnumAttributeValue(memory) != 0
  }

  /// Assembly and constrained operations raise exceptions, and are done in order with what looks at them.
  func mayMeet(_ pair: Halves) -> Bool { places.between(pair).allSatisfy { $0.opcode != LLVMCall || !touchesMemory($0) } }
}

// MARK: Instructions that work lane by lane

extension Value {
  /// Of a call of assembly that does the same to each lane of its operands, all of the result's type.
  var laneAssembly: (text: String, constraints: String)? {
    guard opcode == LLVMCall, let callee = LLVMGetCalledValue(ref), LLVMIsAInlineAsm(callee) != nil else { return nil }
    var (length, size) = (0, 0)
    guard let text = LLVMGetInlineAsmAsmString(callee, &length),
      let constraints = LLVMGetInlineAsmConstraintString(callee, &size)
    else { return nil }
    let words = String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    guard Self.worksOnLanes(words), type.isHalf, arguments.allSatisfy({ $0.type == type }) else { return nil }
    return (words, String(decoding: UnsafeRawBufferPointer(start: constraints, count: size), as: UTF8.self))
  }

  private static func worksOnLanes(_ text: String) -> Bool {
    let words = text.split(separator: " ")
    guard let name = words.first(where: { !$0.hasPrefix("{") }), name.hasPrefix("v"),
      name.hasSuffix("ps") || name.hasSuffix("pd"), !text.contains("\n")
    else { return false }
    let operation = name.dropFirst().dropLast(2)
    return ["add", "sub", "mul", "div", "min", "max", "cmp", "round", "sqrt"].contains(operation)
      || ["fmadd", "fmsub", "fnmadd", "fnmsub", "fmaddsub", "fmsubadd"].contains {
        operation.hasPrefix($0) && operation.count == $0.count + 3
      }
  }

  /// Of a call of an intrinsic that works lane by lane: that for twice the lanes, and its overloaded types if it has any.
  var wideIntrinsic: (name: String, isOverloaded: Bool)? {
    guard opcode == LLVMCall, let name = callee?.name, type.isHalf else { return nil }
    if name == "llvm.x86.ssse3.pshuf.b.128" { return ("llvm.x86.avx2.pshuf.b", false) }
    let known = ["smin", "smax", "umin", "umax", "sadd.sat", "uadd.sat", "ssub.sat", "usub.sat", "sqrt", "fma",
      "experimental.constrained.sqrt", "experimental.constrained.fdiv"]
    return known.first { name.hasPrefix("llvm.\($0).v") }.map { ("llvm.\($0)", true) }
  }

  /// Of a call.
  var arguments: [Value] { (0..<Int(LLVMGetNumArgOperands(ref))).map(operand) }

  func metadata(_ kind: UInt32) -> Value? { LLVMGetMetadata(ref, kind).map { Value($0) } }

  // MARK: Phis

  func incomingBlock(_ n: Int) -> BasicBlock { BasicBlock(LLVMGetIncomingBlock(ref, UInt32(n))) }
  func incoming(from block: BasicBlock) -> Value? {
    (0..<operandCount).first { incomingBlock($0) == block }.map(operand)
  }

  // MARK: Addresses

  /// Of a load or store.
  var address: GuestAddress { GuestAddress(operand(opcode == LLVMStore ? 1 : 0)) }

  /// Of two loads or stores: by their addresses they share no byte.
  fileprivate func isApart(from other: Value) -> Bool {
    let (mine, its) = (address, other.address)
    guard mine.base == its.base, let size = accessed.bytes, let otherSize = other.accessed.bytes else { return false }
    return mine.offset + Int64(size) <= its.offset || its.offset + Int64(otherSize) <= mine.offset
  }
  private var accessed: IRType { opcode == LLVMStore ? operand(0).type : type }
}

/// A value and a constant that is added to it.
struct GuestAddress: Hashable {
  let base: Value?
  let offset: Int64

  func advanced(by n: Int64) -> Self { Self(base: base, offset: offset &+ n) }
  private init(base: Value?, offset: Int64) { (self.base, self.offset) = (base, offset) }

  init(_ pointer: Value) {
    var (value, offset) = (pointer, Int64(0))
    while let (inner, more) = Self.step(value) { (value, offset) = (inner, offset &+ more) }
    if let constant = value.constantValue {
      self.init(base: nil, offset: offset &+ Int64(bitPattern: constant))
    } else {
      self.init(base: value, offset: offset)
    }
  }

  private static func step(_ value: Value) -> (Value, Int64)? {
    let opcode: LLVMOpcode
    if value.isInstruction {
      opcode = value.opcode
    } else if LLVMIsAConstantExpr(value.ref) != nil {
      opcode = LLVMGetConstOpcode(value.ref)
    } else {
      return nil
    }
    switch opcode {
    case LLVMIntToPtr where value.operand(0).type.intWidth == 64: return (value.operand(0), 0)
    case LLVMAdd where value.type.intWidth == 64:
      return value.operand(1).constantValue.map { (value.operand(0), Int64(bitPattern: $0)) }
    case LLVMOr where value.type.intWidth == 64 && value.isInstruction && LLVMGetIsDisjoint(value.ref) != 0:
      return value.operand(1).constantValue.map { (value.operand(0), Int64(bitPattern: $0)) }
    case LLVMGetElementPtr:
      let element = IRType(LLVMGetGEPSourceElementType(value.ref))
      guard value.operandCount == 2, element.isInteger, element.intWidth == 8 else { return nil }
      return value.operand(1).constantValue.map { (value.operand(0), Int64(bitPattern: $0)) }
    default: return nil
    }
  }
}
