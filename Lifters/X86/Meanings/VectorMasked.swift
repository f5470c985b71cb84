// Masked moves and gathers (SDM vol. 2: VMASKMOV, VPMASKMOV, VGATHERxxx, VPGATHERxx). A lane whose
// mask is positive is not accessed. Loads of such lanes go to the address of the first lane that
// is: no branch a lane, and nothing is written before the last load has not faulted.

import Semantics

extension X86Machine {
  @inlinable public mutating func vmaskmovps(_ i: Instruction) throws(Failure) {
    try maskedMove(i, W32.self)
  }

  @inlinable public mutating func vmaskmovpd(_ i: Instruction) throws(Failure) {
    try maskedMove(i, W64.self)
  }

  @inlinable public mutating func vpmaskmovd(_ i: Instruction) throws(Failure) {
    try maskedMove(i, W32.self)
  }

  @inlinable public mutating func vpmaskmovq(_ i: Instruction) throws(Failure) {
    try maskedMove(i, W64.self)
  }

  @inlinable mutating func maskedMove<W: Word>(_ i: Instruction, _ lanes: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let mask = try readHalves(i.operands.1, i)
    let address = effectiveAddress(i)
    let perHalf = 128 / W.bits
    let bytes = UInt64(truncatingIfNeeded: W.bits / 8)
    let signs = mask.low.signMask(lanes: W.self) | mask.high.signMask(lanes: W.self)
    if i.operands.0.kind == .memory {
      let value = try readHalves(i.operands.2, i)
      for index in 0..<(perHalf &* halves(i)) {
        let half = index < perHalf ? mask.low : mask.high
        let from = index < perHalf ? value.low : value.high
        let place = address &+ W64(UInt64(truncatingIfNeeded: index) &* bytes)
        try when(half.lane(index % perHalf, W.self).isNegative) { (m) throws(Failure) in
          try m.store(from.lane(index % perHalf, W.self), at: place)
        }
      }
      return
    }
    // Both before: the destination may be the mask.
    try when(!signs.isZero) { (m) throws(Failure) in
      let count = perHalf &* m.halves(i)
      var first = W64(0)
      for index in (0..<count).reversed() {
        let half = index < perHalf ? mask.low : mask.high
        let place = address &+ W64(UInt64(truncatingIfNeeded: index) &* bytes)
        first = m.select(half.lane(index % perHalf, W.self).isNegative, place, first)
      }
      var low = V.zero
      var high = V.zero
      for index in 0..<count {
        let half = index < perHalf ? mask.low : mask.high
        let isWanted = half.lane(index % perHalf, W.self).isNegative
        let place = address &+ W64(UInt64(truncatingIfNeeded: index) &* bytes)
        let value = try m.load(W.self, at: m.select(isWanted, place, first))
        let kept = m.select(isWanted, value, W(0))
        if index < perHalf {
          low = low.replacing(index, with: kept)
        } else {
          high = high.replacing(index - perHalf, with: kept)
        }
      }
      m.setResult(i, low, high)
    }
    try when(signs.isZero) { (m) throws(Failure) in m.setResult(i, .zero, .zero) }
  }

  @inlinable public mutating func vpgatherdd(_ i: Instruction) throws(Failure) {
    try gather(i, W32.self, index: W32.self)
  }

  @inlinable public mutating func vpgatherdq(_ i: Instruction) throws(Failure) {
    try gather(i, W64.self, index: W32.self)
  }

  @inlinable public mutating func vpgatherqd(_ i: Instruction) throws(Failure) {
    try gather(i, W32.self, index: W64.self)
  }

  @inlinable public mutating func vpgatherqq(_ i: Instruction) throws(Failure) {
    try gather(i, W64.self, index: W64.self)
  }

  @inlinable public mutating func vgatherdps(_ i: Instruction) throws(Failure) {
    try gather(i, W32.self, index: W32.self)
  }

  @inlinable public mutating func vgatherdpd(_ i: Instruction) throws(Failure) {
    try gather(i, W64.self, index: W32.self)
  }

  @inlinable public mutating func vgatherqps(_ i: Instruction) throws(Failure) {
    try gather(i, W32.self, index: W64.self)
  }

  @inlinable public mutating func vgatherqpd(_ i: Instruction) throws(Failure) {
    try gather(i, W64.self, index: W64.self)
  }

  /// Lane `number` of a register of two halves.
  @inlinable static func laneOf<W: Word>(_ v: (low: V, high: V), _ number: Int, _ lanes: W.Type) -> W
  where W.Carrier == Carrier, W.Flag == Flag {
    let perHalf = 128 / W.bits
    return number < perHalf ? v.low.lane(number, W.self) : v.high.lane(number - perHalf, W.self)
  }

  /// The memory operand's index is a vector register: its number is in the place of a general one's,
  /// and 4, which means no index there, means register 4 here.
  @inlinable mutating func gather<W: Word, X: Word>(
    _ i: Instruction, _ lanes: W.Type, index: X.Type
  ) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag, X.Carrier == Carrier, X.Flag == Flag {
    let indexNumber = i.index < 16 ? i.index : 4
    let destination = i.operands.0.number
    let maskNumber = i.operands.2.number
    let illegal =
      destination == indexNumber || destination == maskNumber || maskNumber == indexNumber
    try fault(.invalidOpcode, if: Flag(illegal))
    let both = halves(i)
    let count = 128 &* both / max(W.bits, X.bits)
    let indices = (low: vector(indexNumber, half: 0), high: vector(indexNumber, half: both - 1))
    let mask = (low: vector(maskNumber, half: 0), high: vector(maskNumber, half: both - 1))
    let old = (low: vector(destination, half: 0), high: vector(destination, half: both - 1))
    var start = W64(UInt64(bitPattern: i.displacement))
    if i.base < 16 { start = self[GPR(i.base)] &+ start }
    let scale = W64(UInt64(i.scale))
    let is32 = i.prefixes.contains(.addressSize)
    var places = W64(0)
    func place(_ number: Int) -> W64 {
      let index = W64(signExtending: Self.laneOf(indices, number, X.self))
      let sum = start &+ index.shiftedLeft(by: scale)
      let short = is32 ? W64(zeroExtending: W32(truncating: sum)) : sum
      return i.segment == 0 ? short : short &+ segmentBase(i.segment)
    }
    var any = Flag(false)
    for number in (0..<count).reversed() {
      let isWanted = Self.laneOf(mask, number, W.self).isNegative
      places = select(isWanted, place(number), places)
      any = any | isWanted
    }
    let first = places
    let usesHigh = count &* W.bits > 128
    var addresses = InlineArray<8, W64>(repeating: first)
    for number in 0..<count { addresses[number] = place(number) }
    // Lanes beyond the last become zero, as do those of the mask.
    let kept = count &* W.bits < 128 ? old.low.shuffled(.zero, lanes: W64.self) { $0 == 0 ? 0 : -1 }
      : old.low
    try when(any) { (m) throws(Failure) in
      var low = kept
      var high = usesHigh ? old.high : V.zero
      for number in 0..<count {
        let isWanted = Self.laneOf(mask, number, W.self).isNegative
        let address = m.select(isWanted, addresses[number], first)
        let value = try m.load(W.self, at: address)
        let lane = m.select(isWanted, value, Self.laneOf(old, number, W.self))
        if number < 128 / W.bits {
          low = low.replacing(number, with: lane)
        } else {
          high = high.replacing(number - 128 / W.bits, with: lane)
        }
      }
      m.setVector(destination, half: 0, low)
      m.setVector(destination, half: 1, high)
    }
    try when(!any) { (m) throws(Failure) in
      m.setVector(destination, half: 0, kept)
      m.setVector(destination, half: 1, usesHigh ? old.high : V.zero)
    }
    setVector(maskNumber, half: 0, .zero)
    setVector(maskNumber, half: 1, .zero)
  }
}
