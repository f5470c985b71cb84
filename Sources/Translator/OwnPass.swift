/// What the translator does beyond what is needed, and can leave out (`--disable-pass`).
public enum OwnPass: String, CaseIterable, Sendable {
  /// Callee-saved registers come back in host registers (`Convention.kept`); on x86_64 with it the
  /// whole convention, and the VCPU through GS.
  case keptRegisters = "kept-registers"
  /// The VCPU pointer stays in a reserved register (`TargetTraits.vcpuRegister`).
  case vcpuRegister = "vcpu-register"
  /// Calls through pointers find host code by one load (CodeTable.swift).
  case codeTable = "code-table"
  /// Jumps compare with what an ifunc resolver may answer (LikelyTargets.swift).
  case likelyTargets = "likely-targets"
  /// Large frames are addressed from their lower ends (FrameBase.swift).
  case frameBase = "frame-base"
  /// Calls give back the RSP that they were made with (ReturnedRSP.swift).
  case returnedRSP = "returned-rsp"
  /// Only small functions that call nothing keep host registers (`Convention.savesRegisters`).
  case unsavedRegisters = "unsaved-registers"
  /// Registers that only some ways hold go to their slots where the ways meet (HeldPassable.swift).
  case heldRegisters = "held-registers"
  /// Insertions into vectors keep no lanes that nobody looks at (DeadLanes.swift).
  case deadLanes = "dead-lanes"
  /// Shuffled halves of products become products of halves (NarrowProducts.swift).
  case narrowProducts = "narrow-products"
  /// Extensions made of shifts and masks are extensions of sums (ShortExtensions.swift).
  case shortExtensions = "short-extensions"
  /// Halves of 32-byte vectors are computed together (PairedHalves.swift).
  case pairedHalves = "paired-halves"
  /// Switches have a case for each value that can be (SwitchRanges.swift).
  case completeSwitches = "complete-switches"
  /// Strength reduction leaves a loop that it does not make cheaper (`TargetTraits.keepsCheapLoops`, LastValues.swift).
  case cheapLoops = "cheap-loops"
  /// Return addresses are compared as immediate operands (ReturnChecks.swift).
  case returnChecks = "return-checks"
}
