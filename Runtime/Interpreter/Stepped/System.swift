// Processor identification, time, randomness, control of SSE (SDM vol. 2, CPUID, RDTSC, RDRAND).
//
// What CPUID shows is what libraries choose their code by: see `GuestProcessor`.

import RuntimeABI
import Semantics
import X86

#if hasFeature(Embedded)
  /// A monotonic counter, nanoseconds preferred; what RDTSC shows.
  @_extern(c, "recast_host_counter") func hostCounter() -> UInt64
  /// 64 random bits.
  @_extern(c, "recast_host_random") func hostRandom() -> UInt64
  /// Puts what an x86 host's processor has into four words of 32 bits; leaves them alone elsewhere.
  @_extern(c, "recast_host_processor") func hostProcessor(_ words: UInt64)
  /// The host's floating-point environment, by MXCSR (Runtime/Host).
  @_extern(c, "recast_host_float_load") func hostFloatLoad(_ mxcsr: UInt64)
  @_extern(c, "recast_host_float_flags") func hostFloatFlags() -> UInt64
#else
  // The tool and its tests: no artifact around.
  nonisolated(unsafe) private var ticks: UInt64 = 0
  func hostCounter() -> UInt64 {
    ticks &+= 1
    return ticks
  }
  func hostRandom() -> UInt64 { UInt64.random(in: .min ... .max) }
  func hostProcessor(_ words: UInt64) {}
  func hostFloatLoad(_ mxcsr: UInt64) {}
  func hostFloatFlags() -> UInt64 { 0 }
#endif

/// What CPUID shows of the guest's processor: on x86 hosts no more than the host has, since translated code
/// uses the host's instructions; elsewhere what is translated. So programs choose the code that they would
/// choose natively, and a function that fuses multiplications rounds as it does there.
public struct GuestProcessor: Sendable {
  /// CPUID 1:ECX, 7:EBX, 7:ECX, and XCR0.
  private var words: (UInt32, UInt32, UInt32, UInt32)

  // 1:ECX.
  private static var carrylessMultiply: UInt32 { 1 << 1 }
  private static var fma: UInt32 { 1 << 12 }
  private static var aes: UInt32 { 1 << 25 }
  private static var extendedState: UInt32 { 1 << 26 | 1 << 27 }  // XSAVE, OSXSAVE
  private static var avx: UInt32 { 1 << 28 | 1 << 29 }  // AVX, F16C
  private static var movbe: UInt32 { 1 << 22 }
  // 7:EBX, 7:ECX.
  private static var avx2: UInt32 { 1 << 3 | 1 << 5 | 1 << 8 }  // BMI1, AVX2, BMI2
  private static var adx: UInt32 { 1 << 19 }
  private static var sha: UInt32 { 1 << 29 }
  private static var galoisField: UInt32 { 1 << 8 | 1 << 9 | 1 << 10 }  // GFNI, VAES, VPCLMULQDQ

  /// x86-64-v2, which hosts without all of level 3 show.
  public static var baseline: Self { Self(words: (0, 0, 0, 0)) }
  /// What every host shows that is no x86, and every x86 host of level 3 as a part of its own.
  public static var everywhere: Self {
    Self(
      words: (fma | extendedState | avx | movbe, avx2, 0, UInt32(InterpreterMachine.extendedComponents)))
  }

  static var current: Self {
    var processor = everywhere
    withUnsafeMutablePointer(to: &processor) { hostProcessor(UInt64(UInt(bitPattern: $0))) }
    return processor
  }

  /// All of x86-64-v3 or nothing of it.
  var hasAVX2: Bool {
    let one = Self.fma | Self.extendedState | Self.avx | Self.movbe
    return words.0 & one == one && words.1 & Self.avx2 == Self.avx2 && words.3 & 6 == 6
  }

  /// Model 0x3c of family 6 (Haswell), or 0x25 (Westmere).
  var signature: UInt32 { hasAVX2 ? 0x0003_06c3 : 0x0002_0652 }

  /// SSE3 SSSE3 CMPXCHG16B SSE4.1 SSE4.2 POPCNT RDRAND, and what depends.
  var features: UInt32 {
    let everywhere: UInt32 = 1 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 23 | 1 << 30
    let wide = hasAVX2 ? Self.fma | Self.extendedState | Self.avx | Self.movbe : 0
    return everywhere | wide | words.0 & (Self.carrylessMultiply | Self.aes)
  }
  /// RDSEED, and what depends.
  var moreFeatures: (ebx: UInt32, ecx: UInt32) {
    let wide = hasAVX2 ? Self.avx2 | words.1 & Self.adx : 0
    return (
      1 << 18 | wide | words.1 & Self.sha, hasAVX2 ? words.2 & Self.galoisField : 0
    )
  }
  /// LAHF, LZCNT.
  var extendedFeatures: UInt32 { 1 | (hasAVX2 ? 1 << 5 : 0) }
}

extension GuestProcessor {
  /// EAX, EBX, ECX, EDX of CPUID.
  public typealias Answer = (a: UInt32, b: UInt32, c: UInt32, d: UInt32)

  /// CPUID of `leaf` and `subleaf` (SDM vol. 2); zeros where there is nothing.
  public func identify(leaf: UInt32, subleaf: UInt32) -> Answer {
    switch leaf {
    // "GenuineIntel"; the highest leaf is 13.
    case 0: return (13, 0x756e_6547, 0x6c65_746e, 0x4965_6e69)
    case 1:
      // FPU TSC CX8 CMOV CLFSH MMX FXSR SSE SSE2.
      let edx: UInt32 = 1 | 1 << 4 | 1 << 8 | 1 << 15 | 1 << 19 | 1 << 23 | 1 << 24 | 1 << 25
        | 1 << 26
      return (signature, 0x0001_0800, features, edx)
    // "See leaf 4".
    case 2: return (0x00ff_ff01, 0, 0, 0)
    case 4:
      // Type and level; ways, partitions, line; sets. 32 KiB L1d and L1i, 1 MiB L2, 16 MiB L3.
      switch subleaf {
      case 0: return (0x121, 7 << 22 | 63, 63, 0)
      case 1: return (0x122, 7 << 22 | 63, 63, 0)
      case 2: return (0x143, 15 << 22 | 63, 1023, 0)
      case 3: return (0x163, 15 << 22 | 63, 16383, 0)
      default: return (0, 0, 0, 0)
      }
    case 7:
      let more = moreFeatures
      return (0, subleaf == 0 ? more.ebx : 0, subleaf == 0 ? more.ecx : 0, 0)
    case 13 where hasAVX2:
      // Components; size of what is enabled, and of all. XSAVEOPT, XSAVEC. AVX: size and offset.
      switch subleaf {
      case 0: return (UInt32(truncatingIfNeeded: InterpreterMachine.extendedComponents), 832, 832, 0)
      case 1: return (1 | 1 << 1, 832, 0, 0)
      case 2: return (256, 576, 0, 0)
      default: return (0, 0, 0, 0)
      }
    case 0x8000_0000: return (0x8000_0008, 0, 0, 0)
    // SYSCALL, NX, RDTSCP, long mode.
    case 0x8000_0001: return (0, 0, extendedFeatures, 1 << 11 | 1 << 20 | 1 << 27 | 1 << 29)
    // "Recast x86-64 guest processor".
    case 0x8000_0002: return (0x6163_6552, 0x7820_7473, 0x362d_3638, 0x7567_2034)
    case 0x8000_0003: return (0x2074_7365, 0x636f_7270, 0x6f73_7365, 0x0000_0072)
    case 0x8000_0006: return (0, 0, 0x0400_8040, 0)
    case 0x8000_0007: return (0, 0, 0, 1 << 8)
    case 0x8000_0008: return (0x0000_3030, 0, 0, 0)
    default: return (0, 0, 0, 0)
    }
  }
}

extension InterpreterMachine {
  mutating func cpuid() {
    let answer = GuestProcessor.current.identify(
      leaf: UInt32(truncatingIfNeeded: self[.rax]), subleaf: UInt32(truncatingIfNeeded: self[.rcx]))
    self[.rax] = UInt64(answer.a)
    self[.rbx] = UInt64(answer.b)
    self[.rcx] = UInt64(answer.c)
    self[.rdx] = UInt64(answer.d)
  }

  // MXCSR is the VCPU's, except for the flags that the host has raised since it was last loaded.
  // Arithmetic is the host's in both engines, so that its rounding and flags are the guest's.
  func setMXCSR(_ value: UInt32) {
    vcpu.pointee.mxcsr = value
    hostFloatLoad(UInt64(value))
  }
  func currentMXCSR() -> UInt32 {
    vcpu.pointee.mxcsr |= UInt32(truncatingIfNeeded: hostFloatFlags())
    return vcpu.pointee.mxcsr
  }

  mutating func random(_ i: Instruction) {
    let value = hostRandom()
    switch i.operands.0.size {
    case 2: setRegister(i.operands.0, UInt16(truncatingIfNeeded: value))
    case 4: setRegister(i.operands.0, UInt32(truncatingIfNeeded: value))
    default: setRegister(i.operands.0, value)
    }
    vcpu.pointee.cf = 1
    (vcpu.pointee.of, vcpu.pointee.sf, vcpu.pointee.zf) = (0, 0, 0)
    (vcpu.pointee.af, vcpu.pointee.pf) = (0, 0)
  }

  mutating func steppedSystem(_ i: Instruction, _ address: UInt64) throws(GuestFault) -> Bool {
    switch i.operation {
    case .cpuid: cpuid()
    case .rdtsc, .rdtscp:
      let now = hostCounter()
      self[.rax] = now & 0xffff_ffff
      self[.rdx] = now &>> 32
      if i.operation == .rdtscp { self[.rcx] = 0 }
    case .rdrand, .rdseed: random(i)
    case .ldmxcsr, .vldmxcsr:
      let value = try load(UInt32.self, at: address)
      try fault(.generalProtection, if: value & ~0xffff != 0)
      setMXCSR(value)
    case .stmxcsr, .vstmxcsr: try store(currentMXCSR(), at: address)
    case .fxsave: try fxsave(address)
    case .fxrstor: try fxrstor(address)
    case .xgetbv: try xgetbv()
    case .xsave, .xsaveopt: try xsave(address, compacted: false)
    case .xsavec: try xsave(address, compacted: true)
    case .xrstor: try xrstor(address)
    // IA32_TSC_AUX, as RDTSCP shows it.
    case .rdpid: self[GPR(i.operands.0.number)] = 0
    default: return false
    }
    return true
  }
}
