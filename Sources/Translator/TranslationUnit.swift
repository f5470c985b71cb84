// One LLVM module of translated functions (a shard), and what all of them share: the prototype,
// the inline code-map lookup, declarations of the runtime's entry points.

import LLVM
import RuntimeABI
import X86

public enum TranslationError: Error, CustomStringConvertible {
  /// A bug in the lifter: the function is left to the interpreter.
  case lifting(function: UInt64, at: UInt64, String)
  case invalidIR(String)

  public var description: String {
    switch self {
    case .lifting(let f, let at, let what):
      "function 0x\(String(f, radix: 16)): 0x\(String(at, radix: 16)): \(what)"
    case .invalidIR(let what): "invalid IR: \(what)"
    }
  }
}

final class TranslationUnit {
  let emission: Emission
  let analysis: SignatureAnalysis
  let convention: Convention
  let argumentSet: RegisterSet
  let resultSet: RegisterSet
  private let kept: RegisterSet
  let prototype: IRType
  let resultType: IRType
  /// Where `code map[mask + 1]` is linked; its entries are written by the unit that has it.
  let codeMapMask: UInt64
  let codeTable: CodeTable?
  /// The instruction that is being lifted.
  var currentAddress: UInt64 = 0
  private let attributes: [Attribute]
  /// Of functions that save no host registers, and of calls that may come to such.
  private let unsaved: Attribute?

  init(
    module: Module, analysis: SignatureAnalysis, target: TargetTraits, codeMapMask: UInt64,
    codeTable: CodeTable?
  ) {
    let e = Emission(module: module, target: target)
    emission = e
    self.analysis = analysis
    self.codeMapMask = codeMapMask
    self.codeTable = target.hasCheapRotation ? codeTable : nil
    convention = Convention.forTarget(target).leavingInSlots(analysis.convention.resultsInKept)
    argumentSet = convention.argumentSet
    resultSet = convention.resultSet
    kept = convention.kept
    var unknown = analysis.unknown.keeping(kept)
    unknown.passes = unknown.passes.subtracting(SlotPassing.softArguments.intersection(argumentSet))
    self.unknown = unknown
    let types = convention.results.map { LLVMMachine.type(of: $0, e) }
    resultType = e.context.structType([e.i64] + types + (convention.returnsRSP ? [e.i64] : []))
    prototype = .function(
      resultType,
      (convention.takesVCPU ? [e.ptr] : convention.takesTarget ? [e.i64] : [])
        + convention.arguments.map { LLVMMachine.type(of: $0, e) })
    unsaved = convention.savesRegisters ? nil : e.context.attribute(string: "no_callee_saved_registers")
    // Without a red zone: `recast_poll` is called by assembly that LLVM does not look into.
    attributes = ["nounwind", "null_pointer_is_valid", "noredzone"].map { e.context.attribute($0) }
  }

  /// Arithmetic in `f` may not move across changes of MXCSR: it changes or reads it, or calls what
  /// does.
  func seesFloatControl(_ f: FunctionFacts) -> Bool {
    f.controlsFloat || analysis.callees(of: f).contains { analysis.functions[$0].controlsFloat }
  }

  /// What calls of function f pass on this target.
  func signature(of f: Int) -> Signature { analysis.signatures[f].keeping(kept) }
  /// The same for a call's or tail call's target.
  func callee(_ target: UInt64) -> Signature { analysis.callee(target).keeping(kept) }
  /// The same for a target that is not known: it gets `softArguments` in host registers, and puts them to
  /// their slots where it looks for them there (`StubEmitter.universalEntry`).
  let unknown: Signature

  static func symbol(_ entry: UInt64) -> String {
    Translator.symbolPrefix + String(entry, radix: 16)
  }

  func declare(_ entry: UInt64) -> Function {
    declare(
      named: Self.symbol(entry),
      savesRegisters: analysis.function(at: entry).map { analysis.functions[$0].isSmallLeaf } ?? false)
  }

  /// - Parameter savesRegisters: whatever the convention says.
  func declare(named name: String, savesRegisters: @autoclosure () -> Bool = false) -> Function {
    if let known = emission.module.function(named: name) { return known }
    let f = addFunction(name, savesRegisters: savesRegisters())
    f.visibility = LLVMHiddenVisibility
    return f
  }

  /// A function that only this module knows.
  func addFunction() -> Function {
    let f = addFunction("other")
    f.linkage = LLVMInternalLinkage
    f.addAttribute(emission.context.attribute("noinline"))
    return f
  }

  private func addFunction(_ name: String, savesRegisters: Bool = false) -> Function {
    let f = emission.module.addFunction(name, prototype)
    f.callConvention = convention.callingConvention
    for a in attributes { f.addAttribute(a) }
    if let unsaved, !savesRegisters { f.addAttribute(unsaved) }
    if convention.takesVCPU { f.addAttribute(emission.context.attribute("noalias"), at: .parameter(0)) }
    return f
  }

  /// The translated function at a guest address, or the way into the interpreter.
  func hostFunction(_ entry: UInt64) -> Value {
    analysis.function(at: entry) != nil ? declare(entry).value : declare(named: Symbol.miss).value
  }

  func runtime(_ name: String, _ type: IRType) -> Function {
    if let known = emission.module.function(named: name) { return known }
    let f = emission.module.addFunction(name, type)
    f.visibility = LLVMHiddenVisibility
    f.addAttribute(emission.context.attribute("nounwind"))
    return f
  }

  /// A result of `function` with no value of the guest's in it but where it goes on.
  func result(of function: Function, at pc: Value) -> Value {
    let result = emission.builder.insertValue(resultType.poison, pc, 0)
    guard let place = convention.rspResult else { return result }
    return emission.builder.insertValue(result, function.parameter(convention.rspParameter), place)
  }

  /// Calls translated code.
  func call(_ host: Value, _ operands: [Value], tail: LLVMTailCallKind = LLVMTailCallKindNone) -> Value {
    let result = emission.builder.call(
      host, prototype, operands, convention: convention.callingConvention, tail: tail)
    // LLVM looks at the function that is called by name, too.
    if let unsaved, !host.isFunction { result.addCallAttribute(unsaved) }
    return result
  }

  /// A call's operands: `registers` as `Convention.arguments` has them.
  func operands(_ machine: LLVMMachine, _ registers: [Value]) -> [Value] {
    if convention.takesVCPU { return [machine.vcpu] + registers }
    return convention.takesTarget ? [emission.i64.poison] + registers : registers
  }
  /// The same where `lookup` has found the callee.
  func operands(_ operands: [Value], found target: Value) -> [Value] {
    convention.takesTarget ? [target] + operands.dropFirst() : operands
  }

  /// To fill function `f` of translated code.
  func machine(_ f: Function) -> LLVMMachine {
    switch convention.vcpu {
    case .argument: return LLVMMachine(emission, function: f, vcpu: f.parameter(0))
    case .register: return LLVMMachine(emission, function: f, vcpu: readVCPURegister())
    case .segment:
      let segment = emission.module.global(named: Symbol.segment) ?? addSegment()
      return LLVMMachine(emission, function: f, slots: segment.value)
    }
  }

  /// The register's name is a symbol to LLVM, which folds the copy into what uses it.
  private func readVCPURegister() -> Value {
    let e = emission
    let read = e.module.intrinsic("llvm.read_register", [e.i64])
    return e.builder.intToPtr(e.builder.call(read, [vcpuRegister]), e.ptr)
  }
  func writeVCPURegister(_ vcpu: Value) {
    let e = emission
    let write = e.module.intrinsic("llvm.write_register", [e.i64])
    e.builder.call(write, [vcpuRegister, e.builder.ptrToInt(vcpu, e.i64)])
  }
  private var vcpuRegister: Value {
    let context = emission.context
    return context.value(of: context.mdNode([context.mdString(emission.target.vcpuRegister!)]))
  }
  private func addSegment() -> GlobalVariable {
    let type = emission.i8.array(VCPUOffset.size)
    let g = emission.module.addGlobal(Symbol.segment, type, addressSpace: TargetTraits.gsAddressSpace)
    g.visibility = LLVMHiddenVisibility
    return g
  }

  /// From translated code, which a function of the runtime answers with a number.
  @discardableResult
  func callRuntime(_ name: String, _ arguments: [Value]) -> Value {
    let function = runtime(
      name + (convention.adapterSuffix ?? ""), .function(emission.i64, arguments.map(\.type)))
    if convention.adapterSuffix != nil { function.callConvention = convention.callingConvention }
    return emission.builder.call(function, arguments)
  }

  func storeRIP(_ address: Value, _ machine: LLVMMachine) {
    let e = emission
    e.builder.store(address, machine.slotAddress(Slots.rip), align: 8, kind: e.tbaaKind, tag: e.vcpuTag)
  }

  var codeMap: Value {
    if let known = emission.module.global(named: Self.codeMapSymbol) { return known.value }
    let g = emission.module.addGlobal(Self.codeMapSymbol, emission.i8)
    g.visibility = LLVMHiddenVisibility
    return g.value
  }
  static let codeMapSymbol = "recast_code_map"

  /// Element `slot` of the code map's array number `array` (`CodeMap`).
  func codeMapElement(_ array: UInt64, _ slot: Value) -> Value {
    let e = emission
    let start = e.builder.gep(e.i64, codeMap, e.i64.constInt(array * (codeMapMask + 1)))
    return e.builder.gep(e.i64, start, slot)
  }

  /// Goes on where `lookup` finds nothing.
  var finder: Function { declare(named: convention.takesTarget ? Symbol.find : Symbol.miss) }

  /// The first slot to probe for `target`, as `CodeMap.slot` says.
  func codeMapSlot(_ target: Value) -> Value {
    let e = emission
    let b = e.builder
    let product = b.mul(b.trunc(target, e.i32), e.i32.constInt(UInt64(CodeMap.factor)))
    return b.zext(b.lshr(product, e.i32.constInt(UInt64(CodeMap.shift(codeMapMask)))), e.i64)
  }

  /// Host code for a guest address: what the code table has, or the code map's first probe; the rest is left
  /// to `recast_miss`.
  func lookup(_ target: Value, in function: Function, _ machine: LLVMMachine) -> Value {
    let e = emission
    let b = e.builder
    if !convention.takesTarget { storeRIP(target, machine) }
    if let codeTable {
      return lookup(target, codeTable, in: function)
    }
    let slot = codeMapSlot(target)
    let key = b.load(e.i64, codeMapElement(0, slot), align: 8, kind: e.tbaaKind, tag: e.vcpuTag)
    let found = b.load(e.ptr, codeMapElement(1, slot), align: 8, kind: e.tbaaKind, tag: e.vcpuTag)
    return b.select(b.icmp(LLVMIntEQ, key, target), found, finder.value)
  }
}
