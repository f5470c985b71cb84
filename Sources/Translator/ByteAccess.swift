// Low bytes of general-purpose registers.
//
// `mov cl, [rsi]` keeps the upper 56 bits of RCX, and most such bytes are only looked at as bytes. Were that a read of
// RCX, everything that calls memcpy would have to hand RCX on to it, and want it back from whatever it has called before.
// So liveness knows the upper parts of these registers as members of their own (`RegisterSet.withUpperParts`).

import Discovery
import X86

/// What an instruction looks at and what it surely writes, upper parts apart.
struct ByteAccess {
  var reads: RegisterSet
  var writes: RegisterSet

  init(_ i: Instruction, _ effects: Effects) {
    reads = effects.reads.withUpperParts
    writes = effects.definitelyWrites.withUpperParts
    let (read, written) = i.lowBytes
    let low = read.union(written)
    let upper = low.withUpperParts.subtracting(low)
    reads = reads.subtracting(upper).subtracting(written.subtracting(read))
    writes = writes.subtracting(written.withUpperParts.subtracting(written))
  }
}

extension Instruction {
  /// Registers of which it reads, and writes, nothing but the low byte.
  fileprivate var lowBytes: (read: RegisterSet, written: RegisterSet) {
    let (to, from) = (byte(operands.0), byte(operands.1))
    return switch operation {
    case .movzx, .movsx: (from, [])
    case .mov: (from, to)
    case .setcc: ([], to)
    case .test, .cmp: (to.union(from), [])
    case .and, .or, .xor, .add, .sub, .inc, .dec, .not, .neg: (to.union(from), to)
    default: ([], [])
    }
  }

  private func byte(_ operand: Operand) -> RegisterSet {
    guard operand.kind == .gpr, operand.size == 1, operand.number != base, operand.number != index else { return [] }
    return RegisterSet(.gpr(Int(operand.number)))
  }
}
