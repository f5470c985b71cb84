// Guest frames are addressed from the RSP that the function was entered with, downwards. AArch64 has 256 bytes for
// negative offsets in an instruction and some KiB for positive ones, so that in a large frame LLVM computes the
// address of each slot once and puts it away: every access is two. In any frame with calls it keeps RSP at entry
// and RSP at the calls. So functions get a base at the frame's lower end, out of LLVM's sight, which would take it for the
// sum that it is, and compute from it what they want of the rest.

import LLVM

/// Rewrites sums of RSP and constants.
func addressFramesFromBelow(in module: Module, _ convention: Convention) {
  let parameter = convention.rspParameter
  for function in module.functions
  where !function.isDeclaration && function.callConvention == convention.callingConvention
    && parameter < function.parameterCount
  {
    FrameBase(function, rsp: function.parameter(parameter), module)?.rewrite()
  }
}

private struct FrameBase {
  /// What is further down is in no instruction's reach.
  private static let lowest = -256
  /// What `sub` takes.
  private static let largest = 4095
  /// So many slots there make a frame large.
  private static let fewest = 2
  /// A frame with less is a return address and a register.
  private static let smallest = -24

  private let builder: Builder
  private let i64: IRType
  private let entry: BasicBlock
  private let rsp: Value
  private let sums: [(sum: Value, offset: Int)]
  /// From the base to RSP. In large frames the base is a multiple of 16, as compilers have RSP between calls,
  /// so that vectors are in reach; in others it is RSP at the calls.
  private let distance: Int

  init?(_ function: Function, rsp: Value, _ module: Module) {
    self.rsp = rsp
    sums = rsp.users.compactMap { user in user.offset(from: rsp).map { (user, $0) } }
    let near = sums.map(\.offset).filter { $0 > -Self.largest }
    guard let entry = function.entryBlock, let lowest = near.min(), lowest <= Self.smallest else { return nil }
    self.entry = entry
    let isFar = near.count { $0 < Self.lowest } >= Self.fewest
    guard isFar || Self.keepsSeveral(sums, rsp, entry) else { return nil }
    distance = isFar ? (-lowest - 8) & ~15 | 8 : -lowest
    builder = Builder(module.context)
    i64 = module.context.i64
  }

  /// Later blocks use RSP and sums of it, or several sums.
  private static func keepsSeveral(_ sums: [(sum: Value, offset: Int)], _ rsp: Value, _ entry: BasicBlock) -> Bool {
    let later = sums.filter { sum, _ in sum.users.contains { $0.block != entry } }
    let isUsed = rsp.users.contains { $0.block != entry && $0.offset(from: rsp) == nil }
    return Set(later.map(\.offset)).union(isUsed ? [0] : []).count > 1
  }

  func rewrite() {
    let others = rsp.users.filter { user in user.block != entry && user.offset(from: rsp) == nil }
    builder.positionBefore(entry.firstInstruction!)
    let type = IRType.function(i64, [i64])
    let lower = builder.inlineAsm(
      type, "sub $0, $1, #\(distance)", constraints: "=r,r", sideEffects: false)
    let base = builder.call(lower, type, [rsp])
    for (sum, offset) in sums where !staysAbove(sum, offset) {
      replace(sum, in: sum.users, base, offset, at: sum)
      sum.eraseFromParent()
    }
    replace(rsp, in: others, base, 0, at: entry.terminator!)
  }

  /// The entry block has RSP itself, and pairs what the guest pushes.
  private func staysAbove(_ sum: Value, _ offset: Int) -> Bool {
    offset >= Self.lowest && sum.block == entry && sum.users.allSatisfy { user in
      user.block == entry && (user.opcode != LLVMIntToPtr || user.users.allSatisfy { $0.block == entry })
    }
  }

  private func sum(of base: Value, _ offset: Int, before instruction: Value) -> Value {
    builder.positionBefore(instruction)
    return builder.add(base, i64.constInt(UInt64(bitPattern: Int64(offset + distance))))
  }

  /// What is computed where it is used need not be kept; what other values are made of may be a loop's.
  ///
  /// - Parameter place: where a common sum would stand.
  private func replace(_ value: Value, in users: [Value], _ base: Value, _ offset: Int, at place: Value) {
    var parts: Set<Value> = []
    for user in users {
      guard [LLVMCall, LLVMStore, LLVMIntToPtr].contains(user.opcode) else {
        parts.insert(user)
        continue
      }
      guard user.operands.contains(value) else { continue }
      let own = sum(of: base, offset, before: user)
      for n in 0..<user.operandCount where user.operand(n) == value { user.setOperand(n, own) }
    }
    if parts.isEmpty { return }
    let common = sum(of: base, offset, before: place)
    value.replaceUses(with: common) { parts.contains($0) }
  }
}

extension Value {
  /// Of a sum of `base` and a constant.
  func offset(from base: Value) -> Int? {
    guard opcode == LLVMAdd, operand(0) == base, let offset = operand(1).constantValue else { return nil }
    return Int(Int64(bitPattern: offset))
  }
}
