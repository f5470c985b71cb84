// Parts of registers that instructions read and write.
//
// `mov cl, [rsi]` keeps the upper 56 bits of RCX, `cvtsi2sd xmm1, rax` the upper lane of XMM1, and most of the time nobody
// looks at what they keep. Were that a read of RCX, everything that calls memcpy would have to hand RCX on to it, and
// want it back from whatever it has called before. So liveness knows the upper parts of these registers as members of
// their own (`RegisterSet.withUpperParts`).

import Discovery
import X86

/// What an instruction looks at and what it surely writes, upper parts apart.
struct PartAccess {
  let reads: RegisterSet
  let writes: RegisterSet

  init(_ i: Instruction, _ effects: Effects) {
    let parts = i.parts
    reads = effects.reads.withUpperParts
      .subtracting(parts.read.union(parts.written).registers.withUpperParts).union(parts.read)
    writes = effects.definitelyWrites.withUpperParts
      .subtracting(parts.written.registers.withUpperParts).union(parts.written)
  }
}

extension Instruction {
  /// Parts of registers that it reads or writes while it has nothing to do with the others.
  fileprivate var parts: (read: RegisterSet, written: RegisterSet) {
    let (to, from) = (operands.0, operands.1)
    let isStore = to.kind == .memory
    if to.kind == .highByte || from.kind == .highByte { return ([], []) }
    return switch operation {
    case .movzx, .movsx, .movd, .movq, .cvttsd2si, .cvtsd2si, .cvttss2si, .cvtss2si: (low(from), [])
    case .mov, .cvtsi2sd, .cvtss2sd, .sqrtsd, .roundsd: (low(from), low(to))
    case .setcc: ([], low(to))
    case .test, .cmp, .ucomisd, .comisd, .ucomiss, .comiss: (low(to).union(low(from)), [])
    case .and, .or, .xor, .add, .sub, .inc, .dec, .not, .neg, .addsd, .subsd, .mulsd, .divsd, .addss, .subss, .mulss,
      .divss, .sqrtss, .cvtsi2ss, .cvtsd2ss:
      (low(to).union(low(from)), low(to))
    case .movsd where isStore || from.kind == .vector: (low(from), low(to))
    case .movss where isStore: (low(from), [])
    case .movlps, .movlpd: (low(from), low(to))
    case .movhps, .movhpd: (high(from), high(to))
    case .movhlps: (high(from), low(to))
    case .movlhps, .unpcklpd, .punpcklqdq: (low(from), high(to))
    default: ([], [])
    }
  }

  /// The low byte of a general-purpose register, or the low lane of a vector register, if its upper part is known
  /// apart.
  private func low(_ operand: Operand) -> RegisterSet {
    let n = Int(operand.number)
    let register: RegisterSet
    switch operand.kind {
    case .gpr where operand.size == 1 && operand.number != base && operand.number != index:
      register = RegisterSet(.gpr(n))
    case .vector: register = RegisterSet(.vector(n, half: 0))
    default: return []
    }
    return register.withUpperParts == register ? [] : register
  }

  private func high(_ operand: Operand) -> RegisterSet {
    let low = low(operand)
    return low.withUpperParts.subtracting(low)
  }
}
