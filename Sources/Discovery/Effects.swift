import Semantics
import X86

/// What one instruction reads, writes and may do, as analysis wants it.
///
/// GPR n is bit n; a flag is its RFLAGS bit; the low half of YMM n is bit n, the high half bit 16 + n.
/// A read is of the value that was there before the instruction. `writes` are certain; `maybe` are
/// writes that some run of the instruction leaves out, so that the old value may survive.
public struct Effects: Equatable, Sendable {
  public enum Transfer: UInt8, Sendable {
    case none, jumpDirect, jumpIndirect, branch, callDirect, callIndirect, ret, systemCall
  }

  public var readsGPR: UInt16 = 0
  public var writesGPR: UInt16 = 0
  public var maybeGPR: UInt16 = 0
  public var readsFlags: UInt16 = 0
  public var writesFlags: UInt16 = 0
  public var maybeFlags: UInt16 = 0
  public var readsVectors: UInt32 = 0
  public var writesVectors: UInt32 = 0
  public var maybeVectors: UInt32 = 0
  public var loads = false
  public var stores = false
  /// An atomic access or a fence.
  public var orders = false
  /// FS and GS bases, as bits 4 and 5.
  public var readsSegments: UInt8 = 0
  public var writesSegments: UInt8 = 0
  /// Faults other than of memory accesses that the instruction can raise: bit n is `Fault` n.
  public var faults: UInt32 = 0
  public var transfer = Transfer.none
  /// Run by the interpreter on the VCPU; its register effects are in the sets above, and it may touch
  /// x87, MXCSR and, if it has a memory operand, memory.
  public var stepped = false

  public init() {}

  /// Everything that may differ afterwards.
  public var changesGPR: UInt16 { writesGPR | maybeGPR }
  public var changesFlags: UInt16 { writesFlags | maybeFlags }
  public var changesVectors: UInt32 { writesVectors | maybeVectors }

  /// It raises a fault and does nothing else. Since it reads nothing, it does so always.
  public var alwaysFaults: Bool {
    var rest = self
    rest.faults = 0
    return faults != 0 && rest == Effects()
  }
}

/// What `i` does, found by running its meaning on the recording machine. An instruction without a
/// meaning raises #UD and does nothing else.
public func effects(of i: Instruction) -> Effects {
  var effects = Effects()
  withUnsafeMutablePointer(to: &effects) { state in
    var machine = EffectsMachine(state)
    do {
      try machine.execute(i)
    } catch {
      // The recording machine never throws; the protocol's type says it may.
      state.pointee.faults |= 1 << UInt32(Fault.invalidOpcode.rawValue)
    }
  }
  effects.maybeGPR &= ~effects.writesGPR
  effects.maybeFlags &= ~effects.writesFlags
  effects.maybeVectors &= ~effects.writesVectors
  return effects
}
