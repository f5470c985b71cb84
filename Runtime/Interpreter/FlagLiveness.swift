// Which status flags an instruction reads and certainly writes, as RFLAGS bits: what a block needs to
// leave out flags that a later instruction overwrites unread (SDM vol. 1, appendix A). What is not
// listed reads all and writes none, which is always right. A test holds it against the meanings.

import X86

public struct FlagEffects {
  public var reads: UInt16
  public var writes: UInt16
  static let all: UInt16 = 0x8d5
  static var unknown: FlagEffects { FlagEffects(reads: 0xcd5, writes: 0) }
  static var none: FlagEffects { FlagEffects(reads: 0, writes: 0) }

  public static func of(_ i: Instruction) -> FlagEffects {
    switch i.operation {
    case .add, .sub, .and, .or, .xor, .cmp, .test, .neg, .xadd, .cmpxchg, .ucomiss, .ucomisd,
      .comiss, .comisd, .ptest, .popcnt:
      return FlagEffects(reads: 0, writes: 0x8d5)
    case .adc, .sbb: return FlagEffects(reads: 1, writes: 0x8d5)
    case .inc, .dec: return FlagEffects(reads: 0, writes: 0x8d4)
    case .shl, .shr, .sar:
      let mask: UInt64 = i.size == 8 ? 63 : 31
      if i.operands.1.kind == .immediate && i.immediate & mask != 0 {
        return FlagEffects(reads: 0, writes: 0xc5)
      }
      return .unknown
    case .imul, .mul: return FlagEffects(reads: 0, writes: 0x801)
    case .jcc, .setcc, .cmovcc: return FlagEffects(reads: reads(i.condition), writes: 0)
    case .mov, .movzx, .movsx, .movsxd, .lea, .push, .pop, .nop, .not, .endbr64, .bswap, .cdq, .cqo,
      .cdqe, .cwde, .leave, .xchg, .jmp, .movaps, .movups, .movdqa, .movdqu, .movd, .movq, .movss,
      .movsd, .pxor, .por, .pand, .addsd, .subsd, .mulsd, .divsd, .addss, .subss, .mulss, .divss,
      .pcmpeqb, .pmovmskb, .paddd, .paddq, .xorps, .xorpd, .andps, .andpd, .punpcklqdq, .pshufd,
      .cvtsi2sd, .cvttsd2si, .cvtss2sd, .cvtsd2ss, .sqrtsd, .unpcklpd, .unpcklps:
      return .none
    default: return .unknown
    }
  }

  static func reads(_ condition: Condition) -> UInt16 {
    switch condition {
    case .o, .no: return 0x800
    case .b, .ae: return 1
    case .e, .ne: return 0x40
    case .be, .a: return 0x41
    case .s, .ns: return 0x80
    case .p, .np: return 4
    case .l, .ge: return 0x880
    case .le, .g: return 0x8c0
    }
  }
}

extension Instruction {
  /// Nothing of a block comes after it: it goes elsewhere, or the executor looks at the state.
  var endsBlock: Bool {
    switch operation {
    case .jcc, .jmp, .jmpFar, .call, .callFar, .ret, .jrcxz, .loop, .loope, .loopne, .syscall,
      .int, .int1, .int3, .hlt, .iret:
      return true
    default: return false
    }
  }
}
