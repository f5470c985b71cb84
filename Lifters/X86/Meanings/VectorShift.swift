// Shifts of lanes and of whole registers (SDM vol. 2: PSLLx, PSRLx, PSRAx, PSLLDQ, PSRLDQ).

import Semantics

extension X86Machine {
  @inlinable public mutating func psllw(_ i: Instruction) throws(Failure) {
    try shiftLanes(i, .left, W16.self)
  }

  @inlinable public mutating func pslld(_ i: Instruction) throws(Failure) {
    try shiftLanes(i, .left, W32.self)
  }

  @inlinable public mutating func psllq(_ i: Instruction) throws(Failure) {
    try shiftLanes(i, .left, W64.self)
  }

  @inlinable public mutating func psrlw(_ i: Instruction) throws(Failure) {
    try shiftLanes(i, .rightLogical, W16.self)
  }

  @inlinable public mutating func psrld(_ i: Instruction) throws(Failure) {
    try shiftLanes(i, .rightLogical, W32.self)
  }

  @inlinable public mutating func psrlq(_ i: Instruction) throws(Failure) {
    try shiftLanes(i, .rightLogical, W64.self)
  }

  @inlinable public mutating func psraw(_ i: Instruction) throws(Failure) {
    try shiftLanes(i, .rightArithmetic, W16.self)
  }

  @inlinable public mutating func psrad(_ i: Instruction) throws(Failure) {
    try shiftLanes(i, .rightArithmetic, W32.self)
  }

  @inlinable public mutating func pslldq(_ i: Instruction) throws(Failure) {
    try shiftBytes(i, left: true)
  }

  @inlinable public mutating func psrldq(_ i: Instruction) throws(Failure) {
    try shiftBytes(i, left: false)
  }

  /// By an immediate, or by the low 64 bits of a vector operand.
  @inlinable mutating func shiftLanes<W: Word>(
    _ i: Instruction, _ shift: LaneShift, _ lanes: W.Type
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let countOperand = secondSource(i)
    let count: W64
    if countOperand.kind == .immediate {
      count = W64(i.immediate & 0xff)
    } else {
      count = try readVector(countOperand, i).lane(0, W64.self)
    }
    try transform(i, firstSource(i)) { $0.shifted(shift, by: count, lanes: W.self) }
  }

  @inlinable mutating func shiftBytes(_ i: Instruction, left: Bool) throws(Failure) {
    let count = Int(truncatingIfNeeded: min(i.immediate & 0xff, 16))
    try transform(i, firstSource(i)) { v in
      v.shuffled(.zero, lanes: W8.self) { index in
        let from = left ? index &- count : index &+ count
        return from < 0 || from > 15 ? -1 : from
      }
    }
  }
}
