// Fused multiply-add (SDM vol. 1, 14.5, and vol. 2, VFMADD132PD …). The digits of a mnemonic name the
// operands that are multiplied, and the one that is added: 213 is operand 2 × operand 1 + operand 3.

import Semantics

extension X86Machine {
  /// The operands as first factor, second factor, addend.
  @inlinable func fusedOperands(_ i: Instruction, _ order: FusedOrder)
    -> (Operand, Operand, Operand)
  {
    switch order {
    case ._132: return (i.operands.0, i.operands.2, i.operands.1)
    case ._213: return (i.operands.1, i.operands.0, i.operands.2)
    case ._231: return (i.operands.1, i.operands.2, i.operands.0)
    }
  }

  @inlinable mutating func fuse<W: Word>(
    _ i: Instruction, _ order: FusedOrder, _ form: FusedForm, _ lanes: W.Type
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let (x, y, z) = fusedOperands(i, order)
    let a = try readHalves(x, i)
    let b = try readHalves(y, i)
    let c = try readHalves(z, i)
    let form = form.ordered(order)
    let low = a.low.fusedMultiplyAdd(b.low, c.low, form, lanes: W.self)
    setResult(
      i, low,
      halves(i) == 2 ? a.high.fusedMultiplyAdd(b.high, c.high, form, lanes: W.self) : low)
  }

  @inlinable mutating func fuseScalar<W: Word>(
    _ i: Instruction, _ order: FusedOrder, _ form: FusedForm, _ lanes: W.Type
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let (x, y, z) = fusedOperands(i, order)
    let a = try readScalar(x, i, W.self)
    let b = try readScalar(y, i, W.self)
    let c = try readScalar(z, i, W.self)
    let value = V.fusedMultiplyAdd(a, b, c, form.ordered(order))
    setResult(i, vector(i.operands.0.number, half: 0).replacing(0, with: value))
  }

  @inlinable public mutating func vfmadd132ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._132, .plain, W32.self)
  }

  @inlinable public mutating func vfmadd132pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._132, .plain, W64.self)
  }

  @inlinable public mutating func vfmadd132ss(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._132, .plain, W32.self)
  }

  @inlinable public mutating func vfmadd132sd(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._132, .plain, W64.self)
  }

  @inlinable public mutating func vfmadd213ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._213, .plain, W32.self)
  }

  @inlinable public mutating func vfmadd213pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._213, .plain, W64.self)
  }

  @inlinable public mutating func vfmadd213ss(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._213, .plain, W32.self)
  }

  @inlinable public mutating func vfmadd213sd(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._213, .plain, W64.self)
  }

  @inlinable public mutating func vfmadd231ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._231, .plain, W32.self)
  }

  @inlinable public mutating func vfmadd231pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._231, .plain, W64.self)
  }

  @inlinable public mutating func vfmadd231ss(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._231, .plain, W32.self)
  }

  @inlinable public mutating func vfmadd231sd(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._231, .plain, W64.self)
  }

  @inlinable public mutating func vfmsub132ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._132, .subtracting, W32.self)
  }

  @inlinable public mutating func vfmsub132pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._132, .subtracting, W64.self)
  }

  @inlinable public mutating func vfmsub132ss(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._132, .subtracting, W32.self)
  }

  @inlinable public mutating func vfmsub132sd(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._132, .subtracting, W64.self)
  }

  @inlinable public mutating func vfmsub213ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._213, .subtracting, W32.self)
  }

  @inlinable public mutating func vfmsub213pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._213, .subtracting, W64.self)
  }

  @inlinable public mutating func vfmsub213ss(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._213, .subtracting, W32.self)
  }

  @inlinable public mutating func vfmsub213sd(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._213, .subtracting, W64.self)
  }

  @inlinable public mutating func vfmsub231ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._231, .subtracting, W32.self)
  }

  @inlinable public mutating func vfmsub231pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._231, .subtracting, W64.self)
  }

  @inlinable public mutating func vfmsub231ss(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._231, .subtracting, W32.self)
  }

  @inlinable public mutating func vfmsub231sd(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._231, .subtracting, W64.self)
  }

  @inlinable public mutating func vfnmadd132ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._132, .negating, W32.self)
  }

  @inlinable public mutating func vfnmadd132pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._132, .negating, W64.self)
  }

  @inlinable public mutating func vfnmadd132ss(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._132, .negating, W32.self)
  }

  @inlinable public mutating func vfnmadd132sd(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._132, .negating, W64.self)
  }

  @inlinable public mutating func vfnmadd213ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._213, .negating, W32.self)
  }

  @inlinable public mutating func vfnmadd213pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._213, .negating, W64.self)
  }

  @inlinable public mutating func vfnmadd213ss(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._213, .negating, W32.self)
  }

  @inlinable public mutating func vfnmadd213sd(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._213, .negating, W64.self)
  }

  @inlinable public mutating func vfnmadd231ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._231, .negating, W32.self)
  }

  @inlinable public mutating func vfnmadd231pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._231, .negating, W64.self)
  }

  @inlinable public mutating func vfnmadd231ss(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._231, .negating, W32.self)
  }

  @inlinable public mutating func vfnmadd231sd(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._231, .negating, W64.self)
  }

  @inlinable public mutating func vfnmsub132ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._132, .negatingBoth, W32.self)
  }

  @inlinable public mutating func vfnmsub132pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._132, .negatingBoth, W64.self)
  }

  @inlinable public mutating func vfnmsub132ss(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._132, .negatingBoth, W32.self)
  }

  @inlinable public mutating func vfnmsub132sd(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._132, .negatingBoth, W64.self)
  }

  @inlinable public mutating func vfnmsub213ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._213, .negatingBoth, W32.self)
  }

  @inlinable public mutating func vfnmsub213pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._213, .negatingBoth, W64.self)
  }

  @inlinable public mutating func vfnmsub213ss(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._213, .negatingBoth, W32.self)
  }

  @inlinable public mutating func vfnmsub213sd(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._213, .negatingBoth, W64.self)
  }

  @inlinable public mutating func vfnmsub231ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._231, .negatingBoth, W32.self)
  }

  @inlinable public mutating func vfnmsub231pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._231, .negatingBoth, W64.self)
  }

  @inlinable public mutating func vfnmsub231ss(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._231, .negatingBoth, W32.self)
  }

  @inlinable public mutating func vfnmsub231sd(_ i: Instruction) throws(Failure) {
    try fuseScalar(i, ._231, .negatingBoth, W64.self)
  }

  @inlinable public mutating func vfmaddsub132ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._132, .addingOdd, W32.self)
  }

  @inlinable public mutating func vfmaddsub132pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._132, .addingOdd, W64.self)
  }

  @inlinable public mutating func vfmaddsub213ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._213, .addingOdd, W32.self)
  }

  @inlinable public mutating func vfmaddsub213pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._213, .addingOdd, W64.self)
  }

  @inlinable public mutating func vfmaddsub231ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._231, .addingOdd, W32.self)
  }

  @inlinable public mutating func vfmaddsub231pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._231, .addingOdd, W64.self)
  }

  @inlinable public mutating func vfmsubadd132ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._132, .addingEven, W32.self)
  }

  @inlinable public mutating func vfmsubadd132pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._132, .addingEven, W64.self)
  }

  @inlinable public mutating func vfmsubadd213ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._213, .addingEven, W32.self)
  }

  @inlinable public mutating func vfmsubadd213pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._213, .addingEven, W64.self)
  }

  @inlinable public mutating func vfmsubadd231ps(_ i: Instruction) throws(Failure) {
    try fuse(i, ._231, .addingEven, W32.self)
  }

  @inlinable public mutating func vfmsubadd231pd(_ i: Instruction) throws(Failure) {
    try fuse(i, ._231, .addingEven, W64.self)
  }
}
