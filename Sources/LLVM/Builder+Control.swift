// Control flow, calls, memory, vectors and aggregates.
extension Builder {
  @inlinable @discardableResult public func br(_ block: BasicBlock) -> Value {
    Value(LLVMBuildBr(ref, block.ref))
  }
  @inlinable @discardableResult
  public func condBr(_ condition: Value, _ yes: BasicBlock, _ no: BasicBlock) -> Value {
    Value(LLVMBuildCondBr(ref, condition.ref, yes.ref, no.ref))
  }
  /// Add cases with `Value.addCase`.
  @inlinable @discardableResult
  public func switchOn(_ value: Value, default block: BasicBlock, cases: Int = 8) -> Value {
    Value(LLVMBuildSwitch(ref, value.ref, block.ref, UInt32(cases)))
  }
  @inlinable @discardableResult public func ret(_ value: Value) -> Value {
    Value(LLVMBuildRet(ref, value.ref))
  }
  @inlinable @discardableResult public func retVoid() -> Value { Value(LLVMBuildRetVoid(ref)) }
  @inlinable @discardableResult public func unreachable() -> Value {
    Value(LLVMBuildUnreachable(ref))
  }
  /// Add values with `Value.addIncoming`.
  @inlinable public func phi(_ type: IRType) -> Value { Value(LLVMBuildPhi(ref, type.ref, "")) }

  @inlinable @discardableResult
  public func call(
    _ function: Value, _ type: IRType, _ arguments: [Value],
    convention: UInt32 = CallConvention.c, tail: LLVMTailCallKind = LLVMTailCallKindNone
  ) -> Value {
    let call = withUnsafeTemporaryAllocation(of: LLVMValueRef?.self, capacity: arguments.count) {
      for n in 0..<arguments.count { $0[n] = arguments[n].ref }
      return LLVMBuildCall2(
        ref, type.ref, function.ref, $0.baseAddress, UInt32(arguments.count), "")!
    }
    if convention != 0 { LLVMSetInstructionCallConv(call, convention) }
    if tail != LLVMTailCallKindNone { LLVMSetTailCallKind(call, tail) }
    return Value(call)
  }
  /// With the callee's own type and convention.
  @inlinable @discardableResult
  public func call(
    _ function: Function, _ arguments: [Value], tail: LLVMTailCallKind = LLVMTailCallKindNone
  ) -> Value {
    call(
      function.value, function.functionType, arguments, convention: function.callConvention,
      tail: tail)
  }
  /// An inline assembly callee for `call(_:_:_:)`, AT&T syntax where there is a choice.
  public func inlineAsm(
    _ type: IRType, _ text: String, constraints: String, sideEffects: Bool = true
  ) -> Value {
    var (t, c) = (Array(text.utf8CString), Array(constraints.utf8CString))
    return Value(
      LLVMGetInlineAsm(
        type.ref, &t, t.count - 1, &c, c.count - 1, sideEffects ? 1 : 0, 0,
        LLVMInlineAsmDialectATT, 0))
  }
}

// Memory. Alignments are in bytes.
extension Builder {
  @inlinable public func alloca(_ type: IRType) -> Value {
    Value(LLVMBuildAlloca(ref, type.ref, ""))
  }
  @inlinable public func load(_ type: IRType, _ address: Value, align: Int) -> Value {
    let load = LLVMBuildLoad2(ref, type.ref, address.ref, "")!
    LLVMSetAlignment(load, UInt32(align))
    return Value(load)
  }
  @inlinable @discardableResult
  public func store(_ value: Value, _ address: Value, align: Int) -> Value {
    let store = LLVMBuildStore(ref, value.ref, address.ref)!
    LLVMSetAlignment(store, UInt32(align))
    return Value(store)
  }
  /// With a metadata kind and node (TBAA), already wrapped by `LLVMContext.value(of:)`.
  @inlinable public func load(
    _ type: IRType, _ address: Value, align: Int, kind: UInt32, tag: Value
  ) -> Value {
    let load = load(type, address, align: align)
    LLVMSetMetadata(load.ref, kind, tag.ref)
    return load
  }
  @inlinable @discardableResult public func store(
    _ value: Value, _ address: Value, align: Int, kind: UInt32, tag: Value
  ) -> Value {
    let store = store(value, address, align: align)
    LLVMSetMetadata(store.ref, kind, tag.ref)
    return store
  }
  @inlinable public func gep(_ type: IRType, _ address: Value, _ indices: [Value]) -> Value {
    var refs = indices.map { Optional($0.ref) }
    return Value(LLVMBuildGEP2(ref, type.ref, address.ref, &refs, UInt32(refs.count), ""))
  }
  @inlinable public func gep(_ type: IRType, _ address: Value, _ index: Value) -> Value {
    var one: LLVMValueRef? = index.ref
    return Value(LLVMBuildGEP2(ref, type.ref, address.ref, &one, 1, ""))
  }
  /// For addresses that are known to stay inside one object (VCPU slots).
  @inlinable public func inBoundsGEP(_ type: IRType, _ address: Value, _ index: Value) -> Value {
    var one: LLVMValueRef? = index.ref
    return Value(LLVMBuildInBoundsGEP2(ref, type.ref, address.ref, &one, 1, ""))
  }
  @inlinable public func atomicRMW(
    _ operation: LLVMAtomicRMWBinOp, _ address: Value, _ value: Value, align: Int,
    ordering: LLVMAtomicOrdering = LLVMAtomicOrderingSequentiallyConsistent
  ) -> Value {
    let rmw = LLVMBuildAtomicRMW(ref, operation, address.ref, value.ref, ordering, 0)!
    LLVMSetAlignment(rmw, UInt32(align))
    return Value(rmw)
  }
  /// Answers `{ old, i1 exchanged }`.
  @inlinable public func cmpxchg(
    _ address: Value, _ expected: Value, _ desired: Value, align: Int,
    success: LLVMAtomicOrdering = LLVMAtomicOrderingSequentiallyConsistent,
    failure: LLVMAtomicOrdering = LLVMAtomicOrderingSequentiallyConsistent
  ) -> Value {
    let exchange = LLVMBuildAtomicCmpXchg(
      ref, address.ref, expected.ref, desired.ref, success, failure, 0)!
    LLVMSetAlignment(exchange, UInt32(align))
    return Value(exchange)
  }
  @inlinable @discardableResult
  public func fence(_ ordering: LLVMAtomicOrdering = LLVMAtomicOrderingSequentiallyConsistent)
    -> Value
  {
    Value(LLVMBuildFence(ref, ordering, 0, ""))
  }
  @inlinable @discardableResult
  public func memcpy(_ to: Value, _ from: Value, _ size: Value, align: Int = 1) -> Value {
    Value(LLVMBuildMemCpy(ref, to.ref, UInt32(align), from.ref, UInt32(align), size.ref))
  }
}

// Vectors and aggregates.
extension Builder {
  @inlinable public func extractElement(_ vector: Value, _ index: Value) -> Value {
    Value(LLVMBuildExtractElement(ref, vector.ref, index.ref, ""))
  }
  @inlinable public func extractElement(_ vector: Value, _ index: Int) -> Value {
    extractElement(vector, context.i32.constInt(UInt64(index)))
  }
  @inlinable public func insertElement(_ vector: Value, _ value: Value, _ index: Value) -> Value {
    Value(LLVMBuildInsertElement(ref, vector.ref, value.ref, index.ref, ""))
  }
  @inlinable public func insertElement(_ vector: Value, _ value: Value, _ index: Int) -> Value {
    insertElement(vector, value, context.i32.constInt(UInt64(index)))
  }
  @inlinable public func shuffleVector(_ a: Value, _ b: Value, _ mask: Value) -> Value {
    Value(LLVMBuildShuffleVector(ref, a.ref, b.ref, mask.ref, ""))
  }
  /// Lane numbers run through `a` then `b`.
  @inlinable public func shuffleVector(_ a: Value, _ b: Value, _ mask: [Int]) -> Value {
    let i32 = context.i32
    return shuffleVector(a, b, constVector(mask.map { i32.constInt(UInt64($0)) }))
  }
  @inlinable public func extractValue(_ aggregate: Value, _ index: Int) -> Value {
    Value(LLVMBuildExtractValue(ref, aggregate.ref, UInt32(index), ""))
  }
  @inlinable public func insertValue(_ aggregate: Value, _ value: Value, _ index: Int) -> Value {
    Value(LLVMBuildInsertValue(ref, aggregate.ref, value.ref, UInt32(index), ""))
  }
}

extension LLVMContext {
  /// Metadata as the value that `LLVMSetMetadata` wants; wrap once, use often.
  @inlinable public func value(of node: Metadata) -> Value {
    Value(LLVMMetadataAsValue(ref, node.ref))
  }
}
