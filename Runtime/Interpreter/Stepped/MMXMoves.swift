// MMX moves to and from the other registers and memory, and conversions (SDM vol. 1, 9.4, 10.4.4).

import RuntimeABI
import Semantics
import X86

extension InterpreterMachine {
  mutating func steppedMMXMoves(_ i: Instruction, _ address: UInt64) throws(GuestFault) -> Bool {
    let (to, from) = (i.operands.0, i.operands.1)
    switch i.operation {
    case .emms:
      vcpu.pointee.x87Top = 0
      vcpu.pointee.x87Empty = 0xff
    case .movdMmx, .movqMmx, .movntq: try moveMMX(i, to, from, address)
    case .pinsrwMmx:
      let word = from.kind == .memory
        ? try load(UInt16.self, at: address) : UInt16(truncatingIfNeeded: self[GPR(from.number)])
      let index = Int(truncatingIfNeeded: i.immediate & 3)
      let result = mmx(to.number).replacing(index, with: word)
      enterMMX()
      setMMX(to.number, result.low)
    case .pextrwMmx:
      let index = Int(truncatingIfNeeded: i.immediate & 3)
      let word = mmx(from.number).number(index, bits: 16)
      enterMMX()
      self[GPR(to.number)] = word
    case .pmovmskbMmx:
      let mask = mmx(from.number).signMask(lanes: UInt8.self)
      enterMMX()
      self[GPR(to.number)] = UInt64(mask)
    case .maskmovq:
      let (data, mask) = (mmx(to.number), mmx(from.number))
      let place = stringDestination(i)
      var n = 0
      while n < 8 {
        if mask.number(n, bits: 8) & 0x80 != 0 {
          let byte = UInt8(truncatingIfNeeded: data.number(n, bits: 8))
          try store(byte, at: place &+ UInt64(truncatingIfNeeded: n))
        }
        n &+= 1
      }
      enterMMX()
    case .movq2dq:
      let value = mmx(from.number)
      enterMMX()
      setVector(to.number, half: 0, value)
    case .movdq2q:
      let value = vector(from.number, half: 0).low
      enterMMX()
      setMMX(to.number, value)
    case .cvtpi2ps, .cvtpi2pd:
      let source = try mmxSource(from, i, address)
      if from.kind == .mmx { enterMMX() }
      if i.operation == .cvtpi2pd {
        let result = source.convertedToFloat(signed: UInt32.self, to: UInt64.self)
        setVector(to.number, half: 0, result)
      } else {
        let result = source.convertedToFloat(signed: UInt32.self, to: UInt32.self)
        let high = vector(to.number, half: 0).high
        setVector(to.number, half: 0, EvaluatedVector(low: result.low, high: high))
      }
    case .cvttps2pi, .cvtps2pi:
      let low = from.kind == .memory
        ? try load(UInt64.self, at: address) : vector(from.number, half: 0).low
      let result = EvaluatedVector(low: low, high: 0).convertedToSigned(
        from: UInt32.self, to: UInt32.self, i.operation == .cvtps2pi ? .current : .towardZero)
      enterMMX()
      setMMX(to.number, result.low)
    case .cvttpd2pi, .cvtpd2pi:
      let source = from.kind == .memory
        ? try loadVector(at: address, alignment: 16) : vector(from.number, half: 0)
      let result = source.convertedToSigned(
        from: UInt64.self, to: UInt32.self, i.operation == .cvtpd2pi ? .current : .towardZero)
      enterMMX()
      setMMX(to.number, result.low)
    default: return false
    }
    return true
  }

  /// MOVD, MOVQ, MOVNTQ: between MMX registers, general registers and memory.
  private mutating func moveMMX(_ i: Instruction, _ to: Operand, _ from: Operand, _ address: UInt64)
    throws(GuestFault)
  {
    var value: UInt64
    switch from.kind {
    case .mmx: value = mmx(from.number).low
    case .gpr: value = self[GPR(from.number)]
    default:
      value = from.size == 4
        ? UInt64(try load(UInt32.self, at: address)) : try load(UInt64.self, at: address)
    }
    if i.operation == .movdMmx { value &= 0xffff_ffff }
    if to.kind == .memory {
      if to.size == 4 {
        try store(UInt32(truncatingIfNeeded: value), at: address)
      } else {
        try store(value, at: address)
      }
    }
    enterMMX()
    switch to.kind {
    case .mmx: setMMX(to.number, value)
    case .gpr: self[GPR(to.number)] = value
    default: break
    }
  }

  /// [rDI] of MASKMOVQ, with its segment.
  private func stringDestination(_ i: Instruction) -> UInt64 {
    let offset = i.prefixes.contains(.addressSize) ? self[.rdi] & 0xffff_ffff : self[.rdi]
    return i.segment == 0 ? offset : offset &+ segmentBase(i.segment)
  }
}
