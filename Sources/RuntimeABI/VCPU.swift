/// The guest processor's state in memory: what translated code, the interpreter and the guest
/// kernel interface share.
///
/// Translated code addresses it by the byte offsets of `VCPUOffset`; a test asserts that both say
/// the same. Inside translated functions registers are SSA values; a slot here holds the truth only
/// at the places the translator documents (docs/ARCHITECTURE.md, "Who holds the registers").
public struct VCPU {
  public var gpr: InlineArray<16, UInt64>
  public var rip: UInt64
  /// One byte a flag, 0 or 1, so that translated code loads and stores them separately.
  public var cf: UInt8
  public var pf: UInt8
  public var af: UInt8
  public var zf: UInt8
  public var sf: UInt8
  public var of: UInt8
  public var df: UInt8
  /// Not zero while host frames return one after the other to the dispatcher because the guest left
  /// by another way than a matching return (longjmp, unwinding, stack switching).
  public var unwinding: UInt8
  /// Set by the host's signal handler; safepoints look at it.
  public var pending: UInt32
  public var mxcsr: UInt32
  public var fsBase: UInt64
  public var gsBase: UInt64
  /// YMM 0…15: low half then high half, 32 bytes each.
  public var ymm: InlineArray<64, UInt64>
  /// x87: physical registers R0…R7, 16 bytes each: significand, then sign and exponent.
  public var x87: InlineArray<16, UInt64>
  public var x87Control: UInt16
  /// Condition codes and exception flags; TOP is `x87Top`.
  public var x87Status: UInt16
  public var x87Top: UInt8
  /// Bit n set: physical register n is empty.
  public var x87Empty: UInt8
  public var x87Padding: UInt16
  /// Address of the runtime's per-thread state.
  public var thread: UInt64
  /// Top of the host stack that belongs to this VCPU.
  public var hostStackLimit: UInt64
  /// Instructions the interpreter has evaluated, and those stepped from translated code.
  public var interpreted: UInt64
  public var stepped: UInt64
  /// Its own address, for translated code that reaches it through a segment register.
  public var address: UInt64

  public init() {
    gpr = .init(repeating: 0)
    rip = 0
    (cf, pf, af, zf, sf, of, df, unwinding) = (0, 0, 0, 0, 0, 0, 0, 0)
    pending = 0
    mxcsr = 0x1f80
    fsBase = 0
    gsBase = 0
    ymm = .init(repeating: 0)
    x87 = .init(repeating: 0)
    x87Control = 0x37f
    x87Status = 0
    x87Top = 0
    x87Empty = 0xff
    x87Padding = 0
    thread = 0
    hostStackLimit = 0
    interpreted = 0
    stepped = 0
    address = 0
  }
}

/// Byte offsets into `VCPU`, for code that is emitted.
public enum VCPUOffset {
  public static func gpr(_ n: Int) -> Int { 8 * n }
  public static var rip: Int { 128 }
  public static var cf: Int { 136 }
  public static var pf: Int { 137 }
  public static var af: Int { 138 }
  public static var zf: Int { 139 }
  public static var sf: Int { 140 }
  public static var of: Int { 141 }
  public static var df: Int { 142 }
  public static var unwinding: Int { 143 }
  public static var pending: Int { 144 }
  public static var mxcsr: Int { 148 }
  public static var fsBase: Int { 152 }
  public static var gsBase: Int { 160 }
  public static func ymm(_ n: Int, half: Int) -> Int { 168 + 32 * n + 16 * half }
  public static func x87(_ n: Int) -> Int { 680 + 16 * n }
  public static var x87Control: Int { 808 }
  public static var x87Status: Int { 810 }
  public static var x87Top: Int { 812 }
  public static var x87Empty: Int { 813 }
  public static var thread: Int { 816 }
  public static var hostStackLimit: Int { 824 }
  public static var interpreted: Int { 832 }
  public static var stepped: Int { 840 }
  public static var address: Int { 848 }
  public static var size: Int { 856 }
}
