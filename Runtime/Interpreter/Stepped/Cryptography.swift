// AES, SHA, carry-less multiplication, GFNI: the arithmetic is in `Semantics`, AES.swift, SHA.swift and
// GaloisField.swift.

import RuntimeABI
import Semantics
import X86

extension InterpreterMachine {
  mutating func steppedCryptography(_ i: Instruction, _ address: UInt64) throws(GuestFault) -> Bool {
    switch i.operation {
    case .aesimc, .aesenc, .aesenclast, .aesdec, .aesdeclast, .aeskeygenassist, .pclmulqdq,
      .sha1nexte, .sha1msg1, .sha1msg2, .sha1rnds4, .sha256rnds2, .sha256msg1, .sha256msg2,
      .vaesimc, .vaesenc, .vaesenclast, .vaesdec, .vaesdeclast, .vaeskeygenassist, .vpclmulqdq,
      .gf2p8mulb, .gf2p8affineqb, .gf2p8affineinvqb, .vgf2p8mulb, .vgf2p8affineqb, .vgf2p8affineinvqb:
      break
    default: return false
    }
    // Three operands have two sources; of two, the first is the destination, and a source in
    // legacy forms.
    let hasThree = i.operands.2.kind == .vector || i.operands.2.kind == .memory
    let isVEX = i.prefixes.contains(.vex)
    let first = isVEX && hasThree ? i.operands.1 : i.operands.0
    let second = isVEX && hasThree ? i.operands.2 : i.operands.1
    let isWide = isVEX && i.size == 32
    if second.kind == .memory && !isVEX {
      try fault(.generalProtection, if: address & 15 != 0)
    }
    let a = vector(first.number, half: 0)
    let low = cryptographic(i, a, try half(0, of: second, address))
    var high = EvaluatedVector.zero
    if isWide {
      let a = vector(first.number, half: 1)
      high = cryptographic(i, a, try half(1, of: second, address))
    }
    setVector(i.operands.0.number, half: 0, low)
    if isVEX { setVector(i.operands.0.number, half: 1, high) }
    return true
  }

  private mutating func half(_ n: Int, of source: Operand, _ address: UInt64) throws(GuestFault)
    -> EvaluatedVector
  {
    if source.kind == .memory {
      return try loadVector(at: address &+ 16 &* UInt64(truncatingIfNeeded: n))
    }
    return vector(source.number, half: n)
  }

  private func cryptographic(_ i: Instruction, _ a: EvaluatedVector, _ b: EvaluatedVector)
    -> EvaluatedVector
  {
    let constant = UInt8(truncatingIfNeeded: i.immediate)
    switch i.operation {
    case .aesimc, .vaesimc: return b.aesInverseMixed()
    case .aesenc, .vaesenc: return a.aesEncrypted(key: b, last: false)
    case .aesenclast, .vaesenclast: return a.aesEncrypted(key: b, last: true)
    case .aesdec, .vaesdec: return a.aesDecrypted(key: b, last: false)
    case .aesdeclast, .vaesdeclast: return a.aesDecrypted(key: b, last: true)
    case .aeskeygenassist, .vaeskeygenassist: return b.aesKeyAssist(constant: constant)
    case .pclmulqdq, .vpclmulqdq:
      return EvaluatedVector.carrylessProduct(
        constant & 1 == 0 ? a.low : a.high, constant & 16 == 0 ? b.low : b.high)
    case .gf2p8mulb, .vgf2p8mulb: return a.galoisProduct(b)
    case .gf2p8affineqb, .vgf2p8affineqb:
      return a.galoisAffine(matrix: b, constant: constant, inverting: false)
    case .gf2p8affineinvqb, .vgf2p8affineinvqb:
      return a.galoisAffine(matrix: b, constant: constant, inverting: true)
    case .sha1nexte: return a.sha1NextE(b)
    case .sha1msg1: return a.sha1Message1(b)
    case .sha1msg2: return a.sha1Message2(b)
    case .sha1rnds4: return a.sha1Rounds(b, function: constant & 3)
    case .sha256rnds2: return a.sha256Rounds(b, words: vector(0, half: 0))
    case .sha256msg1: return a.sha256Message1(b)
    default: return a.sha256Message2(b)
    }
  }
}
