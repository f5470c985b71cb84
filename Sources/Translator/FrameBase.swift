// Guest frames are addressed from the RSP that the function was entered with, downwards. AArch64 has 256 bytes for
// negative offsets in an instruction and some KiB for positive ones, so that in a large frame LLVM computes the
// address of each slot once and puts it away: every access is two. Such functions get a base at the
// frame's lower end, out of LLVM's sight, which would take it for the sum that it is.

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
  /// A function with fewer such slots is left as it is.
  private static let fewest = 2

  private let builder: Builder
  private let i64: IRType
  private let entry: BasicBlock
  private let rsp: Value
  private let sums: [(sum: Value, offset: Int)]
  /// From the base to RSP: the base is a multiple of 16, as compilers have RSP between calls.
  private let distance: Int

  init?(_ function: Function, rsp: Value, _ module: Module) {
    self.rsp = rsp
    sums = rsp.users.compactMap { user in user.offset(from: rsp).map { (user, $0) } }
    guard let entry = function.entryBlock else { return nil }
    self.entry = entry
    let near = sums.map(\.offset).filter { $0 > -Self.largest }
    let isFar = near.count { $0 < Self.lowest } >= Self.fewest
    guard isFar || Self.keepsSeveral(sums, rsp, entry) else { return nil }
    distance = (-near.min()! - 8) & ~15 | 8
    builder = Builder(module.context)
    i64 = module.context.i64
  }

  /// Behind a call in the entry block.
  private static func keepsSeveral(_ sums: [(sum: Value, offset: Int)], _ rsp: Value, _ entry: BasicBlock) -> Bool {
    guard let lowest = sums.map(\.offset).min(), lowest <= -24 else { return false }
    let later = sums.filter { sum, _ in sum.users.contains { $0.block != entry } }
    var offsets = Set(later.map(\.offset))
    if rsp.users.contains(where: { $0.block != entry && $0.offset(from: rsp) == nil }) { offsets.insert(0) }
    return offsets.count > 1
  }

  func rewrite() {
    let others = rsp.users.filter { user in user.block != entry && user.offset(from: rsp) == nil }
    builder.positionBefore(entry.firstInstruction!)
    let type = IRType.function(i64, [i64])
    let lower = builder.inlineAsm(
      type, "sub $0, $1, #\(distance)", constraints: "=r,r", sideEffects: false)
    let base = builder.call(lower, type, [rsp])
    for (sum, offset) in sums where !staysAbove(sum, offset) {
      sum.replaceAllUses(with: self.sum(of: base, offset, before: sum))
      sum.eraseFromParent()
    }
    for user in Set(others) { replaceRSP(in: user, base) }
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

  private func replaceRSP(in user: Value, _ base: Value) {
    var made: [BasicBlock: Value] = [:]
    for n in 0..<user.operandCount where user.operand(n) == rsp {
      guard user.opcode == LLVMPHI else {
        user.setOperand(n, sum(of: base, 0, before: user))
        continue
      }
      let from = BasicBlock(LLVMGetIncomingBlock(user.ref, UInt32(n)))
      let value = made[from] ?? sum(of: base, 0, before: from.terminator!)
      made[from] = value
      user.setOperand(n, value)
    }
  }
}

extension Value {
  /// Of a sum of `base` and a constant.
  fileprivate func offset(from base: Value) -> Int? {
    guard opcode == LLVMAdd, operand(0) == base, let offset = operand(1).constantValue else { return nil }
    return Int(Int64(bitPattern: offset))
  }
}
