/// What an artifact says about its guest, emitted as the data symbol `recast_image`.
///
/// The guest's segments are `PT_LOAD`s of the artifact at their guest addresses: the kernel maps
/// them, nothing is copied.
public struct GuestImage {
  /// "RECAST01" in little-endian order.
  public var magic: UInt64
  public var entry: UInt64
  /// What a kernel would put into AT_PHDR and AT_PHNUM; an entry is 56 bytes.
  public var programHeaders: UInt64
  public var programHeaderCount: UInt64
  /// First and one-past-last address of the guest image, page aligned; `brk` starts at `high`.
  public var low: UInt64
  public var high: UInt64
  /// `segmentCount` × `GuestSegment`, for `/proc/self/maps`.
  public var segments: UInt64
  public var segmentCount: UInt64
  /// Open-addressed code map: `CodeMap`'s three arrays; 0 when the flow is `interpret`.
  public var codeMap: UInt64
  public var codeMapMask: UInt64
  /// PT_GNU_STACK says executable: bit 0. The guest is position-independent: bit 1.
  public var flags: UInt64
  @inlinable public init() {
    (magic, entry, programHeaders, programHeaderCount, low, high) = (0, 0, 0, 0, 0, 0)
    (segments, segmentCount, codeMap, codeMapMask, flags) = (0, 0, 0, 0, 0)
  }
  public static var magicValue: UInt64 { 0x3130_5453_4143_4552 }
}

public struct GuestSegment {
  public var start: UInt64
  public var end: UInt64
  public var fileOffset: UInt64
  /// ELF p_flags: 4 read, 2 write, 1 execute.
  public var flags: UInt64
}

/// Guest address → translated function, by open addressing; probing is linear from `CodeMap.slot`.
///
/// Three arrays of `mask + 1` words, one behind the other:
///
///     guest   the guest address, 0 for none
///     host    where a caller goes that leaves `passable` registers in their slots
///     body    the function itself; bits 44…47: which of RDI, RSI, R8 and R9 it is not given in host registers by
///             those who call it by name; bits 48…51: which of RAX, RDX, XMM0, XMM1 it delivers at its
///             return (the others are to be left as they were); bits 52…60: which of the passable
///             registers, XMM0–XMM7 and R10, it takes in host registers
public enum CodeMap {
  public static var addressMask: UInt64 { 0xffff_ffff_ffff }

  /// The first slot to probe (multiplicative hashing, Knuth vol. 3, 6.4).
  @inlinable @inline(__always)
  public static func slot(_ guest: UInt64, mask: UInt64) -> UInt64 {
    UInt64((UInt32(truncatingIfNeeded: guest) &* factor) &>> shift(mask))
  }
  @inlinable public static var factor: UInt32 { 0x9e37_79b1 }
  /// - Parameter mask: 2ⁿ − 1, n from 1 to 32.
  @inlinable public static func shift(_ mask: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: UInt32(truncatingIfNeeded: mask).leadingZeroBitCount)
  }

  /// Tells `recast_miss` which registers its caller has left in host registers although they belong
  /// in slots: bits 48…56 of `vcpu.rip`, for XMM0–XMM7 and R10.
  public static var inRegistersShift: UInt64 { 48 }
  /// The same for RDI, RSI, R8 and R9, if they are not in host registers but in their slots: bits 57…60.
  public static var inSlotsShift: UInt64 { 57 }
  /// Of a word of `body`.
  public static var bodyMask: UInt64 { 0xfff_ffff_ffff }
  /// In `vcpu.rip`: the function is in the code map no longer, and `recast_miss` is not to find it there.
  public static var isDropped: UInt64 { 1 &<< 63 }
}

/// Names that the runtime, the translator and the linker agree on.
public enum Symbol {
  // Emitted by the translator.
  public static var image: String { "recast_image" }
  /// `u64 recast_enter(VCPU *, host function)`: C convention in, translated convention out.
  public static var enter: String { "recast_enter" }
  /// The translated-convention function that a code-map miss calls; it calls `interpret`.
  public static var miss: String { "recast_miss" }
  /// The same, for an address in the target's place (`Convention.takesTarget`).
  public static var find: String { "recast_find" }
  /// What translated code for x86_64 adds the offsets of slots to: a place in the artifact, which GS moves to
  /// the VCPU (`recast_host_segment`).
  public static var segment: String { "recast_segment" }
  /// `void recast_host_segment(VCPU *)`: has GS do so.
  public static var setSegment: String { "recast_host_segment" }
  // Exported by the runtime (C convention).
  /// `u64 recast_interpret(VCPU *, u64 entryRSP)`: runs from `vcpu.rip` until the frame whose return
  /// address is at `entryRSP` returns; answers the guest PC it returned to.
  public static var interpret: String { "recast_interpret" }
  /// `u64 recast_step(VCPU *, u64 pc, u64 address)`: one stepped instruction. Not 0: it has
  /// faulted, with this vector plus one; hand over and call `fault`.
  public static var step: String { "recast_step" }
  /// `u64 recast_system_call(VCPU *)`: not 0: unwinding.
  public static var systemCall: String { "recast_system_call" }
  /// `u64 recast_safepoint(VCPU *)`: signals are pending; not 0: unwinding.
  public static var safepoint: String { "recast_safepoint" }
  /// `u64 recast_fault(VCPU *, u64 vector)`: at `vcpu.rip`, with all of the frame's registers in the
  /// VCPU; the frame goes on by `interpret`, at the guest's handler.
  public static var fault: String { "recast_fault" }
  /// `u64 recast_compare_strings(u64 first[2], u64 second[2], u64 control)`, each half an argument:
  /// PCMPISTRI's ECX in the low 32 bits, CF, ZF, SF and OF from bit 32 on. It has no other effect.
  public static var compareStrings: String { "recast_compare_strings" }
  /// `void recast_start(u64 *hostStack)`: from the host's entry point.
  public static var start: String { "recast_start" }
}
