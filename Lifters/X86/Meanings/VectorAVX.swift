// What only AVX and AVX2 have (SDM vol. 2: VBROADCASTx, VINSERTx, VPERMx, VPSLLVx, VTESTPS,
// VZEROUPPER, …). Every other VEX form is its SSE meaning: see VectorOperands.

import Semantics

extension X86Machine {
  @inlinable public mutating func vbroadcastss(_ i: Instruction) throws(Failure) {
    try broadcast(i, W32.self)
  }

  @inlinable public mutating func vbroadcastsd(_ i: Instruction) throws(Failure) {
    try broadcast(i, W64.self)
  }

  @inlinable public mutating func vpbroadcastb(_ i: Instruction) throws(Failure) {
    try broadcast(i, W8.self)
  }

  @inlinable public mutating func vpbroadcastw(_ i: Instruction) throws(Failure) {
    try broadcast(i, W16.self)
  }

  @inlinable public mutating func vpbroadcastd(_ i: Instruction) throws(Failure) {
    try broadcast(i, W32.self)
  }

  @inlinable public mutating func vpbroadcastq(_ i: Instruction) throws(Failure) {
    try broadcast(i, W64.self)
  }

  @inlinable mutating func broadcast<W: Word>(_ i: Instruction, _ lanes: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let value = V(repeating: try readScalar(i.operands.1, i, W.self))
    setResult(i, value, value)
  }

  @inlinable public mutating func vbroadcastf128(_ i: Instruction) throws(Failure) {
    let value = try readVector(i.operands.1, i)
    setResult(i, value, value)
  }

  @inlinable public mutating func vbroadcasti128(_ i: Instruction) throws(Failure) {
    let value = try readVector(i.operands.1, i)
    setResult(i, value, value)
  }

  @inlinable public mutating func vinsertf128(_ i: Instruction) throws(Failure) {
    try insertHalf(i)
  }

  @inlinable public mutating func vinserti128(_ i: Instruction) throws(Failure) {
    try insertHalf(i)
  }

  @inlinable public mutating func vextractf128(_ i: Instruction) throws(Failure) {
    try extractHalf(i)
  }

  @inlinable public mutating func vextracti128(_ i: Instruction) throws(Failure) {
    try extractHalf(i)
  }

  @inlinable public mutating func vperm2f128(_ i: Instruction) throws(Failure) {
    try permuteHalves(i)
  }

  @inlinable public mutating func vperm2i128(_ i: Instruction) throws(Failure) {
    try permuteHalves(i)
  }

  @inlinable mutating func insertHalf(_ i: Instruction) throws(Failure) {
    let value = try readVector(i.operands.2, i)
    let a = try readHalves(i.operands.1, i)
    let high = i.immediate & 1 == 1
    setResult(i, high ? a.low : value, high ? value : a.high)
  }

  @inlinable mutating func extractHalf(_ i: Instruction) throws(Failure) {
    let value = vector(i.operands.1.number, half: Int(truncatingIfNeeded: i.immediate & 1))
    if i.operands.0.kind == .memory {
      try storeVector(value, at: effectiveAddress(i))
    } else {
      setResult(i, value, .zero)
    }
  }

  @inlinable mutating func permuteHalves(_ i: Instruction) throws(Failure) {
    let a = try readHalves(i.operands.1, i)
    let b = try readHalves(i.operands.2, i)
    func choose(_ control: UInt64) -> V {
      if control & 8 != 0 { return .zero }
      switch control & 3 {
      case 0: return a.low
      case 1: return a.high
      case 2: return b.low
      default: return b.high
      }
    }
    setResult(i, choose(i.immediate), choose(i.immediate >> 4))
  }

  @inlinable public mutating func vpermq(_ i: Instruction) throws(Failure) {
    let order = immediateOrder(i)
    let v = try readHalves(i.operands.1, i)
    setResult(
      i, v.low.shuffled(v.high, lanes: W64.self) { order >> ($0 * 2) & 3 },
      v.low.shuffled(v.high, lanes: W64.self) { order >> ($0 * 2 + 4) & 3 })
  }

  @inlinable public mutating func vpermpd(_ i: Instruction) throws(Failure) {
    let order = immediateOrder(i)
    let v = try readHalves(i.operands.1, i)
    setResult(
      i, v.low.shuffled(v.high, lanes: W64.self) { order >> ($0 * 2) & 3 },
      v.low.shuffled(v.high, lanes: W64.self) { order >> ($0 * 2 + 4) & 3 })
  }

  @inlinable public mutating func vpermd(_ i: Instruction) throws(Failure) {
    try permuteLanes(i)
  }

  @inlinable public mutating func vpermps(_ i: Instruction) throws(Failure) {
    try permuteLanes(i)
  }

  /// Each 32-bit lane of the result is one of eight of operand 2, chosen by operand 1.
  @inlinable mutating func permuteLanes(_ i: Instruction) throws(Failure) {
    let control = try readHalves(i.operands.1, i)
    let source = try readHalves(i.operands.2, i)
    func choose(_ control: V) -> V {
      let bytes = Self.bytePositions(control)
      let upper = V.zero.combined(
        .greaterSigned, control.shifted(.left, by: W64(29), lanes: W32.self), lanes: W32.self)
      return (source.high.shuffled(byControl: bytes) & upper)
        | (source.low.shuffled(byControl: bytes) & ~upper)
    }
    setResult(i, choose(control.low), choose(control.high))
  }

  /// PSHUFB's control for choosing 32-bit lanes by bits 0 and 1 of each lane.
  @inlinable static func bytePositions(_ control: V) -> V {
    let lane = control & V(repeating: W32(3))
    return lane.combined(.multiply, V(repeating: W32(0x0404_0404)), lanes: W32.self)
      | V(repeating: W32(0x0302_0100))
  }

  @inlinable public mutating func vpermilps(_ i: Instruction) throws(Failure) {
    if i.operands.2.kind == .immediate {
      let order = immediateOrder(i)
      try transform(i) { $0.shuffled(.zero, lanes: W32.self) { order >> ($0 * 2) & 3 } }
    } else {
      // OR stands for the sum: the products leave bits 0 and 1 of each byte free.
      try combine(i) { $0.shuffled(byControl: Self.bytePositions($1)) }
    }
  }

  @inlinable public mutating func vpermilpd(_ i: Instruction) throws(Failure) {
    if i.operands.2.kind == .immediate {
      let order = immediateOrder(i)
      let v = try readHalves(i.operands.1, i)
      setResult(
        i, v.low.shuffled(.zero, lanes: W64.self) { order >> $0 & 1 },
        v.high.shuffled(.zero, lanes: W64.self) { order >> ($0 + 2) & 1 })
    } else {
      try combine(i) {
        let upper = V.zero.combined(
          .greaterSigned, $1.shifted(.left, by: W64(62), lanes: W64.self), lanes: W64.self)
        return $0.shuffled(
          byControl: (upper & V(repeating: W8(8))) | V(repeating: W64(0x0706_0504_0302_0100)))
      }
    }
  }

  @inlinable public mutating func vpblendd(_ i: Instruction) throws(Failure) {
    try blend(i, W32.self, bitsPerHalf: 4)
  }

  @inlinable public mutating func vpsllvd(_ i: Instruction) throws(Failure) {
    try shiftEach(i, .left, W32.self)
  }

  @inlinable public mutating func vpsllvq(_ i: Instruction) throws(Failure) {
    try shiftEach(i, .left, W64.self)
  }

  @inlinable public mutating func vpsrlvd(_ i: Instruction) throws(Failure) {
    try shiftEach(i, .rightLogical, W32.self)
  }

  @inlinable public mutating func vpsrlvq(_ i: Instruction) throws(Failure) {
    try shiftEach(i, .rightLogical, W64.self)
  }

  @inlinable public mutating func vpsravd(_ i: Instruction) throws(Failure) {
    try shiftEach(i, .rightArithmetic, W32.self)
  }

  /// Each lane by a count of its own.
  @inlinable mutating func shiftEach<W: Word>(
    _ i: Instruction, _ shift: LaneShift, _ lanes: W.Type
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let a = try readHalves(i.operands.1, i)
    let counts = try readHalves(i.operands.2, i)
    let low = a.low.shifted(shift, byEach: counts.low, lanes: W.self)
    setResult(
      i, low,
      halves(i) == 2 ? a.high.shifted(shift, byEach: counts.high, lanes: W.self) : low)
  }

  @inlinable public mutating func vtestps(_ i: Instruction) throws(Failure) {
    try testSigns(i, W32.self)
  }

  @inlinable public mutating func vtestpd(_ i: Instruction) throws(Failure) {
    try testSigns(i, W64.self)
  }

  @inlinable mutating func testSigns<W: Word>(_ i: Instruction, _ lanes: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let a = try readHalves(i.operands.0, i)
    let b = try readHalves(i.operands.1, i)
    let common = (a.low & b.low).signMask(lanes: W.self) | (a.high & b.high).signMask(lanes: W.self)
    let missing =
      (~a.low & b.low).signMask(lanes: W.self) | (~a.high & b.high).signMask(lanes: W.self)
    set(.zf, common.isZero)
    set(.cf, missing.isZero)
    set(.of, Flag(false))
    set(.sf, Flag(false))
    set(.af, Flag(false))
    set(.pf, Flag(false))
  }

  @inlinable public mutating func vzeroupper(_ i: Instruction) throws(Failure) {
    for number in 0..<16 { setVector(UInt8(truncatingIfNeeded: number), half: 1, .zero) }
  }

  @inlinable public mutating func vzeroall(_ i: Instruction) throws(Failure) {
    for number in 0..<16 {
      setVector(UInt8(truncatingIfNeeded: number), half: 0, .zero)
      setVector(UInt8(truncatingIfNeeded: number), half: 1, .zero)
    }
  }

  // The VEX forms that answer a mask clear the rest of YMM0 too, which a step's effects cannot say.
  @inlinable public mutating func vpcmpestrm(_ i: Instruction) throws(Failure) {
    setVector(0, half: 1, .zero)
    try stepOperands(i, 0x15, StepEffects(readsGPR: 0x5, writesVector: 0x1, writesFlags: 0x8d5))
  }

  @inlinable public mutating func vpcmpistrm(_ i: Instruction) throws(Failure) {
    setVector(0, half: 1, .zero)
    try stepOperands(i, 0x15, StepEffects(writesVector: 0x1, writesFlags: 0x8d5))
  }
}
