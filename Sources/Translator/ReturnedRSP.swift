// A function needs its guest's RSP after every call: for its frame, and for what it returns itself. Its callees give
// back the RSP that they were called with (`Convention.returnsRSP`), so no register needs to be put away for it: behind a
// call everything is computed from what came back.

import LLVM

/// Rewrites sums of RSP and constants.
func takeReturnedRSP(in module: Module, _ convention: Convention) throws(LLVMError) {
  guard let result = convention.rspResult else { return }
  var isChanged = false
  for function in module.functions
  where !function.isDeclaration && function.callConvention == convention.callingConvention
    && function.parameterCount == convention.parameters.count
  {
    guard let rewriting = ReturnedRSP(function, convention.rspParameter, result, module.context) else { continue }
    rewriting.run()
    isChanged = true
  }
  if isChanged { try module.runPasses("mem2reg") }
}

private struct ReturnedRSP {
  private let builder: Builder
  private let i64: IRType
  private let ptr: IRType
  private let rsp: Value
  private let parameter: Int
  private let result: Int
  private let entry: BasicBlock
  /// Calls that take RSP plus a constant, and the constants.
  private let calls: [(call: Value, offset: Int)]
  /// RSP plus this is what most calls take, and what stands for RSP everywhere.
  private let common: Int

  init?(_ function: Function, _ parameter: Int, _ result: Int, _ context: LLVMContext) {
    let rsp = function.parameter(parameter)
    let sums = rsp.users.compactMap { user in user.offset(from: rsp).map { (user, $0) } } + [(rsp, 0)]
    let type = LLVMGetReturnType(function.functionType.ref)
    let calls: [(call: Value, offset: Int)] = sums.flatMap { sum, offset in
      sum.distinctUsers.compactMap { user in
        let isCall = user.opcode == LLVMCall && user.callConvention == function.callConvention
          && LLVMTypeOf(user.ref) == type && user.tailCallKind != LLVMTailCallKindMustTail
          && user.operand(parameter) == sum
        return isCall ? (user, offset) : nil
      }
    }
    guard let entry = function.entryBlock, !calls.isEmpty else { return nil }
    (self.rsp, self.calls, self.entry) = (rsp, calls, entry)
    (self.parameter, self.result) = (parameter, result)
    let counts = Dictionary(calls.map { ($0.offset, 1) }, uniquingKeysWith: +)
    common = counts.max { ($0.value, -$0.key) < ($1.value, -$1.key) }!.key
    builder = Builder(context)
    (i64, ptr) = (context.i64, context.ptr)
  }

  func run() {
    builder.positionBefore(entry.firstInstruction!)
    let home = builder.alloca(i64)
    let first = builder.add(rsp, constant(common))
    builder.store(first, home, align: 8)
    for (sum, offset) in rsp.users.compactMap({ user in user.offset(from: rsp).map { (user, $0) } })
    where sum != first {
      for pointer in sum.users where pointer.opcode == LLVMIntToPtr {
        replace(pointer, by: home, offset, isPointer: true)
      }
      replace(sum, by: home, offset)
    }
    for pointer in rsp.users where pointer.opcode == LLVMIntToPtr { replace(pointer, by: home, 0, isPointer: true) }
    replace(rsp, by: home, 0, except: first)
    for (call, offset) in calls {
      builder.positionBefore(Value(LLVMGetNextInstruction(call.ref)))
      let returned = builder.extractValue(call, result)
      builder.store(offset == common ? returned : builder.add(returned, constant(common - offset)), home, align: 8)
    }
  }

  private func constant(_ value: Int) -> Value { i64.constInt(UInt64(bitPattern: Int64(value))) }

  /// Every user of `value`, which is RSP plus `offset`, makes its own of what is at `home`.
  private func replace(
    _ value: Value, by home: Value, _ offset: Int, isPointer: Bool = false, except kept: Value? = nil
  ) {
    func own(before place: Value) -> Value {
      builder.positionBefore(place)
      let base = builder.load(i64, home, align: 8)
      let sum = offset == common ? base : builder.add(base, constant(offset - common))
      return isPointer ? builder.intToPtr(sum, ptr) : sum
    }
    for user in value.distinctUsers where user != kept {
      if user.opcode == LLVMPHI {
        // A switch may come by several edges, which have to bring the same value.
        var brought: [BasicBlock: Value] = [:]
        for n in 0..<user.operandCount where user.operand(n) == value {
          let block = BasicBlock(LLVMGetIncomingBlock(user.ref, UInt32(n)))
          let new = brought[block] ?? own(before: block.terminator!)
          brought[block] = new
          user.setOperand(n, new)
        }
      } else {
        let new = own(before: user)
        for n in 0..<user.operandCount where user.operand(n) == value { user.setOperand(n, new) }
      }
    }
    if value != rsp { value.eraseFromParent() }
  }
}
