// SSE2 has no product of 32-bit lanes, only that of every other lane in full (PMULUDQ). Compilers multiply the lanes
// with even and those with odd numbers, and shuffle the lower halves of both together. That is one multiplication to
// LLVM, and one instruction on every host with vectors.

import LLVM

/// Puts products of 32-bit lanes in the place of shuffled lower halves of 64-bit ones.
///
/// - Parameter lower: functions that multiply the lower halves, `TargetTraits.lowerProducts`.
func narrowProducts(in module: Module, lower: [String]) {
  let builder = Builder(module.context)
  let products = NarrowProducts(intrinsics: lower)
  for function in module.functions where !function.isDeclaration {
    for block in function.basicBlocks {
      for shuffle in block.instructions where shuffle.opcode == LLVMShuffleVector && shuffle.type.isFourWords {
        guard let factors = products.factors(of: shuffle) else { continue }
        builder.positionBefore(shuffle)
        let (a, b) = (factors.0.shuffled(builder, shuffle.type), factors.1.shuffled(builder, shuffle.type))
        shuffle.replaceAllUses(with: builder.mul(a, b))
      }
    }
  }
}

/// Words out of one vector of 16 bytes.
private struct Words {
  let vector: Value
  var lanes: [Int]

  func shuffled(_ builder: Builder, _ type: IRType) -> Value {
    let whole = vector.type == type ? vector : builder.bitCast(vector, type)
    return lanes == [0, 1, 2, 3] ? whole : builder.shuffleVector(whole, type.poison, lanes)
  }
}

/// One 32-bit lane of a vector of 16 bytes.
private struct Word {
  let vector: Value
  let lane: Int
}

private struct NarrowProducts {
  /// Of `TargetTraits.lowerProducts`: they multiply lanes of 32 bits into such of 64.
  let intrinsics: [String]

  /// What to multiply for all four lanes, if each is the lower half of one of several products, and the factors come
  /// from two vectors.
  func factors(of shuffle: Value) -> (Words, Words)? {
    let halves = (0..<4).compactMap { lowerHalf(of: shuffle, $0) }
    guard halves.count == 4, Set(halves.map(\.vector)).count > 1 else { return nil }
    var known: (Words, Words)?
    for product in halves {
      guard case let (a, b)? = factors(of: product.vector, product.lane) else { return nil }
      guard let (first, second) = known else {
        known = (Words(vector: a.vector, lanes: [a.lane]), Words(vector: b.vector, lanes: [b.lane]))
        continue
      }
      let isSwapped = first.vector != a.vector
      let (x, y) = isSwapped ? (b, a) : (a, b)
      guard x.vector == first.vector, y.vector == second.vector else { return nil }
      known = (
        Words(vector: first.vector, lanes: first.lanes + [x.lane]),
        Words(vector: second.vector, lanes: second.lanes + [y.lane])
      )
    }
    return known
  }

  /// The vector of two 64-bit lanes, and the lane of it, whose lower half is lane `lane` of `value`.
  private func lowerHalf(of value: Value, _ lane: Int) -> Word? {
    guard value.isInstruction else { return nil }
    switch value.opcode {
    case LLVMShuffleVector: return value.source(of: lane).flatMap { lowerHalf(of: $0.vector, $0.lane) }
    case LLVMTrunc where value.operand(0).type.isTwoLongs: return Word(vector: value.operand(0), lane: lane)
    case LLVMBitCast:
      let from = value.operand(0)
      if from.type.hasFourLanes { return lowerHalf(of: from, lane) }
      return from.type.isTwoLongs && lane & 1 == 0 ? Word(vector: from, lane: lane / 2) : nil
    default: return nil
    }
  }

  /// The words whose product's lower half is that of 64-bit lane `lane` of `product`.
  private func factors(of product: Value, _ lane: Int) -> (Word, Word)? {
    guard product.isInstruction else { return nil }
    switch product.opcode {
    case LLVMMul: return (lowerWord(of: product.operand(0), lane), lowerWord(of: product.operand(1), lane))
    case LLVMCall where product.callee.map { callee in intrinsics.contains { callee.name.hasPrefix($0) } } ?? false:
      let (a, b) = (product.operand(0), product.operand(1))
      guard a.isInstruction, b.isInstruction, a.opcode == LLVMTrunc, b.opcode == LLVMTrunc else { return nil }
      return (lowerWord(of: a.operand(0), lane), lowerWord(of: b.operand(0), lane))
    default: return nil
    }
  }

  /// Where the lower half of 64-bit lane `lane` comes from.
  private func lowerWord(of vector: Value, _ lane: Int) -> Word {
    if vector.isInstruction {
      let isAll = { (constant: UInt64) in (0..<2).allSatisfy { vector.operand(1).constantLane($0) == constant } }
      switch vector.opcode {
      case LLVMLShr where isAll(32), LLVMAShr where isAll(32):
        return word(of: vector.operand(0), 2 * lane + 1)
      case LLVMAnd where isAll(0xffff_ffff): return word(of: vector.operand(0), 2 * lane)
      default: break
      }
    }
    return word(of: vector, 2 * lane)
  }

  /// Word `lane` of `vector`, or the one that shuffles have put there.
  private func word(of vector: Value, _ lane: Int) -> Word {
    var word = Word(vector: vector, lane: lane)
    while word.vector.isInstruction {
      let value = word.vector
      if value.opcode == LLVMBitCast, value.operand(0).type.hasFourLanes || value.operand(0).type.isTwoLongs {
        word = Word(vector: value.operand(0), lane: word.lane)
      } else if value.opcode == LLVMShuffleVector, value.type.hasFourLanes, let from = value.source(of: word.lane),
        from.vector.type == value.type
      {
        word = from
      } else {
        break
      }
    }
    return word
  }
}

extension Value {
  /// Of a shuffle: where a lane comes from.
  fileprivate func source(of lane: Int) -> Word? {
    let (mask, count) = (shuffleMask, operand(0).type.vectorSize)
    guard lane < mask.count, let from = mask[lane] else { return nil }
    return Word(vector: operand(from / count), lane: from % count)
  }

  /// Of a constant vector of integers.
  fileprivate func constantLane(_ n: Int) -> UInt64? {
    isConstant ? LLVMGetAggregateElement(ref, UInt32(n)).flatMap { Value($0).constantValue } : nil
  }
}

extension IRType {
  private func isVector(_ count: Int, of kinds: [LLVMTypeKind], bits: Int) -> Bool {
    guard isVector, vectorSize == count else { return false }
    return kinds.contains(elementType.kind) && (!elementType.isInteger || elementType.intWidth == bits)
  }
  fileprivate var isFourWords: Bool { isVector(4, of: [LLVMIntegerTypeKind], bits: 32) }
  fileprivate var hasFourLanes: Bool { isVector(4, of: [LLVMIntegerTypeKind, LLVMFloatTypeKind], bits: 32) }
  fileprivate var isTwoLongs: Bool { isVector(2, of: [LLVMIntegerTypeKind], bits: 64) }
}
