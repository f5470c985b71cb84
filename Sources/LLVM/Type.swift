/// `llvm::Type`.
public struct IRType: Equatable, Hashable {
  public let ref: LLVMTypeRef
  @inlinable public init(_ ref: LLVMTypeRef) { self.ref = ref }

  @inlinable public var kind: LLVMTypeKind { LLVMGetTypeKind(ref) }
  @inlinable public var isInteger: Bool { kind == LLVMIntegerTypeKind }
  @inlinable public var isVector: Bool { kind == LLVMVectorTypeKind }
  @inlinable public var isPointer: Bool { kind == LLVMPointerTypeKind }
  /// Of an integer type.
  @inlinable public var intWidth: Int { Int(LLVMGetIntTypeWidth(ref)) }
  /// Of a vector or array type.
  @inlinable public var elementType: IRType { IRType(LLVMGetElementType(ref)) }
  /// Number of lanes of a vector type.
  @inlinable public var vectorSize: Int { Int(LLVMGetVectorSize(ref)) }
  @inlinable public var returnType: IRType { IRType(LLVMGetReturnType(ref)) }

  @inlinable public func vector(_ lanes: Int) -> IRType { IRType(LLVMVectorType(ref, UInt32(lanes))) }
  @inlinable public func array(_ count: Int) -> IRType {
    IRType(LLVMArrayType2(ref, UInt64(count)))
  }
  /// A function type returning `returns`.
  public static func function(_ returns: IRType, _ parameters: [IRType], variadic: Bool = false)
    -> IRType
  {
    var refs = parameters.map { Optional($0.ref) }
    return IRType(
      LLVMFunctionType(returns.ref, &refs, UInt32(refs.count), variadic ? 1 : 0))
  }

  // Constants.
  @inlinable public func constInt(_ value: UInt64, signed: Bool = false) -> Value {
    Value(LLVMConstInt(ref, value, signed ? 1 : 0))
  }
  /// An integer constant of up to 128 bits.
  public func constInt(low: UInt64, high: UInt64) -> Value {
    let words = [low, high]
    return Value(LLVMConstIntOfArbitraryPrecision(ref, 2, words))
  }
  @inlinable public func constReal(_ value: Double) -> Value { Value(LLVMConstReal(ref, value)) }
  @inlinable public var null: Value { Value(LLVMConstNull(ref)) }
  @inlinable public var allOnes: Value { Value(LLVMConstAllOnes(ref)) }
  @inlinable public var undef: Value { Value(LLVMGetUndef(ref)) }
  @inlinable public var poison: Value { Value(LLVMGetPoison(ref)) }
  /// An array constant with elements of this type.
  public func constArray(_ values: [Value]) -> Value {
    var refs = values.map { Optional($0.ref) }
    return Value(LLVMConstArray2(ref, &refs, UInt64(refs.count)))
  }
}

extension IRType: CustomStringConvertible {
  public var description: String { takeMessage(LLVMPrintTypeToString(ref)) }
}
