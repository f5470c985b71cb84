// MMX (SDM vol. 1, chapter 9; vol. 2 for each instruction). An MMX register is the significand of the
// physical x87 register of its number. Every instruction but EMMS sets TOP to 0 and all tags to valid;
// a write fills sign and exponent with ones. Registers are lifted to vectors whose upper half is 0.

import RuntimeABI
import Semantics
import X86

extension InterpreterMachine {
  func mmx(_ number: UInt8) -> EvaluatedVector {
    EvaluatedVector(low: physicalValue(Int(truncatingIfNeeded: number & 7)).significand, high: 0)
  }

  func setMMX(_ number: UInt8, _ value: UInt64) {
    setPhysicalValue(Int(truncatingIfNeeded: number & 7), SoftFloat80(0xffff, value))
  }

  /// The transition to MMX operation.
  func enterMMX() {
    vcpu.pointee.x87Top = 0
    vcpu.pointee.x87Empty = 0
  }

  mutating func mmxSource(_ operand: Operand, _ i: Instruction, _ address: UInt64)
    throws(GuestFault) -> EvaluatedVector
  {
    switch operand.kind {
    case .mmx: return mmx(operand.number)
    case .memory: return EvaluatedVector(low: try load(UInt64.self, at: address), high: 0)
    default: return EvaluatedVector(low: i.immediate & 0xff, high: 0)
    }
  }

  /// Answers false when `i` is not an MMX instruction with a meaning.
  mutating func steppedMMX(_ i: Instruction, _ address: UInt64) throws(GuestFault) -> Bool {
    try fault(.floatingPoint, if: i.isMMX && vcpu.pointee.x87Status & 0x80 != 0)
    if try steppedMMXMoves(i, address) { return true }
    guard i.operands.0.kind == .mmx else { return false }
    let a = mmx(i.operands.0.number)
    let b = try mmxSource(i.operands.1, i, address)
    guard let result = mmxResult(i, a, b) else { return false }
    enterMMX()
    setMMX(i.operands.0.number, result.low)
    return true
  }

  private func mmxResult(_ i: Instruction, _ a: EvaluatedVector, _ b: EvaluatedVector)
    -> EvaluatedVector?
  {
    if let result = mmxArithmetic(i.operation, a, b) { return result }
    if let result = mmxProducts(i.operation, a, b) { return result }
    let count = b.low
    switch i.operation {
    case .pandMmx: return a & b
    case .pandnMmx: return ~a & b
    case .porMmx: return a | b
    case .pxorMmx: return a ^ b
    case .psllwMmx: return a.shifted(.left, by: count, lanes: UInt16.self)
    case .pslldMmx: return a.shifted(.left, by: count, lanes: UInt32.self)
    case .psllqMmx: return a.shifted(.left, by: count, lanes: UInt64.self)
    case .psrlwMmx: return a.shifted(.rightLogical, by: count, lanes: UInt16.self)
    case .psrldMmx: return a.shifted(.rightLogical, by: count, lanes: UInt32.self)
    case .psrlqMmx: return a.shifted(.rightLogical, by: count, lanes: UInt64.self)
    case .psrawMmx: return a.shifted(.rightArithmetic, by: count, lanes: UInt16.self)
    case .psradMmx: return a.shifted(.rightArithmetic, by: count, lanes: UInt32.self)
    case .punpcklbwMmx: return interleaved(a, b, UInt8.self, from: 0)
    case .punpcklwdMmx: return interleaved(a, b, UInt16.self, from: 0)
    case .punpckldqMmx: return interleaved(a, b, UInt32.self, from: 0)
    case .punpckhbwMmx: return interleaved(a, b, UInt8.self, from: 4)
    case .punpckhwdMmx: return interleaved(a, b, UInt16.self, from: 2)
    case .punpckhdqMmx: return interleaved(a, b, UInt32.self, from: 1)
    case .packsswbMmx: return joined(a, b).packed(.zero, lanes: UInt16.self, signed: true)
    case .packuswbMmx: return joined(a, b).packed(.zero, lanes: UInt16.self, signed: false)
    case .packssdwMmx: return joined(a, b).packed(.zero, lanes: UInt32.self, signed: true)
    case .pshufbMmx:
      return a.shuffled(byControl: b & EvaluatedVector(low: 0x8787_8787_8787_8787, high: 0))
    case .palignrMmx:
      let start = Int(truncatingIfNeeded: i.immediate & 0xff)
      return joined(b, a).shuffled(.zero, lanes: UInt8.self) {
        $0 &+ start < 16 ? $0 &+ start : -1
      }
    case .pshufw:
      let order = Int(truncatingIfNeeded: i.immediate & 0xff)
      return b.shuffled(.zero, lanes: UInt16.self) { $0 < 4 ? (order &>> (2 &* $0)) & 3 : -1 }
    default: return nil
    }
  }

  /// `a` in the lower half, `b` in the upper.
  private func joined(_ a: EvaluatedVector, _ b: EvaluatedVector) -> EvaluatedVector {
    EvaluatedVector(low: a.low, high: b.low)
  }

  private func interleaved<W: Word>(
    _ a: EvaluatedVector, _ b: EvaluatedVector, _ lanes: W.Type, from first: Int
  ) -> EvaluatedVector {
    let count = 128 / W.bits
    return a.shuffled(b, lanes: W.self) {
      first &+ ($0 &>> 1) &+ ($0 & 1 == 0 ? 0 : count)
    }
  }

  private func mmxArithmetic(
    _ operation: Operation, _ a: EvaluatedVector, _ b: EvaluatedVector
  ) -> EvaluatedVector? {
    switch operation {
    case .paddbMmx: return a.combined(.add, b, lanes: UInt8.self)
    case .paddwMmx: return a.combined(.add, b, lanes: UInt16.self)
    case .padddMmx: return a.combined(.add, b, lanes: UInt32.self)
    case .paddqMmx: return a.combined(.add, b, lanes: UInt64.self)
    case .psubbMmx: return a.combined(.subtract, b, lanes: UInt8.self)
    case .psubwMmx: return a.combined(.subtract, b, lanes: UInt16.self)
    case .psubdMmx: return a.combined(.subtract, b, lanes: UInt32.self)
    case .psubqMmx: return a.combined(.subtract, b, lanes: UInt64.self)
    case .paddsbMmx: return a.combined(.addSaturatingSigned, b, lanes: UInt8.self)
    case .paddswMmx: return a.combined(.addSaturatingSigned, b, lanes: UInt16.self)
    case .paddusbMmx: return a.combined(.addSaturatingUnsigned, b, lanes: UInt8.self)
    case .padduswMmx: return a.combined(.addSaturatingUnsigned, b, lanes: UInt16.self)
    case .psubsbMmx: return a.combined(.subtractSaturatingSigned, b, lanes: UInt8.self)
    case .psubswMmx: return a.combined(.subtractSaturatingSigned, b, lanes: UInt16.self)
    case .psubusbMmx: return a.combined(.subtractSaturatingUnsigned, b, lanes: UInt8.self)
    case .psubuswMmx: return a.combined(.subtractSaturatingUnsigned, b, lanes: UInt16.self)
    case .pavgbMmx: return a.combined(.averageUnsigned, b, lanes: UInt8.self)
    case .pavgwMmx: return a.combined(.averageUnsigned, b, lanes: UInt16.self)
    case .pminubMmx: return a.combined(.minimumUnsigned, b, lanes: UInt8.self)
    case .pmaxubMmx: return a.combined(.maximumUnsigned, b, lanes: UInt8.self)
    case .pminswMmx: return a.combined(.minimumSigned, b, lanes: UInt16.self)
    case .pmaxswMmx: return a.combined(.maximumSigned, b, lanes: UInt16.self)
    case .pcmpeqbMmx: return a.combined(.equal, b, lanes: UInt8.self)
    case .pcmpeqwMmx: return a.combined(.equal, b, lanes: UInt16.self)
    case .pcmpeqdMmx: return a.combined(.equal, b, lanes: UInt32.self)
    case .pcmpgtbMmx: return a.combined(.greaterSigned, b, lanes: UInt8.self)
    case .pcmpgtwMmx: return a.combined(.greaterSigned, b, lanes: UInt16.self)
    case .pcmpgtdMmx: return a.combined(.greaterSigned, b, lanes: UInt32.self)
    case .pabsbMmx: return withSign(b, b, UInt8.self)
    case .pabswMmx: return withSign(b, b, UInt16.self)
    case .pabsdMmx: return withSign(b, b, UInt32.self)
    case .psignbMmx: return withSign(a, b, UInt8.self)
    case .psignwMmx: return withSign(a, b, UInt16.self)
    case .psigndMmx: return withSign(a, b, UInt32.self)
    case .phaddwMmx: return neighbours(a, b, .add, UInt16.self)
    case .phadddMmx: return neighbours(a, b, .add, UInt32.self)
    case .phaddswMmx: return neighbours(a, b, .addSaturatingSigned, UInt16.self)
    case .phsubwMmx: return neighbours(a, b, .subtract, UInt16.self)
    case .phsubdMmx: return neighbours(a, b, .subtract, UInt32.self)
    case .phsubswMmx: return neighbours(a, b, .subtractSaturatingSigned, UInt16.self)
    default: return nil
    }
  }

  /// `a` negated where `b` is negative, 0 where `b` is 0.
  private func withSign<W: Word>(_ a: EvaluatedVector, _ b: EvaluatedVector, _ lanes: W.Type)
    -> EvaluatedVector
  {
    let negative = EvaluatedVector.zero.combined(.greaterSigned, b, lanes: W.self)
    let zero = b.combined(.equal, .zero, lanes: W.self)
    return (a ^ negative).combined(.subtract, negative, lanes: W.self) & ~zero
  }

  private func neighbours<W: Word>(
    _ a: EvaluatedVector, _ b: EvaluatedVector, _ operation: LaneOperation, _ lanes: W.Type
  ) -> EvaluatedVector {
    let both = joined(a, b)
    let even = both.shuffled(.zero, lanes: W.self) { $0 &* 2 }
    let odd = both.shuffled(.zero, lanes: W.self) { $0 &* 2 &+ 1 }
    return even.combined(operation, odd, lanes: W.self)
  }

  private func mmxProducts(
    _ operation: Operation, _ a: EvaluatedVector, _ b: EvaluatedVector
  ) -> EvaluatedVector? {
    switch operation {
    case .pmullwMmx: return a.combined(.multiply, b, lanes: UInt16.self)
    case .pmulhwMmx: return a.combined(.multiplyHighSigned, b, lanes: UInt16.self)
    case .pmulhuwMmx: return a.combined(.multiplyHighUnsigned, b, lanes: UInt16.self)
    case .pmuludqMmx:
      return EvaluatedVector(low: (a.low & 0xffff_ffff) &* (b.low & 0xffff_ffff), high: 0)
    case .pmulhrswMmx:
      return wordwise(a, b, signed: true) { (($0 &* $1) &>> 14 &+ 1) &>> 1 }
    case .pmaddwdMmx:
      let x = a.extended(from: UInt16.self, to: UInt32.self, signed: true)
      let y = b.extended(from: UInt16.self, to: UInt32.self, signed: true)
      let products = x.combined(.multiply, y, lanes: UInt32.self)
      let even = products.shuffled(.zero, lanes: UInt32.self) { $0 &* 2 }
      let odd = products.shuffled(.zero, lanes: UInt32.self) { $0 &* 2 &+ 1 }
      return even.combined(.add, odd, lanes: UInt32.self)
    case .pmaddubswMmx:
      let x = a.extended(from: UInt8.self, to: UInt16.self, signed: false)
      let y = b.extended(from: UInt8.self, to: UInt16.self, signed: true)
      let products = x.combined(.multiply, y, lanes: UInt16.self)
      let even = products.shuffled(.zero, lanes: UInt16.self) { $0 &* 2 }
      let odd = products.shuffled(.zero, lanes: UInt16.self) { $0 &* 2 &+ 1 }
      return even.combined(.addSaturatingSigned, odd, lanes: UInt16.self)
    case .psadbwMmx:
      var sum: UInt64 = 0
      var n = 0
      while n < 8 {
        let (x, y) = (a.number(n, bits: 8), b.number(n, bits: 8))
        sum &+= x > y ? x &- y : y &- x
        n &+= 1
      }
      return EvaluatedVector(low: sum, high: 0)
    default: return nil
    }
  }

  private func wordwise(
    _ a: EvaluatedVector, _ b: EvaluatedVector, signed: Bool, _ body: (Int64, Int64) -> Int64
  ) -> EvaluatedVector {
    let x = a.extended(from: UInt16.self, to: UInt32.self, signed: signed)
    let y = b.extended(from: UInt16.self, to: UInt32.self, signed: signed)
    var result = EvaluatedVector.zero
    var n = 0
    while n < 4 {
      let value = body(
        Int64(Int32(truncatingIfNeeded: x.number(n, bits: 32))),
        Int64(Int32(truncatingIfNeeded: y.number(n, bits: 32))))
      result.setNumber(n, bits: 16, UInt64(bitPattern: value))
      n &+= 1
    }
    return result
  }
}
