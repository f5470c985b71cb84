// Meanings against the VCPU alone, for instructions that no engine takes apart: one row in the
// table with `step`, one case here.

import Semantics
import X86

extension InterpreterMachine {
  /// `address`: the memory operand's, segment base included.
  mutating func stepped(_ i: Instruction, _ address: UInt64) throws(GuestFault) {
    if usesHostX87 && i.touchesX87 {
      try steppedOnHost(i, address)
    } else {
      try steppedBySoftware(i, address)
    }
  }

  mutating func steppedBySoftware(_ i: Instruction, _ address: UInt64) throws(GuestFault) {
    if try steppedX87(i, address) { return }
    if try steppedSystem(i, address) { return }
    if try steppedStrings(i, address) { return }
    if try steppedCryptography(i, address) { return }
    if try steppedMMX(i, address) { return }
    throw GuestFault(.invalidOpcode, address: i.address)
  }
}
