// Between lane widths and between vectors and general registers (SDM vol. 2: PACKx, PMOVSX,
// PMOVZX, PINSRx, PEXTRx, PMOVMSKB, MOVMSKPS).

import Semantics

extension X86Machine {
  @inlinable public mutating func packsswb(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.packed($1, lanes: W16.self, signed: true) }
  }

  @inlinable public mutating func packuswb(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.packed($1, lanes: W16.self, signed: false) }
  }

  @inlinable public mutating func packssdw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.packed($1, lanes: W32.self, signed: true) }
  }

  @inlinable public mutating func packusdw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.packed($1, lanes: W32.self, signed: false) }
  }

  @inlinable public mutating func pmovsxbw(_ i: Instruction) throws(Failure) {
    try extend(i, W8.self, W16.self, signed: true)
  }

  @inlinable public mutating func pmovsxbd(_ i: Instruction) throws(Failure) {
    try extend(i, W8.self, W32.self, signed: true)
  }

  @inlinable public mutating func pmovsxbq(_ i: Instruction) throws(Failure) {
    try extend(i, W8.self, W64.self, signed: true)
  }

  @inlinable public mutating func pmovsxwd(_ i: Instruction) throws(Failure) {
    try extend(i, W16.self, W32.self, signed: true)
  }

  @inlinable public mutating func pmovsxwq(_ i: Instruction) throws(Failure) {
    try extend(i, W16.self, W64.self, signed: true)
  }

  @inlinable public mutating func pmovsxdq(_ i: Instruction) throws(Failure) {
    try extend(i, W32.self, W64.self, signed: true)
  }

  @inlinable public mutating func pmovzxbw(_ i: Instruction) throws(Failure) {
    try extend(i, W8.self, W16.self, signed: false)
  }

  @inlinable public mutating func pmovzxbd(_ i: Instruction) throws(Failure) {
    try extend(i, W8.self, W32.self, signed: false)
  }

  @inlinable public mutating func pmovzxbq(_ i: Instruction) throws(Failure) {
    try extend(i, W8.self, W64.self, signed: false)
  }

  @inlinable public mutating func pmovzxwd(_ i: Instruction) throws(Failure) {
    try extend(i, W16.self, W32.self, signed: false)
  }

  @inlinable public mutating func pmovzxwq(_ i: Instruction) throws(Failure) {
    try extend(i, W16.self, W64.self, signed: false)
  }

  @inlinable public mutating func pmovzxdq(_ i: Instruction) throws(Failure) {
    try extend(i, W32.self, W64.self, signed: false)
  }

  @inlinable mutating func extend<N: Word, W: Word>(
    _ i: Instruction, _ from: N.Type, _ to: W.Type, signed: Bool
  ) throws(Failure)
  where N.Carrier == Carrier, N.Flag == Flag, W.Carrier == Carrier, W.Flag == Flag {
    let source = try readSized(i.operands.1, i)
    let low = source.extended(from: N.self, to: W.self, signed: signed)
    if halves(i) == 1 { return setResult(i, low) }
    let count = 128 / W.bits
    let upper = source.shuffled(.zero, lanes: N.self) { $0 < count ? $0 + count : -1 }
    setResult(i, low, upper.extended(from: N.self, to: W.self, signed: signed))
  }

  @inlinable public mutating func pinsrb(_ i: Instruction) throws(Failure) {
    try insertLane(i, W8.self)
  }

  @inlinable public mutating func pinsrw(_ i: Instruction) throws(Failure) {
    try insertLane(i, W16.self)
  }

  @inlinable public mutating func pinsrd(_ i: Instruction) throws(Failure) {
    try insertLane(i, W32.self)
  }

  @inlinable public mutating func pinsrq(_ i: Instruction) throws(Failure) {
    try insertLane(i, W64.self)
  }

  @inlinable public mutating func pextrb(_ i: Instruction) throws(Failure) {
    try extractLane(i, W8.self)
  }

  @inlinable public mutating func pextrw(_ i: Instruction) throws(Failure) {
    try extractLane(i, W16.self)
  }

  @inlinable public mutating func pextrd(_ i: Instruction) throws(Failure) {
    try extractLane(i, W32.self)
  }

  @inlinable public mutating func pextrq(_ i: Instruction) throws(Failure) {
    try extractLane(i, W64.self)
  }

  @inlinable public mutating func extractps(_ i: Instruction) throws(Failure) {
    try extractLane(i, W32.self)
  }

  @inlinable mutating func insertLane<W: Word>(_ i: Instruction, _ lanes: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let value = try read(secondSource(i), i, W.self)
    let index = immediateOrder(i) & (128 / W.bits - 1)
    setResult(i, vector(firstSource(i).number, half: 0).replacing(index, with: value))
  }

  @inlinable mutating func extractLane<W: Word>(_ i: Instruction, _ lanes: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let index = immediateOrder(i) & (128 / W.bits - 1)
    let value = vector(i.operands.1.number, half: 0).lane(index, W.self)
    if i.operands.0.kind == .memory {
      try store(value, at: effectiveAddress(i))
    } else {
      self[GPR(i.operands.0.number)] = W64(zeroExtending: value)
    }
  }

  @inlinable public mutating func pmovmskb(_ i: Instruction) throws(Failure) {
    try signMask(i, W8.self)
  }

  @inlinable public mutating func movmskps(_ i: Instruction) throws(Failure) {
    try signMask(i, W32.self)
  }

  @inlinable public mutating func movmskpd(_ i: Instruction) throws(Failure) {
    try signMask(i, W64.self)
  }

  @inlinable mutating func signMask<W: Word>(_ i: Instruction, _ lanes: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let source = i.operands.1.number
    var mask = vector(source, half: 0).signMask(lanes: W.self)
    if halves(i) == 2 {
      let high = vector(source, half: 1).signMask(lanes: W.self)
      mask = mask | high.shiftedLeft(by: W32(UInt64(truncatingIfNeeded: 128 / W.bits)))
    }
    self[GPR(i.operands.0.number)] = W64(zeroExtending: mask)
  }
}
