// A YMM register is two values of 16 bytes here: most code looks at the lower half alone, and no other host has wider
// vectors for certain. An x86 host that runs the guest's AVX2 has them, and what is done to both halves alike is done
// once there. It is found backwards (as superword-level parallelism is: Larsen and Amarasinghe, PLDI 2000), from where
// halves meet again: two stores side by side, two masks of signs in one word, and two registers that a loop carries.

import LLVM
import RuntimeABI

/// Computes both halves of 32-byte vectors at once in functions that are compiled for AVX2.
func pairHalves(in module: Module) {
  let builder = Builder(module.context)
  for function in module.functions where !function.isDeclaration && function.hasWideVectors {
    PairedHalves(module: module, builder: builder).run(function)
  }
}

/// Two values of one vector type, of at most 16 bytes.
struct Halves: Hashable {
  let low, high: Value
  var both: [Value] { [low, high] }
}

private struct PairedHalves {
  let module: Module
  let builder: Builder

  func run(_ function: Function) {
    let places = Places()
    let rules = HalvesRules(module, places)
    for block in function.basicBlocks {
      for stores in storePairs(in: block, rules) { widen(stores, rules) }
      // One of them may change what others are made of.
      for word in block.instructions.filter({ SignMask($0) != nil }) {
        if let mask = SignMask(word) { widen(mask, rules) }
      }
      while widenPhis(of: block, rules) {}
    }
  }

  // MARK: Where halves meet

  private func storePairs(in block: BasicBlock, _ rules: HalvesRules) -> [Halves] {
    let stores = block.instructions.filter { $0.opcode == LLVMStore && rules.isHalf($0) }
    if stores.count < 2 { return [] }
    var byAddress: [GuestAddress: [Value]] = [:]
    for store in stores { byAddress[store.address, default: []].append(store) }
    var taken: Set<Value> = []
    return stores.compactMap { low in
      guard !taken.contains(low), rules.isLowHalf(low) else { return nil }
      let others = byAddress[low.address.advanced(by: 16)] ?? []
      let pairs = others.lazy.filter { !taken.contains($0) }.map { Halves(low: low, high: $0) }
      guard let pair = pairs.first(where: rules.allowsPair) else { return nil }
      taken.formUnion(pair.both)
      return pair
    }
  }

  private func widen(_ stores: Halves, _ rules: HalvesRules) {
    let values = Halves(low: stores.low.operand(0), high: stores.high.operand(0))
    // LLVM sees to constants itself.
    guard !values.low.isConstant || !values.high.isConstant,
      let plan = HalvesPlan(root: values, saved: 1, rules)
    else { return }
    let later = rules.places.later(stores)
    var wholes = WholeVectors(plan, module, builder, rules)
    let whole = wholes.value(of: values, before: later)
    builder.positionBefore(later)
    let store = builder.store(whole, stores.low.operand(1), align: stores.low.alignment)
    if let tag = stores.low.metadata(rules.tbaaKind) { store.setMetadata(rules.tbaaKind, tag) }
    for half in stores.both { half.eraseFromParent() }
    wholes.finish()
  }

  private func widen(_ mask: SignMask, _ rules: HalvesRules) {
    guard let plan = HalvesPlan(root: mask.signs, saved: 3, rules) else { return }
    var wholes = WholeVectors(plan, module, builder, rules)
    let signs = wholes.value(of: mask.signs, before: mask.word)
    builder.positionBefore(mask.word)
    let bits = builder.bitCast(signs, module.context.int(signs.type.vectorSize))
    let wide = bits.type == mask.word.type ? bits : builder.zext(bits, mask.word.type)
    mask.word.replaceAllUses(with: mask.addend.map { builder.add(wide, $0) } ?? wide)
    mask.word.eraseWithOperands()
    wholes.finish()
  }

  /// Widens one pair of phis, if there is one.
  private func widenPhis(of block: BasicBlock, _ rules: HalvesRules) -> Bool {
    let phis = block.instructions.prefix { $0.opcode == LLVMPHI }.filter { $0.type.isHalf }
    if phis.count > 32 { return false }
    for (n, low) in phis.enumerated() {
      for high in phis[(n + 1)...] where high.type == low.type && low.isCarriedAlike(high) {
        let pair = Halves(low: low, high: high)
        guard let plan = HalvesPlan(root: pair, saved: 0, rules) else { continue }
        var wholes = WholeVectors(plan, module, builder, rules)
        _ = wholes.value(of: pair, before: low)
        wholes.finish()
        return true
      }
    }
    return false
  }
}

/// A word whose lower part are the signs of the lower half's lanes, and behind them those of the upper half's:
/// `(zext(bitcast high) << n) | zext(bitcast low)`, and with a constant added to it, too.
private struct SignMask {
  let word: Value
  let signs: Halves
  var addend: Value?

  init?(_ value: Value) {
    guard value.opcode == LLVMOr || value.opcode == LLVMAdd, value.type.isInteger else { return nil }
    for (shifted, other) in [(value.operand(0), value.operand(1)), (value.operand(1), value.operand(0))] {
      guard shifted.isInstruction, shifted.opcode == LLVMShl, let high = Self.lanes(shifted.operand(0)),
        shifted.operand(1).constantValue.map({ Int($0) == high.type.vectorSize }) ?? false
      else { continue }
      if let low = Self.lanes(other), low.type == high.type {
        (word, signs) = (value, Halves(low: low, high: high))
        return
      }
      if value.opcode == LLVMAdd, other.isInstruction, other.opcode == LLVMAdd, other.operand(1).isConstantInt,
        let low = Self.lanes(other.operand(0)), low.type == high.type
      {
        (word, signs, addend) = (value, Halves(low: low, high: high), other.operand(1))
        return
      }
    }
    return nil
  }

  /// The vector of bits that is zero-extended to `word`.
  private static func lanes(_ word: Value) -> Value? {
    guard word.isInstruction, word.opcode == LLVMZExt else { return nil }
    let bits = word.operand(0)
    guard bits.isInstruction, bits.opcode == LLVMBitCast, bits.operand(0).type.isVector,
      bits.operand(0).type.elementType.isInteger, bits.operand(0).type.elementType.intWidth == 1
    else { return nil }
    return bits.operand(0)
  }
}

extension Function {
  fileprivate var hasWideVectors: Bool {
    let name = "target-features"
    guard
      let attribute = LLVMGetStringAttributeAtIndex(
        ref, AttributeIndex.function.rawValue, name, UInt32(name.utf8.count))
    else { return false }
    var length: UInt32 = 0
    guard let text = LLVMGetStringAttributeValue(attribute, &length) else { return false }
    let features = UnsafeRawBufferPointer(start: text, count: Int(length))
    return String(decoding: features, as: UTF8.self).split(separator: ",").contains("+avx2")
  }
}

extension Value {
  /// Of two phis in one block: some way brings both what one kind of instruction has made in one block.
  fileprivate func isCarriedAlike(_ other: Value) -> Bool {
    (0..<operandCount).contains { n in
      let mine = operand(n)
      guard let its = other.incoming(from: incomingBlock(n)) else { return false }
      return mine.isInstruction && its.isInstruction && mine.opcode == its.opcode && mine.opcode != LLVMPHI
        && mine.block == its.block && mine != its
    }
  }

  /// Erases it, and the scalars that it was made of and nobody else uses.
  fileprivate func eraseWithOperands() {
    var work = [self]
    while let value = work.popLast() {
      let operands = value.operands.filter { $0.isInstruction && !$0.type.isVector && $0.opcode != LLVMCall }
      value.eraseFromParent()
      for operand in operands where !operand.hasUses && !work.contains(operand) { work.append(operand) }
    }
  }
}
