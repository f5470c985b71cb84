// Instructions on one lane keep the others: `addsd xmm0, xmm1` the upper lane of XMM0. Where nobody looks at what they
// keep, LLVM finds out within expressions, but not around loops, whose turns hand it on to each other: then every turn
// blends, in the middle of what the loop computes. Where somebody looks at it behind the loop, it is put together there.

import LLVM

/// Lets insertions into vectors keep nothing of those whose other lanes nobody looks at.
func dropDeadLanes(in module: Module) {
  for function in module.functions where !function.isDeclaration {
    LaneRoots(function).takeRoots(Builder(module.context))
    DemandedLanes(function).run()
  }
}

/// Of each vector of two lanes that loops hand on to themselves, where the lanes come from.
private struct LaneRoots {
  private struct Root: Hashable {
    let value: Value
    /// Phis have handed it on.
    var isHanded = false
  }
  private var roots: [Value: [Root?]] = [:]
  private let instructions: [Value]

  init(_ function: Function) {
    instructions = function.basicBlocks.flatMap(\.instructions).filter { $0.type.hasTwoLanes }
    if !instructions.contains(where: { $0.opcode == LLVMPHI }) { return }
    for instruction in instructions { roots[instruction] = [nil, nil] }
    // Whatever is not known yet agrees with everything; what differs once is its own root for good.
    var again = true
    while again {
      again = false
      for instruction in instructions {
        let new = (0..<2).map { root(of: instruction, lane: $0) }
        if new != roots[instruction]! { (roots[instruction], again) = (new, true) }
      }
    }
  }

  private func root(of value: Value, lane: Int) -> Root? {
    guard value.isInstruction else { return Root(value: value) }
    func before(_ n: Int) -> Root? {
      let operand = value.operand(n)
      guard let known = roots[operand] else { return Root(value: operand) }
      return known[lane]
    }
    switch value.opcode {
    // Behind a loop, for one value of it.
    case LLVMPHI where value.operandCount == 1: return before(0)
    case LLVMPHI:
      if roots[value]![lane]?.value == value { return Root(value: value) }
      let all = Set((0..<value.operandCount).compactMap { before($0)?.value })
      return all.count > 1 ? Root(value: value) : all.first.map { Root(value: $0, isHanded: true) }
    case LLVMInsertElement where value.operand(2).constantValue.map { Int($0) == 1 - lane } ?? false: return before(0)
    case LLVMBitCast where value.operand(0).type.hasTwoLanes: return before(0)
    default: return Root(value: value)
    }
  }

  /// Lets all others than phis, insertions and their kin take lanes from their roots.
  func takeRoots(_ builder: Builder) {
    for value in instructions {
      let known = roots[value] ?? []
      for (lane, root) in known.enumerated() {
        guard let root, root.isHanded, root.value != value, known[1 - lane] != root else { continue }
        for user in value.distinctUsers where !DemandedLanes.hands(user) {
          take(lane, of: value, from: root.value, user, builder)
        }
      }
    }
  }

  private func take(_ lane: Int, of value: Value, from root: Value, _ user: Value, _ builder: Builder) {
    // Lanes that are taken out are looked at for themselves.
    if user.opcode == LLVMExtractElement && user.operand(1).constantValue.map({ Int($0) }) != lane { return }
    builder.positionBefore(user)
    let other = root.type == value.type ? root : builder.bitCast(root, value.type)
    let whole = builder.shuffleVector(value, other, lane == 1 ? [0, 3] : [2, 1])
    for n in 0..<user.operandCount where user.operand(n) == value { user.setOperand(n, whole) }
  }
}

/// Of each vector in a function, the bytes that somebody looks at.
private struct DemandedLanes {
  private typealias Bytes = UInt64

  private let insertions: [Value]
  private var demanded: [Value: Bytes] = [:]

  init(_ function: Function) {
    var insertions: [Value] = []
    var work: [(value: Value, bytes: Bytes)] = []
    for instruction in function.basicBlocks.lazy.flatMap(\.instructions) {
      if instruction.opcode == LLVMInsertElement && !Self.isPoison(instruction.operand(0)) {
        insertions.append(instruction)
      }
    }
    self.insertions = insertions
    if insertions.isEmpty { return }
    for instruction in function.basicBlocks.lazy.flatMap(\.instructions) where !Self.hands(instruction) {
      for operand in instruction.operands where operand.isInstruction && operand.type.lanes != nil {
        work.append((operand, Self.bytes(of: operand, askedBy: instruction)))
      }
    }
    while let (value, bytes) = work.popLast() {
      let known = demanded[value, default: 0]
      // A lane is poison as a whole.
      let new = known | value.type.lanes!.whole(bytes)
      if new == known { continue }
      demanded[value] = new
      guard Self.hands(value) else { continue }
      for (n, operand) in value.operands.enumerated() where operand.isInstruction && operand.type.lanes != nil {
        work.append((operand, Self.bytes(ofOperand: n, of: value, for: new)))
      }
    }
  }

  func run() {
    for insertion in insertions {
      guard let own = Self.insertedBytes(insertion) else { continue }
      if demanded[insertion, default: 0] & ~own == 0 { insertion.setOperand(0, insertion.type.poison) }
    }
  }

  private static func isPoison(_ value: Value) -> Bool { LLVMIsPoison(value.ref) != 0 || LLVMIsUndef(value.ref) != 0 }

  /// Its operands are looked at where its result is.
  static func hands(_ instruction: Value) -> Bool {
    guard instruction.type.lanes != nil else { return false }
    switch instruction.opcode {
    case LLVMInsertElement: return insertedBytes(instruction) != nil
    case LLVMPHI, LLVMShuffleVector, LLVMFreeze, LLVMAnd, LLVMOr, LLVMXor, LLVMAdd, LLVMSub: return true
    case LLVMSelect: return instruction.operand(0).type.lanes == nil && !instruction.operand(0).type.isVector
    case LLVMBitCast: return instruction.operand(0).type.lanes != nil
    default: return false
    }
  }

  /// What an instruction that hands on asks of its operand `n`, when `bytes` of its result are looked at.
  private static func bytes(ofOperand n: Int, of instruction: Value, for bytes: Bytes) -> Bytes {
    switch instruction.opcode {
    case LLVMInsertElement: return bytes & ~insertedBytes(instruction)!
    case LLVMShuffleVector:
      let lanes = instruction.type.lanes!
      let count = instruction.operand(0).type.vectorSize
      var asked: Bytes = 0
      for case let (k, from?) in instruction.shuffleMask.enumerated() where bytes & lanes.bytes(k) != 0 {
        if from / count == n { asked |= lanes.bytes(from % count) }
      }
      return asked
    default: return bytes
    }
  }

  /// What any other instruction asks.
  private static func bytes(of vector: Value, askedBy instruction: Value) -> Bytes {
    if instruction.opcode == LLVMExtractElement, let k = instruction.operand(1).constantValue, k < 64 {
      return vector.type.lanes!.bytes(Int(k))
    }
    return .max
  }

  private static func insertedBytes(_ insertion: Value) -> Bytes? {
    guard let lanes = insertion.type.lanes, let k = insertion.operand(2).constantValue, k < 64 else { return nil }
    return lanes.bytes(Int(k))
  }
}

/// The lanes of a vector, `size` bytes each.
private struct Lanes {
  let size: Int
  let count: Int
  func bytes(_ n: Int) -> UInt64 { (size < 64 ? 1 << UInt64(size) - 1 : .max) << UInt64(n * size) }
  /// The lanes that have some of `bytes`.
  func whole(_ bytes: UInt64) -> UInt64 {
    (0..<count).reduce(0) { bytes & self.bytes($1) != 0 ? $0 | self.bytes($1) : $0 }
  }
}

extension IRType {
  fileprivate var hasTwoLanes: Bool { isVector && vectorSize == 2 && lanes?.size == 8 }
  /// Of vectors with lanes of whole bytes, up to 64.
  fileprivate var lanes: Lanes? {
    guard isVector, !elementType.isPointer, let size = elementType.bytes, size * vectorSize <= 64 else { return nil }
    return Lanes(size: size, count: vectorSize)
  }
}
