// x87 instructions as an x86 host can run them on its own registers.

extension Instruction {
  /// Its opcode and ModRM byte when a host's x87 that holds the guest's registers can run it as it
  /// is. Environments are not for the host: they would tell where its code is (FIP).
  @inlinable public var hostX87: UInt64? {
    switch operation {
    case .fnstenv, .fldenv, .fnsave, .frstor: return nil
    default:
      let opcode = immediate &>> 8
      return isNamedAsX87 && (opcode & ~7 == 0xd8 || opcode == 0x9b) ? immediate : nil
    }
  }

  /// x87 instructions, and FXSAVE and FXRSTOR, which have no x87 opcode in `immediate`.
  @inlinable public var isNamedAsX87: Bool {
    operation.rawValue >= Operation.f2xm1.rawValue
      && operation.rawValue <= Operation.fyl2xp1.rawValue
  }
}
