// x87 instructions on x86 hosts: the host's x87 registers are the guest's (docs/ARCHITECTURE.md, "x87"),
// so translated code has the very instruction. LLVM has no use for these registers of its own.

import LLVM
import X86

extension LLVMMachine {
  /// Emits `i` as it is, with its memory operand at `address`; false where this host cannot.
  mutating func runOnHostX87(_ i: Instruction, _ address: Value?) -> Bool {
    guard e.target.isX86, let key = i.hostX87 else { return false }
    let (opcode, modrm) = (UInt8(key >> 8), UInt8(key & 0xff))
    if opcode == 0x9b {
      emitX87("fwait", e.context.void, "", [])
    } else if let address {
      // With the operand at (%rax).
      emitX87(
        Self.bytes(opcode, modrm & 0x38) + " # \(i.operation.name)", e.context.void,
        "{ax},~{memory}", [address])
    } else {
      emitRegisterForm(i, opcode, modrm)
    }
    return true
  }

  private mutating func emitRegisterForm(_ i: Instruction, _ opcode: UInt8, _ modrm: UInt8) {
    let text = Self.bytes(opcode, modrm) + " # \(i.operation.name)"
    switch i.operation {
    case .fnstsw:
      let status = emitX87(text, e.context.int(16), "={ax}", [])
      setRegister(i.operands.0, W16(value: status))
    case .fcomi, .fcomip, .fucomi, .fucomip:
      // Not as LLVM 19's outputs in flags: it may put an addition between them and a CMOV.
      let i8 = e.context.int(8)
      let flags = emitX87(
        text + "\nsetb $0\nsete $1\nsetp $2", e.context.structType([i8, i8, i8]), "=q,=q,=q", [])
      for (n, flag) in [StatusFlag.cf, .zf, .pf].enumerated() {
        let isSet = b.trunc(b.extractValue(flags, n), e.i1)
        set(flag, IRFlag(isSet))
      }
      let clear = IRFlag(e.i1.constInt(0))
      for flag in [StatusFlag.of, .sf, .af] { set(flag, clear) }
    case .fcmovb, .fcmovnb, .fcmove, .fcmovne, .fcmovbe, .fcmovnbe, .fcmovu, .fcmovnu:
      // As FCMOVNE by a condition that is known: it checks its registers either way.
      let isTrue = b.zext(x87Condition(i.operation).value, e.context.int(8))
      emitX87(
        "testb $0, $0\n" + Self.bytes(0xdb, 0xc8 | modrm & 7) + " # fcmovne", e.context.void, "q",
        [isTrue])
    default: emitX87(text, e.context.void, "", [])
    }
  }

  private func x87Condition(_ operation: X86.Operation) -> IRFlag {
    switch operation {
    case .fcmovb: condition(.b)
    case .fcmovnb: condition(.ae)
    case .fcmove: condition(.e)
    case .fcmovne: condition(.ne)
    case .fcmovbe: condition(.be)
    case .fcmovnbe: condition(.a)
    case .fcmovu: condition(.p)
    default: condition(.np)
    }
  }

  @discardableResult
  private func emitX87(_ text: String, _ result: IRType, _ constraints: String, _ operands: [Value])
    -> Value
  {
    let type = IRType.function(result, operands.map(\.type))
    let clobbers = (constraints.isEmpty ? "" : ",") + "~{flags}"
    return b.call(b.inlineAsm(type, text, constraints: constraints + clobbers), type, operands)
  }

  private static func bytes(_ opcode: UInt8, _ modrm: UInt8) -> String {
    ".byte \(opcode), \(modrm)"
  }
}
