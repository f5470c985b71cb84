// Sizes of vector types, and where the lanes of shuffles come from.

import LLVM

extension IRType {
  /// Of integers, floating-point numbers and vectors of them, where it is whole bytes.
  var bytes: Int? {
    switch kind {
    case LLVMIntegerTypeKind: intWidth % 8 == 0 ? intWidth / 8 : nil
    case LLVMHalfTypeKind: 2
    case LLVMFloatTypeKind: 4
    case LLVMDoubleTypeKind, LLVMPointerTypeKind: 8
    case LLVMVectorTypeKind: elementType.bytes.map { $0 * vectorSize }
    default: nil
    }
  }
  /// A vector of up to 16 bytes, or of a bit for each lane of one.
  var isHalf: Bool {
    guard isVector else { return false }
    if elementType.isInteger && elementType.intWidth == 1 { return vectorSize <= 16 }
    return bytes.map { $0 <= 16 } ?? false
  }
  /// Two of them.
  var doubled: IRType { elementType.vector(2 * vectorSize) }
}

extension Value {
  /// Of a shuffle, numbered through both operands; nil for lanes that are anything.
  var shuffleMask: [Int?] {
    (0..<Int(LLVMGetNumMaskElements(ref))).map { n in
      let lane = Int(LLVMGetMaskValue(ref, UInt32(n)))
      return lane < 0 ? nil : lane
    }
  }
}
