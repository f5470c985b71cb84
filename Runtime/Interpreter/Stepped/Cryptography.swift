// AES, SHA and carry-less multiplication: the arithmetic is in `Semantics`, AES.swift and SHA.swift.

import RuntimeABI
import Semantics
import X86

extension InterpreterMachine {
  mutating func steppedCryptography(_ i: Instruction, _ address: UInt64) throws(GuestFault) -> Bool {
    switch i.operation {
    case .aesimc, .aesenc, .aesenclast, .aesdec, .aesdeclast, .aeskeygenassist, .pclmulqdq,
      .sha1nexte, .sha1msg1, .sha1msg2, .sha1rnds4, .sha256rnds2, .sha256msg1, .sha256msg2:
      break
    default: return false
    }
    let a = vector(i.operands.0.number, half: 0)
    let source = i.operands.1
    let b: EvaluatedVector
    if source.kind == .memory {
      try fault(.generalProtection, if: address & 15 != 0)
      b = try loadVector(at: address)
    } else {
      b = vector(source.number, half: 0)
    }
    let constant = UInt8(truncatingIfNeeded: i.immediate)
    let result: EvaluatedVector
    switch i.operation {
    case .aesimc: result = b.aesInverseMixed()
    case .aesenc: result = a.aesEncrypted(key: b, last: false)
    case .aesenclast: result = a.aesEncrypted(key: b, last: true)
    case .aesdec: result = a.aesDecrypted(key: b, last: false)
    case .aesdeclast: result = a.aesDecrypted(key: b, last: true)
    case .aeskeygenassist: result = b.aesKeyAssist(constant: constant)
    case .pclmulqdq:
      result = EvaluatedVector.carrylessProduct(
        constant & 1 == 0 ? a.low : a.high, constant & 16 == 0 ? b.low : b.high)
    case .sha1nexte: result = a.sha1NextE(b)
    case .sha1msg1: result = a.sha1Message1(b)
    case .sha1msg2: result = a.sha1Message2(b)
    case .sha1rnds4: result = a.sha1Rounds(b, function: constant & 3)
    case .sha256rnds2: result = a.sha256Rounds(b, words: vector(0, half: 0))
    case .sha256msg1: result = a.sha256Message1(b)
    default: result = a.sha256Message2(b)
    }
    setVector(i.operands.0.number, half: 0, result)
    return true
  }
}
