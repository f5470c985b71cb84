// Floating-point comparisons (SDM vol. 2: CMPPS, COMISS, UCOMISS), and PCMPISTRI.

import Semantics

extension X86Machine {
  @inlinable public mutating func cmpps(_ i: Instruction) throws(Failure) {
    try comparePacked(i, W32.self)
  }

  @inlinable public mutating func cmppd(_ i: Instruction) throws(Failure) {
    try comparePacked(i, W64.self)
  }

  @inlinable public mutating func cmpss(_ i: Instruction) throws(Failure) {
    try compareScalar(i, W32.self)
  }

  @inlinable public mutating func cmpsd(_ i: Instruction) throws(Failure) {
    try compareScalar(i, W64.self)
  }

  @inlinable public mutating func comiss(_ i: Instruction) throws(Failure) {
    try compareOrdered(i, W32.self, signals: true)
  }

  @inlinable public mutating func comisd(_ i: Instruction) throws(Failure) {
    try compareOrdered(i, W64.self, signals: true)
  }

  @inlinable public mutating func ucomiss(_ i: Instruction) throws(Failure) {
    try compareOrdered(i, W32.self, signals: false)
  }

  @inlinable public mutating func ucomisd(_ i: Instruction) throws(Failure) {
    try compareOrdered(i, W64.self, signals: false)
  }

  @inlinable mutating func comparePacked<W: Word>(_ i: Instruction, _ lanes: W.Type)
    throws(Failure) where W.Carrier == Carrier, W.Flag == Flag
  {
    try combine(i) { Self.compareLanes(i, $0, $1, W.self) }
  }

  @inlinable mutating func compareScalar<W: Word>(_ i: Instruction, _ lanes: W.Type)
    throws(Failure) where W.Carrier == Carrier, W.Flag == Flag
  {
    let b = V.zero.replacing(0, with: try readScalar(secondSource(i), i, W.self))
    let a = vector(firstSource(i).number, half: 0)
    // What is above raises nothing.
    let lowest = V.zero.replacing(0, with: a.lane(0, W.self))
    let mask = Self.compareLanes(i, lowest, b, W.self)
    setResult(i, a.replacing(0, with: mask.lane(0, W.self)))
  }

  /// Predicates 0…7; VEX's 8…31 from those. LT, LE and their kin signal, and 16…31 are their twins in
  /// that (SDM vol. 2, CMPPD, table "Comparison Predicate for CMPPD and CMPPS").
  @inlinable static func compareLanes<W: Word>(_ i: Instruction, _ a: V, _ b: V, _ lanes: W.Type)
    -> V where W.Carrier == Carrier, W.Flag == Flag
  {
    let all = UInt8(truncatingIfNeeded: i.immediate & (i.prefixes.contains(.vex) ? 31 : 7))
    let number = all & 15
    // Bits 1, 2, 5, 6 and 9, 10, 13, 14.
    let signals = (UInt32(0x6666) &>> UInt32(number) & 1 == 1) != (all > 15)
    func compared(_ predicate: FloatPredicate, _ x: V, _ y: V) -> V {
      x.compare(predicate, y, lanes: W.self, signals: signals)
    }
    if number < 8 { return compared(FloatPredicate(rawValue: number) ?? .equal, a, b) }
    let unordered = compared(.unordered, a, b)
    switch number {
    case 8: return compared(.equal, a, b) | unordered
    case 9: return ~compared(.lessOrEqual, b, a)
    case 10: return ~compared(.less, b, a)
    // The operands are looked at all the same.
    case 11: return unordered & .zero
    case 12: return compared(.notEqual, a, b) & ~unordered
    case 13: return compared(.lessOrEqual, b, a)
    case 14: return compared(.less, b, a)
    default: return unordered | ~V.zero
    }
  }

  @inlinable mutating func compareOrdered<W: Word>(
    _ i: Instruction, _ lanes: W.Type, signals: Bool
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let a = vector(i.operands.0.number, half: 0).lane(0, W.self)
    let b = try readScalar(i.operands.1, i, W.self)
    let relation = V.related(a, b, signals: signals)
    set(.zf, relation.isUnordered | relation.isEqual)
    set(.pf, relation.isUnordered)
    set(.cf, relation.isUnordered | relation.isLess)
    set(.of, Flag(false))
    set(.sf, Flag(false))
    set(.af, Flag(false))
  }

  @inlinable public mutating func pcmpistri(_ i: Instruction) throws(Failure) {
    let a = vector(i.operands.0.number, half: 0)
    let b = try readVector(i.operands.1, i)
    let control = UInt8(truncatingIfNeeded: i.immediate)
    self[.rcx] = W64(zeroExtending: a.comparedStrings(b, control: control, .index))
    set(.cf, a.comparedStrings(b, control: control, .carry).bit(0))
    set(.zf, a.comparedStrings(b, control: control, .zero).bit(0))
    set(.sf, a.comparedStrings(b, control: control, .sign).bit(0))
    set(.of, a.comparedStrings(b, control: control, .overflow).bit(0))
    set(.af, Flag(false))
    set(.pf, Flag(false))
  }
}
