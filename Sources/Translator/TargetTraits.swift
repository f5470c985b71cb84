// What the translator has to know of a target. Names of architectures are compared here, and where a piece of
// assembly or a convention of one is written down.

import Semantics

/// What differs between targets in how meanings become IR.
public struct TargetTraits {
  /// The triple's first component.
  public var architecture: String
  /// The guest's own instructions are there.
  public var isX86: Bool { architecture == "x86_64" }
  private var isAArch64: Bool { architecture == "aarch64" }
  /// LLVM's feature string.
  public var features: String
  /// No vector registers beyond those of the baseline hold values, so that hand-written assembly can
  /// save them all.
  public var hasBaselineVectors: Bool
  /// PCMPISTRI itself is there (SSE4.2).
  public var hasStringComparison: Bool
  /// The processor that code is scheduled and chosen for, where it is not the one whose features it has: LLVM tunes
  /// x86-64-v2 for Sandy Bridge, with rotations by SHLD, which are slow on other processors.
  public var tuning: String? { isX86 && hasBaselineVectors ? "generic" : nil }

  /// Passes that are left out.
  public var disabled: Set<OwnPass> = []
  /// Vector operands that have to be aligned are looked at, on every target.
  var checksAlignment: Bool
  /// LLVM's reduction of counters may leave a loop as it is. Guest compilers have reduced them already, for this host's
  /// addresses on x86_64; elsewhere new counters pay even where they look dearer.
  public var keepsCheapLoops: Bool { isX86 && does(.cheapLoops) }
  func does(_ pass: OwnPass) -> Bool { !disabled.contains(pass) }

  public init(
    architecture: String, features: String = "", hasBaselineVectors: Bool = true,
    hasStringComparison: Bool = false, disabled: Set<OwnPass> = [],
    checksAlignment: Bool = false
  ) {
    self.disabled = disabled
    self.checksAlignment = checksAlignment
    self.architecture = architecture
    self.features = features
    self.hasBaselineVectors = hasBaselineVectors
    self.hasStringComparison = hasStringComparison
  }
}

extension TargetTraits {
  /// No code of LLVM's uses it, and none of the runtime's: X18 by `TargetDescription.features`, the others by their psABI,
  /// as the thread pointer and as nobody's.
  var vcpuRegister: String? {
    switch architecture {
    case "aarch64": "x18"
    case "riscv64": "tp"
    case "loongarch64": "$r21"
    default: nil
    }
  }
  /// Of x86's GS (LLVM's X86 backend).
  static var gsAddressSpace: UInt32 { 256 }
  /// A rotation is one instruction, as the code table's index wants it. Without (riscv64), the code map is
  /// quicker: qsortcb takes 4 % fewer instructions.
  var hasCheapRotation: Bool { isX86 || isAArch64 }
  /// FrameBase.swift.
  var hasShortNegativeOffsets: Bool { isAArch64 }
  /// Comparisons with addresses below 16 MiB take two immediate operands (ReturnChecks.swift).
  var comparesReturnsInPlace: Bool { isAArch64 }
}

// MARK: Floating point

extension TargetTraits {
  /// Floating-point instructions choose NaNs as x86 does.
  var hasX86NaN: Bool { isX86 }
  /// Conversions between formats keep a NaN's sign and payload, as x86's do.
  var convertsNaNs: Bool { isX86 || isAArch64 }
  /// There is an instruction for the largest of a vector's lanes, or a NaN if one is.
  var findsLargestLane: Bool { isAArch64 }
  /// Products of the lanes' lower halves, which LLVM does not find by itself, as intrinsics.
  var lowerProducts: (signed: String, unsigned: String)? {
    isAArch64 ? ("llvm.aarch64.neon.smull", "llvm.aarch64.neon.umull") : nil
  }

  /// LLVM keeps vectors whole in what has to keep exceptions; elsewhere it takes them apart.
  var keepsLanes: Bool { isX86 || isAArch64 }
  /// What LLVM compares lanes by raises "invalid" for quiet NaNs unless it asks for equality.
  var signalsForLanes: Bool { isAArch64 }
  /// LLVM's plain "less" raises "invalid" for quiet NaNs.
  var signalsForLess: Bool { architecture == "riscv64" }
  /// Constrained operations and comparisons are plain ones to LLVM, and gone where nobody uses them.
  var forgetsExceptions: Bool { architecture == "loongarch64" }

  /// How to read and write the exception flags, on targets without silent roundings.
  var exceptionFlags: (save: String, restore: String)? {
    switch architecture {
    case "riscv64": ("frflags $0", "fsflags $1")
    case "loongarch64": ("movfcsr2gr $0, $$fcsr0", "movgr2fcsr $$fcsr0, $1")
    default: nil
    }
  }

  /// The host's conversion to a signed integer, which rounds and saturates by itself. What LLVM has for it
  /// is left out where the operand does not fit, and "invalid" with it.
  func conversion(from source: Int, to result: Int, _ rounding: FloatRounding) -> String? {
    let formats = ".\(result == 64 ? "l" : "w").\(source == 64 ? "d" : "s") $0, $1"
    let modes: [FloatRounding: String]
    switch architecture {
    case "riscv64":
      modes = [.nearest: "rne", .current: "dyn", .down: "rdn", .up: "rup", .towardZero: "rtz"]
      return "fcvt\(formats), \(modes[rounding]!)"
    case "loongarch64":
      modes = [.nearest: "rne", .current: "", .down: "rm", .up: "rp", .towardZero: "rz"]
      return "ftint\(modes[rounding]!)\(formats)"
    default: return nil
    }
  }
  /// That conversion leaves its result in a floating-point register.
  var convertsInFloatRegisters: Bool { architecture == "loongarch64" }
}
