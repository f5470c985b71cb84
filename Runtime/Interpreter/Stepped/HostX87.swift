// An x86 host's x87 holds the guest's x87 registers: translated code and the interpreter run x87
// instructions there, with the processor's own results, flags and exceptions. What is meant against
// the VCPU all the same (MMX, FXSAVE, environments) finds them there for as long as it takes.

import RuntimeABI
import X86

#if hasFeature(Embedded)
  /// Runs the x87 instruction of that opcode and ModRM byte at `address`, with CF, PF and ZF of
  /// `flags`. Answers AX, and above its 16 bits RFLAGS.
  @_extern(c, "recast_host_x87") func hostX87(_ key: UInt64, _ address: UInt64, _ flags: UInt64)
    -> UInt64
  /// To and from an area as FXSAVE's, of `VCPU.x87ImageSize` bytes.
  @_extern(c, "recast_host_x87_save") func hostX87Save(_ area: UInt64)
  @_extern(c, "recast_host_x87_load") func hostX87Load(_ area: UInt64)
#else
  // The tool and its tests evaluate in software.
  func hostX87(_ key: UInt64, _ address: UInt64, _ flags: UInt64) -> UInt64 { 0 }
  func hostX87Save(_ area: UInt64) {}
  func hostX87Load(_ area: UInt64) {}
#endif

/// The guest's x87 registers from the host's to the VCPU.
public func takeHostX87(_ vcpu: UnsafeMutablePointer<VCPU>) {
  var area = InlineArray<20, UInt64>(repeating: 0)
  withUnsafeMutableBytes(of: &area) {
    hostX87Save(UInt64(UInt(bitPattern: $0.baseAddress.unsafelyUnwrapped)))
    vcpu.pointee.loadX87(from: $0.baseAddress.unsafelyUnwrapped)
  }
}

/// And back.
public func giveHostX87(_ vcpu: UnsafeMutablePointer<VCPU>) {
  var area = InlineArray<20, UInt64>(repeating: 0)
  withUnsafeMutableBytes(of: &area) {
    vcpu.pointee.saveX87(to: $0.baseAddress.unsafelyUnwrapped)
    hostX87Load(UInt64(UInt(bitPattern: $0.baseAddress.unsafelyUnwrapped)))
  }
}

extension InterpreterMachine {
  mutating func steppedOnHost(_ i: Instruction, _ address: UInt64) throws(GuestFault) {
    guard let key = i.hostX87 else {
      // Where it faults, the host's registers are as they were.
      takeHostX87(vcpu)
      try steppedBySoftware(i, address)
      giveHostX87(vcpu)
      return
    }
    let v = vcpu.pointee
    let answer = hostX87(
      key, address, 0x202 | UInt64(v.cf) | UInt64(v.pf) &<< 2 | UInt64(v.zf) &<< 6)
    switch i.operation {
    case .fnstsw where i.operands.0.kind != .memory:
      self[.rax] = (self[.rax] & ~0xffff) | (answer & 0xffff)
    case .fcomi, .fcomip, .fucomi, .fucomip:
      let flags = answer &>> 16
      func bit(_ n: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: (flags &>> n) & 1) }
      (vcpu.pointee.cf, vcpu.pointee.pf, vcpu.pointee.zf) = (bit(0), bit(2), bit(6))
      (vcpu.pointee.of, vcpu.pointee.sf, vcpu.pointee.af) = (0, 0, 0)
    default: break
    }
  }
}

extension Instruction {
  /// It reads or writes x87 or MMX registers, or their control and status.
  var touchesX87: Bool {
    switch operation {
    case .fxsave, .fxrstor, .xsave, .xsavec, .xsaveopt, .xrstor: return true
    case .fnstenv, .fldenv, .fnsave, .frstor: return true
    default: return hostX87 != nil || isMMX
    }
  }

  var isMMX: Bool {
    operands.0.kind == .mmx || operands.1.kind == .mmx || operation == .emms
  }
}
