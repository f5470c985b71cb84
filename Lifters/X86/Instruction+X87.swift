// x87 instructions as an x86 host can run them on its own registers.

extension Instruction {
  /// Its opcode and ModRM byte when a host's x87 that holds the guest's registers can run it as it
  /// is. Environments are not for the host: they would tell where its code is (FIP).
  @inlinable public var hostX87: UInt64? {
    switch operation {
    case .fnstenv, .fldenv, .fnsave, .frstor: return nil
    default:
      // The names of x87 instructions, and of FXSAVE and FXRSTOR, which have no such opcode.
      let isNamedSo = operation.rawValue >= Operation.f2xm1.rawValue
        && operation.rawValue <= Operation.fyl2xp1.rawValue
      let opcode = immediate &>> 8
      return isNamedSo && (opcode & ~7 == 0xd8 || opcode == 0x9b) ? immediate : nil
    }
  }
}
