// Makes what a plan for halves says (PairedHalves.swift, HalvesPlan.swift).

import LLVM

struct WholeVectors {
  private let plan: HalvesPlan
  private let module: Module
  private let builder: Builder
  private let rules: HalvesRules
  private var made: [Halves: Value] = [:]
  /// Phis whose operands are still to come.
  private var open: [Halves] = []

  init(_ plan: HalvesPlan, _ module: Module, _ builder: Builder, _ rules: HalvesRules) {
    (self.plan, self.module, self.builder, self.rules) = (plan, module, builder, rules)
  }

  /// Both halves as one value, of twice as many lanes, which is there at `user`.
  mutating func value(of pair: Halves, before user: Value) -> Value {
    if let known = made[pair] { return known }
    switch plan.wholes[pair]! {
    case .known(let whole): return whole
    case .constant: return constVector(pair.low.laneConstants! + pair.high.laneConstants!)
    case .joined:
      builder.positionBefore(user)
      return joined(pair)
    case .instruction(let operands):
      let whole: Value
      if pair.low.opcode == LLVMPHI {
        builder.positionAtStart(pair.low.block)
        whole = builder.phi(pair.low.type.doubled)
        open.append(pair)
      } else {
        let later = rules.places.later(pair)
        let values = operands.map { value(of: $0, before: later) }
        builder.positionBefore(later)
        whole = instruction(for: pair, values)
      }
      made[pair] = whole
      return whole
    }
  }

  private func joined(_ pair: Halves) -> Value {
    let count = pair.low.type.vectorSize
    if pair.low == pair.high && pair.low.isSplat {
      return builder.shuffleVector(pair.low.operand(0), pair.low.operand(1), [Int](repeating: 0, count: 2 * count))
    }
    return builder.shuffleVector(pair.low, pair.high, Array(0..<2 * count))
  }

  /// One instruction for both, from the operands in whole.
  private func instruction(for pair: Halves, _ values: [Value]) -> Value {
    let (low, type) = (pair.low, pair.low.type.doubled)
    switch low.opcode {
    case LLVMFNeg: return builder.fneg(values[0])
    case LLVMFreeze: return builder.freeze(values[0])
    case LLVMBitCast, LLVMSExt, LLVMZExt, LLVMTrunc, LLVMSIToFP, LLVMFPExt, LLVMFPTrunc:
      return builder.cast(low.opcode, values[0], type)
    case LLVMICmp: return builder.icmp(LLVMGetICmpPredicate(low.ref), values[0], values[1])
    case LLVMFCmp: return builder.fcmp(LLVMGetFCmpPredicate(low.ref), values[0], values[1])
    case LLVMSelect:
      return values.count == 3
        ? builder.select(values[0], values[1], values[2]) : builder.select(low.operand(0), values[0], values[1])
    case LLVMLoad:
      let load = builder.load(type, low.operand(0), align: low.alignment)
      if let tag = low.metadata(rules.tbaaKind) { load.setMetadata(rules.tbaaKind, tag) }
      return load
    case LLVMShuffleVector: return shuffle(pair, values)
    case LLVMCall: return call(low, values, type)
    default: return builder.binary(low.opcode, values[0], values[1])
    }
  }

  private func shuffle(_ pair: Halves, _ values: [Value]) -> Value {
    let (low, high) = (pair.low, pair.high)
    if values.isEmpty { return builder.shuffleVector(low.operand(0), low.operand(1), lanes: low.shuffleMask + high.shuffleMask) }
    let count = low.type.vectorSize
    let mask = (0..<2).flatMap { half in
      low.shuffleMask.map { lane in lane.map { $0 < count ? $0 + half * count : $0 + count + half * count } }
    }
    return builder.shuffleVector(values[0], values[1], lanes: mask)
  }

  private func call(_ low: Value, _ values: [Value], _ type: IRType) -> Value {
    let call: Value
    if let assembly = low.laneAssembly {
      let function = IRType.function(type, values.map(\.type))
      let callee = builder.inlineAsm(function, assembly.text, constraints: assembly.constraints)
      call = builder.call(callee, function, values)
    } else {
      let (name, isOverloaded) = low.wideIntrinsic!
      var rest = values[...]
      let arguments = low.arguments.map { $0.type == low.type ? rest.removeFirst() : $0 }
      call = builder.call(module.intrinsic(name, isOverloaded ? [type] : []), arguments)
    }
    for attribute in low.callAttributes { call.addCallAttribute(attribute) }
    return call
  }

  // MARK: The end

  /// Fills phis, gives those who still look at halves such of the whole, and erases what was replaced.
  mutating func finish() {
    while let pair = open.popLast() {
      guard case .instruction(let operands)? = plan.wholes[pair] else { continue }
      // Several ways from one block bring one value.
      var brought: [BasicBlock: Value] = [:]
      for (n, operand) in operands.enumerated() {
        let block = pair.low.incomingBlock(n)
        let whole = brought[block] ?? value(of: operand, before: block.terminator!)
        brought[block] = whole
        made[pair]!.addIncoming(whole, from: block)
      }
    }
    let replaced = plan.order.filter { made[$0] != nil }
    let gone = Set(replaced.flatMap(\.both))
    for pair in replaced {
      for (half, value) in pair.both.enumerated() where value.users.contains(where: { !gone.contains($0) }) {
        positionBehind(pair)
        let count = value.type.vectorSize
        let part = builder.shuffleVector(
          made[pair]!, made[pair]!.type.poison, (0..<count).map { $0 + half * count })
        value.replaceUses(with: part) { !gone.contains($0) }
      }
    }
    for pair in replaced {
      for value in pair.both {
        value.replaceAllUses(with: value.type.poison)
        value.eraseFromParent()
      }
    }
    rules.places.forget()
  }

  /// Where the whole is there.
  private func positionBehind(_ pair: Halves) {
    if pair.low.opcode == LLVMPHI {
      builder.positionBefore(pair.low.block.instructions.first { $0.opcode != LLVMPHI }!)
    } else {
      builder.positionBefore(rules.places.later(pair))
    }
  }
}

extension Builder {
  fileprivate func binary(_ opcode: LLVMOpcode, _ a: Value, _ b: Value) -> Value {
    Value(LLVMBuildBinOp(ref, opcode, a.ref, b.ref, ""))
  }
  fileprivate func cast(_ opcode: LLVMOpcode, _ value: Value, _ type: IRType) -> Value {
    Value(LLVMBuildCast(ref, opcode, value.ref, type.ref, ""))
  }
  /// With lanes that are anything.
  fileprivate func shuffleVector(_ a: Value, _ b: Value, lanes: [Int?]) -> Value {
    let i32 = context.i32
    return shuffleVector(a, b, constVector(lanes.map { $0.map { i32.constInt(UInt64($0)) } ?? i32.poison }))
  }
}

extension Value {
  /// Of a call as a whole.
  fileprivate var callAttributes: [Attribute] {
    let index = AttributeIndex.function.rawValue
    var refs = [LLVMAttributeRef?](repeating: nil, count: Int(LLVMGetCallSiteAttributeCount(ref, index)))
    LLVMGetCallSiteAttributes(ref, index, &refs)
    return refs.map { Attribute($0!) }
  }
}
