// Which pairs below a pair of halves can be one value each, and whether that pays (PairedHalves.swift).

import LLVM

/// How two halves become one value.
enum Whole {
  /// They are its halves already.
  case known(Value)
  case constant
  /// By one instruction in the place of both, with these pairs of operands whole; all else is the lower one's.
  case instruction([Halves])
  /// Put together.
  case joined
}

struct HalvesPlan {
  /// Pairs in the order they were found in, users first.
  private(set) var order: [Halves] = []
  private(set) var wholes: [Halves: Whole] = [:]
  /// The pair that an instruction is replaced with.
  private(set) var pairOf: [Value: Halves] = [:]
  private let rules: HalvesRules
  private let forbidden: Set<Halves>

  /// More than this is left as it is.
  private static let limit = (pairs: 1_000, depth: 200, attempts: 8)

  /// - Parameter saved: instructions that are saved beyond `root`.
  /// - Returns: nil where nothing would be gained.
  init?(root: Halves, saved: Int, _ rules: HalvesRules) {
    guard root.low.type == root.high.type, root.low.type.isHalf else { return nil }
    var forbidden: Set<Halves> = []
    for _ in 0..<Self.limit.attempts {
      let plan = HalvesPlan(root: root, forbidden: forbidden, rules)
      if plan.order.count > Self.limit.pairs { return nil }
      let bad = plan.order.filter { !plan.isInOrder($0) }
      if bad.isEmpty {
        guard case .instruction? = plan.wholes[root], saved + plan.gain > 0 else { return nil }
        self = plan
        return
      }
      forbidden.formUnion(bad)
    }
    return nil
  }

  private init(root: Halves, forbidden: Set<Halves>, _ rules: HalvesRules) {
    (self.rules, self.forbidden) = (rules, forbidden)
    add(root, depth: 0)
  }

  private mutating func add(_ pair: Halves, depth: Int) {
    if wholes[pair] != nil || order.count > Self.limit.pairs { return }
    let whole = depth > Self.limit.depth ? .joined : self.whole(of: pair)
    wholes[pair] = whole
    order.append(pair)
    guard case .instruction(let operands) = whole else { return }
    for half in pair.both { pairOf[half] = pair }
    for operand in operands { add(operand, depth: depth + 1) }
  }

  private func whole(of pair: Halves) -> Whole {
    let (low, high) = (pair.low, pair.high)
    if low.isConstant && high.isConstant { return low.laneConstants != nil && high.laneConstants != nil ? .constant : .joined }
    if let whole = low.whole(half: 0), whole == high.whole(half: 1) { return .known(whole) }
    guard low != high, !forbidden.contains(pair), low.isInstruction, high.isInstruction, low.opcode == high.opcode,
      low.block == high.block, pairOf[low] == nil, pairOf[high] == nil, let operands = operands(pair)
    else { return .joined }
    return .instruction(operands)
  }

  // MARK: Instructions

  /// The pairs of operands that one instruction for both has, if there is such.
  private func operands(_ pair: Halves) -> [Halves]? {
    let (low, high) = (pair.low, pair.high)
    func pairs(_ numbers: some Sequence<Int>) -> [Halves]? {
      let all = numbers.map { Halves(low: low.operand($0), high: high.operand($0)) }
      return all.allSatisfy { $0.low.type == $0.high.type && $0.low.type.isHalf } ? all : nil
    }
    switch low.opcode {
    case LLVMAdd, LLVMSub, LLVMMul, LLVMShl, LLVMLShr, LLVMAShr, LLVMAnd, LLVMOr, LLVMXor: return pairs(0..<2)
    case LLVMFAdd, LLVMFSub, LLVMFMul, LLVMFDiv, LLVMFNeg, LLVMFreeze, LLVMBitCast: return pairs(0..<low.operandCount)
    case LLVMSExt, LLVMZExt, LLVMTrunc, LLVMSIToFP, LLVMFPExt, LLVMFPTrunc: return pairs(0..<1)
    case LLVMICmp: return LLVMGetICmpPredicate(low.ref) == LLVMGetICmpPredicate(high.ref) ? pairs(0..<2) : nil
    case LLVMFCmp: return LLVMGetFCmpPredicate(low.ref) == LLVMGetFCmpPredicate(high.ref) ? pairs(0..<2) : nil
    case LLVMSelect:
      if low.operand(0).type.isVector { return pairs(0..<3) }
      return low.operand(0) == high.operand(0) ? pairs(1..<3) : nil
    case LLVMPHI: return phiOperands(pair)
    case LLVMLoad: return rules.allowsPair(pair) ? [] : nil
    case LLVMShuffleVector:
      if low.isShuffle(of: high) { return [] }
      return low.shuffleMask == high.shuffleMask && low.type.vectorSize == low.operand(0).type.vectorSize
        ? pairs(0..<2) : nil
    case LLVMCall: return callOperands(pair).flatMap { pairs($0) }
    default: return nil
    }
  }

  private func phiOperands(_ pair: Halves) -> [Halves]? {
    guard pair.low.operandCount == pair.high.operandCount, pair.low.type.isHalf else { return nil }
    var all: [Halves] = []
    for n in 0..<pair.low.operandCount {
      guard let high = pair.high.incoming(from: pair.low.incomingBlock(n)) else { return nil }
      all.append(Halves(low: pair.low.operand(n), high: high))
    }
    return all
  }

  /// The numbers of a call's operands that are halves; others have to be the same.
  private func callOperands(_ pair: Halves) -> [Int]? {
    let (low, high) = (pair.low, pair.high)
    if let mine = low.laneAssembly, let its = high.laneAssembly {
      return mine == its && rules.mayMeet(pair) ? Array(low.arguments.indices) : nil
    }
    guard low.wideIntrinsic != nil, low.callee == high.callee, rules.mayMeet(pair) else { return nil }
    let halves = low.arguments.indices.filter { low.arguments[$0].type == low.type }
    return low.arguments.indices.allSatisfy { halves.contains($0) || low.operand($0) == high.operand($0) } ? halves : nil
  }

  // MARK: Order

  /// Whether everything that uses the earlier half can wait for the later one.
  private func isInOrder(_ pair: Halves) -> Bool {
    guard case .instruction? = wholes[pair], pair.low.opcode != LLVMPHI else { return true }
    let (earlier, later) = (rules.places.earlier(pair), rules.places.later(pair))
    let last = rules.places.place(of: later)
    for user in earlier.distinctUsers where user.opcode != LLVMPHI && user.block == later.block {
      if rules.places.place(of: user) > last { continue }
      // It waits as well if it takes the whole.
      guard let its = pairOf[user], its != pair, case .instruction(let operands)? = wholes[its] else { return false }
      let uses = (0..<user.operandCount).filter { user.operand($0) == earlier }.count
      let taken = operands.filter { $0 == pair }.count
      guard taken == uses else { return false }
    }
    return true
  }

  // MARK: Gain

  private var gain: Int { order.reduce(0) { $0 + gain(of: $1) } }

  /// How many instructions a pair saves, or costs.
  private func gain(of pair: Halves) -> Int {
    switch wholes[pair]! {
    case .known, .constant: return 0
    case .joined: return pair.low == pair.high && pair.low.isSplat ? 0 : -1
    case .instruction:
      let saved =
        switch pair.low.opcode {
        case LLVMBitCast, LLVMPHI, LLVMFreeze: 0
        // They are what the comparison before them makes.
        case LLVMSExt where pair.low.operand(0).type.bytes == nil: 0
        default: 1
        }
      return saved - (isLookedAt(pair) ? 1 : 0)
    }
  }

  /// Whether somebody looks at the upper half alone, who is not likely to be paired himself.
  private func isLookedAt(_ pair: Halves) -> Bool {
    func others(_ value: Value) -> [Value] { value.distinctUsers.filter { pairOf[$0] == nil } }
    let low = others(pair.low)
    return others(pair.high).contains { user in
      !low.contains { $0 != user && $0.opcode == user.opcode && $0.block == user.block }
    }
  }
}

extension Value {
  /// The elements of a vector constant.
  var laneConstants: [Value]? {
    let lanes = (0..<type.vectorSize).compactMap { LLVMGetAggregateElement(ref, UInt32($0)).map { Value($0) } }
    return lanes.count == type.vectorSize ? lanes : nil
  }

  /// The vector that it is the lower (0) or upper (1) half of.
  fileprivate func whole(half: Int) -> Value? {
    guard isInstruction, opcode == LLVMShuffleVector, operand(0).type == type.doubled else { return nil }
    let count = type.vectorSize
    return shuffleMask == (0..<count).map { $0 + half * count } ? operand(0) : nil
  }

  /// Both shuffle the same two vectors.
  func isShuffle(of other: Value) -> Bool {
    opcode == LLVMShuffleVector && other.opcode == LLVMShuffleVector && operand(0) == other.operand(0)
      && operand(1) == other.operand(1) && operand(0).type.isHalf
  }

  /// One lane in all places.
  var isSplat: Bool {
    isInstruction && opcode == LLVMShuffleVector && shuffleMask.allSatisfy { $0 == 0 || $0 == nil }
  }
}
