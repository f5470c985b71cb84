// Puts checks in the place of NaN markers (`NaNMarker`), as few as keep every NaN that anybody could
// tell from another one exact.
//
// An operation with a NaN among its operands answers a NaN. So results that only feed other operations,
// comparisons and conversions to integers need no check of their own: what comes out at the end of the chain
// is a NaN if one of them was. The end is checked where it leaves (is stored, passed, kept as bits), together with
// whatever else of its block is to leave later; the cold side computes the NaNs of the whole chain again. Chains go on
// in blocks that only one other leads to.

import LLVM

/// Puts checks in the place of the markers.
func expandNaNMarkers(in module: Module, for target: TargetTraits) {
  let roles = CalleeRoles(module)
  guard !roles.markers.isEmpty else { return }
  let blocks = Set(roles.markers.keys.flatMap { $0.value.users.map(\.block) })
  let unlikely = module.context.value(of: module.context.branchWeights([1, 100_000]))
  let largest: ((IRType) -> Function)? = !target.findsLargestLane
    ? nil : { module.intrinsic("llvm.vector.reduce.fmaximum", [$0]) }
  for function in module.functions where !function.isDeclaration {
    let all = function.basicBlocks
    guard all.contains(where: blocks.contains) else { continue }
    let tree = ExtendedBlocks(all)
    let builder = Builder(module.context)
    for block in all where blocks.contains(block) { sinkCarriers(in: block, builder) }
    for root in tree.roots {
      var work: [(block: BasicBlock, carried: NaNChecks?)] = [(root, nil)]
      while let (block, carried) = work.popLast() {
        var left: NaNChecks?
        if carried != nil || blocks.contains(block) {
          var checks = NaNChecks(block, tree, roles, module.context, unlikely, largest: largest)
          if let carried { checks.take(from: carried) }
          checks.run()
          if checks.carries { left = checks }
        }
        for below in tree.children(of: block).reversed() { work.append((below, left)) }
      }
    }
  }
  for marker in module.functions where roles.markers[marker] != nil {
    for call in marker.value.users {
      call.replaceAllUses(with: call.operand(0))
      call.eraseFromParent()
    }
    marker.delete()
  }
}

/// Lets what only puts a checked result into a vector, or takes it for something else, wait until its block ends
/// if nobody looks at it before, so that one check does for all that leaves there.
private func sinkCarriers(in block: BasicBlock, _ builder: Builder) {
  guard var next = block.terminator else { return }
  var sunk: Set<Value> = [next]
  for instruction in block.instructions.reversed() {
    switch instruction.opcode {
    case LLVMInsertElement, LLVMExtractElement, LLVMBitCast, LLVMShuffleVector: break
    default: continue
    }
    guard instruction.users.allSatisfy({ $0.block != block || $0.opcode == LLVMPHI || sunk.contains($0) })
    else { continue }
    builder.positionBefore(next)
    builder.move(instruction)
    sunk.insert(instruction)
    next = instruction
  }
}

/// What called functions are to NaNs.
private struct CalleeRoles {
  enum Role {
    /// Answers a NaN for a NaN.
    case operation
    /// The sign's: a NaN stays one, with another sign.
    case sign
    /// Takes all NaNs for the same.
    case sink
  }
  private(set) var markers: [Function: NaNMarker] = [:]
  private var roles: [Function: Role] = [:]

  init(_ module: Module) {
    let prefix = "llvm.experimental.constrained."
    let operations = ["fadd", "fsub", "fmul", "fdiv", "sqrt", "fma", "fpext", "fptrunc", "rint", "nearbyint"]
    for function in module.functions where function.isDeclaration {
      let name = function.name
      if let marker = NaNMarker(function) {
        markers[function] = marker
      } else if name.hasPrefix("llvm.fabs.") {
        roles[function] = .sign
      } else if name.hasPrefix("llvm.fptosi.sat.") || name.hasPrefix(prefix + "fptosi")
        || name.hasPrefix(prefix + "fcmp") || name.hasPrefix(SignallingMarker.prefix)
      {
        roles[function] = .sink
      } else if operations.contains(where: { name.hasPrefix(prefix + $0 + ".") })
        || name.hasPrefix("llvm.fma.") || name.hasPrefix("llvm.sqrt.")
      {
        roles[function] = .operation
      }
    }
  }

  func role(of instruction: Value) -> Role? {
    switch instruction.opcode {
    case LLVMFCmp: .sink
    case LLVMFAdd, LLVMFSub, LLVMFMul, LLVMFDiv, LLVMFPExt, LLVMFPTrunc: .operation
    case LLVMFNeg: .sign
    case LLVMCall:
      if let callee = instruction.callee { roles[callee] } else { instruction.keepsAlive ? .sink : nil }
    default: nil
    }
  }

  /// Of a call: neither an intrinsic nor a marker.
  func callsGuest(_ call: Value) -> Bool {
    guard let callee = call.callee else { return !call.keepsAlive }
    return roles[callee] == nil && markers[callee] == nil && LLVMGetIntrinsicID(callee.ref) == 0
  }

  func marker(_ instruction: Value) -> NaNMarker? {
    instruction.opcode == LLVMCall ? instruction.callee.flatMap { markers[$0] } : nil
  }
}

extension Value {
  /// Empty assembly that only uses its operand (`IRVector.constrained`).
  fileprivate var keepsAlive: Bool {
    LLVMIsAInlineAsm(LLVMGetCalledValue(ref)) != nil && type.kind == LLVMVoidTypeKind && operandCount == 2
  }
}

/// The markers of one block, and those of the blocks above it that are left to it.
private struct NaNChecks {
  /// A value that may be another NaN than the guest's.
  private struct Inexact {
    /// As the host has it.
    var raw: Value
    /// Nil: an operation on the sign, or a selection.
    var marker: NaNMarker?
    var operands: [Value]
  }

  /// Keeps its tail: what is in front of a check moves to a block of its own.
  let block: BasicBlock
  let tree: ExtendedBlocks
  let roles: CalleeRoles
  let context: LLVMContext
  let unlikely: Value
  /// Of a vector's lanes the largest, and a NaN if one is, where the host has an instruction for it.
  let largest: ((IRType) -> Function)?
  let builder: Builder
  private var inexact: [Value: Inexact] = [:]
  /// Keys of `inexact` that have not been checked, in order.
  private var pending: [Value] = []
  /// What checked ones are behind their check.
  private var exact: [Value: Value] = [:]
  /// Instructions in front of the place that is looked at.
  private var visited: Set<Value> = []
  /// Those of `pending` that a block above has left to this one, and others as well.
  private var carried: Set<Value> = []
  /// Guest code has been called, which inexact values would have to be put away for.
  private var hasCalled = false
  /// So many may wait: their operands stay in registers for the cold side.
  private static var limit: Int { 12 }

  init(
    _ block: BasicBlock, _ tree: ExtendedBlocks, _ roles: CalleeRoles, _ context: LLVMContext, _ unlikely: Value,
    largest: ((IRType) -> Function)?
  ) {
    (self.block, self.tree, self.roles, self.context, self.unlikely) = (block, tree, roles, context, unlikely)
    self.largest = largest
    builder = Builder(context)
  }

  /// Something is left to the blocks below.
  var carries: Bool { !pending.isEmpty }

  /// Takes what `above`, which has run, leaves to the blocks below it.
  mutating func take(from above: NaNChecks) {
    (inexact, exact, pending) = (above.inexact, above.exact, above.pending)
    carried = Set(pending)
  }

  mutating func run() {
    // A phi of this block takes what leaves at its end.
    for instruction in block.instructions where instruction.opcode != LLVMPHI {
      let operands = instruction.operands
      if let marker = roles.marker(instruction) {
        let chosen = Array(operands[1..<operands.count - 1])
        note(instruction, Inexact(raw: operands[0], marker: marker, operands: chosen))
      } else if operands.contains(where: pending.contains) {
        if isTransparent(instruction) {
          note(instruction, Inexact(raw: instruction, marker: nil, operands: operands))
        } else if !isHarmless(instruction) {
          check(before: instruction)
        }
      }
      if instruction.opcode == LLVMCall && roles.callsGuest(instruction) { hasCalled = true }
      visited.insert(instruction)
    }
    let leaving = leaving()
    if hasCalled || !leaving.allSatisfy(canWait) { check(before: block.terminator!) }
    pending = hasCalled ? [] : pending.filter { !usesToCome($0).isEmpty && canWait($0) }
  }

  /// All that looks at it stands in blocks below this one, where no other way leads to.
  private func canWait(_ value: Value) -> Bool {
    usesToCome(value).allSatisfy { $0.opcode != LLVMPHI && tree.isBelow($0.block, block) }
  }

  private mutating func note(_ value: Value, _ entry: Inexact) {
    guard value.hasUses else { return }
    if pending.count == Self.limit { check(before: value, everything: true) }
    inexact[value] = entry
    pending.append(value)
  }

  /// Answers another NaN for another NaN, and can be computed again.
  private func isTransparent(_ instruction: Value) -> Bool {
    instruction.opcode == LLVMSelect || roles.role(of: instruction) == .sign
  }

  /// A use of an inexact value that does not tell which NaN it is.
  private func isHarmless(_ user: Value) -> Bool {
    switch roles.role(of: user) {
    case .sink: true
    // Its own marker has the operands again.
    case .operation: user.users.allSatisfy { roles.marker($0) != nil || roles.role(of: $0) == .sink }
    case .sign: user.block == block
    case nil: user.block == block && (roles.marker(user) != nil || user.opcode == LLVMSelect)
    }
  }

  private func usesToCome(_ value: Value) -> [Value] { value.users.filter { isToCome($0, of: value) } }

  private func isToCome(_ user: Value, of value: Value) -> Bool {
    !visited.contains(user)
      && (!carried.contains(value) || user.block == block || tree.isBelow(user.block, block))
  }

  /// What has a use to come that tells NaNs apart.
  private func leaving() -> [Value] { pending.filter { !usesToCome($0).allSatisfy(isHarmless) } }

  /// Checks what leaves here or later, if only to make room: `everything` that has a use to come.
  private mutating func check(before next: Value, everything: Bool = false) {
    pending = pending.filter { !usesToCome($0).isEmpty }
    let leaving = everything ? pending : leaving()
    guard !leaving.isEmpty else { return }
    pending.removeAll(where: leaving.contains)
    builder.positionBefore(next)
    let isNaN = anyNaN(among: leaving)
    let head = splitHead(before: next)
    let cold = head.parent.appendBasicBlock(in: context)
    builder.positionAtEnd(head)
    builder.condBr(isNaN, cold, block).setMetadata(context.metadataKind("prof"), unlikely)
    builder.positionAtEnd(cold)
    var known = exact
    let fixed = leaving.map { recomputed($0, &known) }
    // Keeps backends from computing all this in line, with selections.
    let nothing = IRType.function(context.void, [])
    builder.call(builder.inlineAsm(nothing, "", constraints: ""), nothing, [])
    builder.br(block)
    visited.formUnion(head.instructions.filter { $0.opcode != LLVMPHI })
    visited.formUnion(cold.instructions)
    for (value, fixed) in zip(leaving, fixed) {
      builder.positionBefore(next)
      let phi = builder.phi(value.type)
      phi.addIncoming(inexact[value]!.raw, from: head)
      phi.addIncoming(fixed, from: cold)
      visited.insert(phi)
      exact[value] = phi
      value.replaceUses(with: phi) { isToCome($0, of: value) }
    }
  }

  /// One of them is a NaN that an operation has made or chosen. Those that another one is computed from need no test.
  private func anyNaN(among leaving: [Value]) -> Value {
    let covered = Set(leaving.flatMap { value in
      inexact[value]!.marker == nil && value.opcode == LLVMSelect ? [] : inexact[value]!.operands
    })
    var tested: [Value] = []
    for raw in leaving.filter({ !covered.contains($0) }).flatMap(results) where !tested.contains(raw) {
      tested.append(raw)
    }
    return anyNaN(scalars: tested.flatMap(scalars))
  }

  /// The operations' results that `value` is or is made of. A selection may have a signalling NaN besides, which is
  /// not to be compared.
  private func results(_ value: Value) -> [Value] {
    guard let entry = inexact[value] else { return [] }
    return entry.marker == nil ? entry.operands.flatMap(results) : [entry.raw]
  }

  private func anyNaN(scalars tested: [Value]) -> Value {
    var tests: [Value] = []
    var unpaired: [IRType: Value] = [:]
    for scalar in tested {
      if let other = unpaired.removeValue(forKey: scalar.type) {
        tests.append(builder.fcmp(LLVMRealUNO, other, scalar))
      } else {
        unpaired[scalar.type] = scalar
      }
    }
    // In the order of `tested`, so that the same program makes the same code.
    for scalar in tested where unpaired[scalar.type] == scalar {
      tests.append(builder.fcmp(LLVMRealUNO, scalar, scalar))
    }
    return tests.dropFirst().reduce(tests[0]) { builder.or($0, $1) }
  }

  /// Scalars one of which is a NaN if a lane of `raw` is: comparing lanes would raise "invalid".
  private func scalars(_ raw: Value) -> [Value] {
    guard raw.type.isVector else { return [raw] }
    if let largest { return [builder.call(largest(raw.type), [raw])] }
    return (0..<raw.type.vectorSize).map { builder.extractElement(raw, $0) }
  }

  /// The guest's value of `value`, computed from `known` ones at the end of a cold block.
  private func recomputed(_ value: Value, _ known: inout [Value: Value]) -> Value {
    if let value = known[value] { return value }
    guard let entry = inexact[value] else { return value }
    let operands = entry.operands.map { recomputed($0, &known) }
    let result: Value
    if let marker = entry.marker {
      let chosen = NaNBits(builder: builder, context: context).chosen(marker, operands, value.type)
      result = builder.select(builder.fcmp(LLVMRealUNO, entry.raw, entry.raw), chosen, entry.raw)
    } else {
      result = builder.insert(copyOf: value)
      for (n, operand) in operands.enumerated() { result.setOperand(n, operand) }
    }
    known[value] = result
    return result
  }

  /// Moves what is in front of `next` to a new block, which everything that came here goes to.
  private func splitHead(before next: Value) -> BasicBlock {
    let head = block.parent.appendBasicBlock(in: context)
    head.moveBefore(block)
    builder.positionAtEnd(head)
    for instruction in block.instructions.prefix(while: { $0 != next }) { builder.move(instruction) }
    for terminator in block.users { terminator.replaceSuccessor(block, with: head) }
    return head
  }
}
