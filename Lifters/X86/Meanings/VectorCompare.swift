// Floating-point comparisons (SDM vol. 2: CMPPS, COMISS, UCOMISS). Exceptions are masked and not
// recorded, so that COMISx and UCOMISx mean the same. And PCMPISTRI.

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
    try compareOrdered(i, W32.self)
  }

  @inlinable public mutating func comisd(_ i: Instruction) throws(Failure) {
    try compareOrdered(i, W64.self)
  }

  @inlinable public mutating func ucomiss(_ i: Instruction) throws(Failure) {
    try compareOrdered(i, W32.self)
  }

  @inlinable public mutating func ucomisd(_ i: Instruction) throws(Failure) {
    try compareOrdered(i, W64.self)
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
    let mask = Self.compareLanes(i, a, b, W.self)
    setResult(i, a.replacing(0, with: mask.lane(0, W.self)))
  }

  /// Predicates 0…7; VEX's 8…31 (quiet and signalling twins mean the same here) from those.
  @inlinable static func compareLanes<W: Word>(_ i: Instruction, _ a: V, _ b: V, _ lanes: W.Type)
    -> V where W.Carrier == Carrier, W.Flag == Flag
  {
    let number = UInt8(truncatingIfNeeded: i.immediate & (i.prefixes.contains(.vex) ? 15 : 7))
    if number < 8 {
      return a.compare(FloatPredicate(rawValue: number) ?? .equal, b, lanes: W.self)
    }
    let unordered = a.compare(.unordered, b, lanes: W.self)
    switch number {
    case 8: return a.compare(.equal, b, lanes: W.self) | unordered
    case 9: return ~b.compare(.lessOrEqual, a, lanes: W.self)
    case 10: return ~b.compare(.less, a, lanes: W.self)
    case 11: return .zero
    case 12: return a.compare(.notEqual, b, lanes: W.self) & ~unordered
    case 13: return b.compare(.lessOrEqual, a, lanes: W.self)
    case 14: return b.compare(.less, a, lanes: W.self)
    default: return ~V.zero
    }
  }

  @inlinable mutating func compareOrdered<W: Word>(_ i: Instruction, _ lanes: W.Type)
    throws(Failure) where W.Carrier == Carrier, W.Flag == Flag
  {
    let a = vector(i.operands.0.number, half: 0).lane(0, W.self)
    let b = try readScalar(i.operands.1, i, W.self)
    let unordered = V.isUnordered(a, b)
    set(.zf, unordered | V.isFloatEqual(a, b))
    set(.pf, unordered)
    set(.cf, unordered | V.isFloatLess(a, b))
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
