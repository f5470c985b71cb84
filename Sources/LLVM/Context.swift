// A thin typed face of LLVM's C API, and its only importer. Names are LLVM's. References are plain
// structs around the C pointers: they live as long as their context, which nobody checks.
@_exported import CLLVM

/// What LLVM said, as a Swift error.
public struct LLVMError: Error, CustomStringConvertible, Sendable {
  public var message: String
  @inlinable public init(_ message: String) { self.message = message }
  public var description: String { message }
}

/// Owns types, constants and metadata. Errors reported through it are collected in `diagnostics`
/// in place of ending the process.
public final class LLVMContext {
  public let ref: LLVMContextRef
  private let sink: UnsafeMutablePointer<[String]>

  /// - Parameter discardValueNames: names of values cost time and memory; keep them for reading.
  public init(discardValueNames: Bool = true) {
    ref = LLVMContextCreate()
    sink = .allocate(capacity: 1)
    sink.initialize(to: [])
    LLVMContextSetDiscardValueNames(ref, discardValueNames ? 1 : 0)
    LLVMContextSetDiagnosticHandler(
      ref,
      { info, context in
        guard let info, let context, LLVMGetDiagInfoSeverity(info) == LLVMDSError else { return }
        context.assumingMemoryBound(to: [String].self).pointee.append(
          takeMessage(LLVMGetDiagInfoDescription(info)))
      }, sink)
  }

  deinit {
    LLVMContextDispose(ref)
    sink.deinitialize(count: 1)
    sink.deallocate()
  }

  /// Errors since the last `takeDiagnostics`.
  public func takeDiagnostics() -> [String] {
    defer { sink.pointee = [] }
    return sink.pointee
  }

  /// Throws the collected errors, if there are any, else what the call itself had to say.
  func check(_ failed: Bool, _ message: @autoclosure () -> String) throws(LLVMError) {
    let said = takeDiagnostics()
    if !said.isEmpty { throw LLVMError(said.joined(separator: "\n")) }
    if failed { throw LLVMError(message()) }
  }

  // Types.
  @inlinable public var void: IRType { IRType(LLVMVoidTypeInContext(ref)) }
  @inlinable public var i1: IRType { IRType(LLVMInt1TypeInContext(ref)) }
  @inlinable public var i8: IRType { IRType(LLVMInt8TypeInContext(ref)) }
  @inlinable public var i16: IRType { IRType(LLVMInt16TypeInContext(ref)) }
  @inlinable public var i32: IRType { IRType(LLVMInt32TypeInContext(ref)) }
  @inlinable public var i64: IRType { IRType(LLVMInt64TypeInContext(ref)) }
  @inlinable public var i128: IRType { IRType(LLVMInt128TypeInContext(ref)) }
  @inlinable public var float: IRType { IRType(LLVMFloatTypeInContext(ref)) }
  @inlinable public var double: IRType { IRType(LLVMDoubleTypeInContext(ref)) }
  @inlinable public var ptr: IRType { IRType(LLVMPointerTypeInContext(ref, 0)) }
  @inlinable public var metadata: IRType { IRType(LLVMMetadataTypeInContext(ref)) }
  @inlinable public func int(_ bits: Int) -> IRType {
    IRType(LLVMIntTypeInContext(ref, UInt32(bits)))
  }
  public func structType(_ elements: [IRType], packed: Bool = false) -> IRType {
    var refs = elements.map { Optional($0.ref) }
    return IRType(LLVMStructTypeInContext(ref, &refs, UInt32(refs.count), packed ? 1 : 0))
  }

  // Constants that need the context.
  public func constStruct(_ values: [Value], packed: Bool = false) -> Value {
    var refs = values.map { Optional($0.ref) }
    return Value(LLVMConstStructInContext(ref, &refs, UInt32(refs.count), packed ? 1 : 0))
  }
  public func constBytes(_ bytes: UnsafeRawBufferPointer) -> Value {
    Value(
      LLVMConstStringInContext2(
        ref, bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? emptyBytes, bytes.count, 1))
  }
  public func constBytes(_ bytes: [UInt8]) -> Value { bytes.withUnsafeBytes(constBytes) }

  // Metadata.
  @inlinable public func metadataKind(_ name: String) -> UInt32 {
    LLVMGetMDKindIDInContext(ref, name, UInt32(name.utf8.count))
  }
  public func mdString(_ text: String) -> Metadata {
    Metadata(LLVMMDStringInContext2(ref, text, text.utf8.count))
  }
  public func mdNode(_ operands: [Metadata]) -> Metadata {
    var refs = operands.map { Optional($0.ref) }
    return Metadata(LLVMMDNodeInContext2(ref, &refs, refs.count))
  }
  @inlinable public func mdConstant(_ value: Value) -> Metadata {
    Metadata(LLVMValueAsMetadata(value.ref))
  }
  /// A TBAA root; types under different roots may alias.
  public func tbaaRoot(_ name: String) -> Metadata { mdNode([mdString(name)]) }
  /// A scalar TBAA type under `parent`.
  public func tbaaType(_ name: String, parent: Metadata) -> Metadata {
    mdNode([mdString(name), parent, mdConstant(i64.constInt(0))])
  }
  /// The access tag for `type`, as `Value.setMetadata(_:_:)` takes it for kind "tbaa".
  public func tbaaTag(_ type: Metadata) -> Metadata {
    mdNode([type, type, mdConstant(i64.constInt(0))])
  }
  /// For kind "prof" of a conditional branch, switch or select.
  public func branchWeights(_ weights: [UInt32]) -> Metadata {
    mdNode([mdString("branch_weights")] + weights.map { mdConstant(i32.constInt(UInt64($0))) })
  }

  // Attributes.
  /// An enum attribute such as `nounwind`; `value` for those with one (`align`, `dereferenceable`).
  public func attribute(_ name: String, _ value: UInt64 = 0) -> Attribute {
    let kind = LLVMGetEnumAttributeKindForName(name, name.utf8.count)
    precondition(kind != 0, "LLVM 19 has no attribute \(name)")
    return Attribute(LLVMCreateEnumAttribute(ref, kind, value))
  }
  public func attribute(string name: String, _ value: String = "") -> Attribute {
    Attribute(
      LLVMCreateStringAttribute(
        ref, name, UInt32(name.utf8.count), value, UInt32(value.utf8.count)))
  }
  public func attribute(type name: String, _ type: IRType) -> Attribute {
    let kind = LLVMGetEnumAttributeKindForName(name, name.utf8.count)
    precondition(kind != 0, "LLVM 19 has no attribute \(name)")
    return Attribute(LLVMCreateTypeAttribute(ref, kind, type.ref))
  }
}

private nonisolated(unsafe) let emptyBytes: UnsafePointer<CChar> = {
  let bytes = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
  bytes.initialize(to: 0)
  return UnsafePointer(bytes)
}()

/// Copies and frees a message that LLVM allocated.
func takeMessage(_ message: UnsafeMutablePointer<CChar>?) -> String {
  guard let message else { return "" }
  defer { LLVMDisposeMessage(message) }
  return String(cString: message)
}

public struct Metadata {
  public let ref: LLVMMetadataRef
  @inlinable public init(_ ref: LLVMMetadataRef) { self.ref = ref }
}

public struct Attribute {
  public let ref: LLVMAttributeRef
  @inlinable public init(_ ref: LLVMAttributeRef) { self.ref = ref }
}
