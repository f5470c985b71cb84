// Processor identification, time, randomness, control of SSE (SDM vol. 2, CPUID, RDTSC, RDRAND).
//
// What CPUID shows is what libraries choose their code by. Everything shown has a meaning; not
// everything that has one is shown: see `GuestProcessor`.

import RuntimeABI
import Semantics
import X86

#if hasFeature(Embedded)
  /// A monotonic counter, nanoseconds preferred; what RDTSC shows.
  @_extern(c, "recast_host_counter") func hostCounter() -> UInt64
  /// 64 random bits.
  @_extern(c, "recast_host_random") func hostRandom() -> UInt64
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
  func hostFloatLoad(_ mxcsr: UInt64) {}
  func hostFloatFlags() -> UInt64 { 0 }
#endif

enum GuestProcessor {
  /// AVX, AVX2, F16C and XSAVE. With them glibc takes its AVX2 string functions: a loop over memcpy,
  /// strlen, strchr, memcmp, memchr and memset then runs 6 % fewer instructions on x86_64 and takes
  /// 21 % less time on aarch64 (under qemu). Hosts without vector registers do twice the work for a
  /// short string, which has not been measured, so it is off.
  static var showsAVX: Bool { false }
  /// Model 0x3c of family 6 (Haswell), or 0x25 (Westmere).
  static var signature: UInt32 { showsAVX ? 0x0003_06c3 : 0x0002_0652 }
}

extension InterpreterMachine {
  mutating func setABCD(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) {
    self[.rax] = UInt64(a)
    self[.rbx] = UInt64(b)
    self[.rcx] = UInt64(c)
    self[.rdx] = UInt64(d)
  }

  mutating func cpuid() {
    let leaf = UInt32(truncatingIfNeeded: self[.rax])
    let subleaf = UInt32(truncatingIfNeeded: self[.rcx])
    switch leaf {
    // "GenuineIntel"; the highest leaf is 13.
    case 0: setABCD(13, 0x756e_6547, 0x6c65_746e, 0x4965_6e69)
    case 1:
      // SSE3 SSSE3 CMPXCHG16B SSE4.1 SSE4.2 MOVBE POPCNT; RDRAND is left out with PCLMULQDQ and AES,
      // and FMA, which not every host has in one instruction.
      var ecx: UInt32 = 1 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 22 | 1 << 23
      // XSAVE OSXSAVE AVX F16C.
      if GuestProcessor.showsAVX { ecx |= 1 << 26 | 1 << 27 | 1 << 28 | 1 << 29 }
      // FPU TSC CX8 CMOV CLFSH MMX FXSR SSE SSE2.
      let edx: UInt32 = 1 | 1 << 4 | 1 << 8 | 1 << 15 | 1 << 19 | 1 << 23 | 1 << 24 | 1 << 25
        | 1 << 26
      setABCD(GuestProcessor.signature, 0x0001_0800, ecx, edx)
    // "See leaf 4".
    case 2: setABCD(0x00ff_ff01, 0, 0, 0)
    case 4:
      // Type and level; ways, partitions, line; sets. 32 KiB L1d and L1i, 1 MiB L2, 16 MiB L3.
      switch subleaf {
      case 0: setABCD(0x121, 7 << 22 | 63, 63, 0)
      case 1: setABCD(0x122, 7 << 22 | 63, 63, 0)
      case 2: setABCD(0x143, 15 << 22 | 63, 1023, 0)
      case 3: setABCD(0x163, 15 << 22 | 63, 16383, 0)
      default: setABCD(0, 0, 0, 0)
      }
    case 7:
      // BMI1 BMI2, AVX2.
      let ebx: UInt32 = 1 << 3 | 1 << 8 | (GuestProcessor.showsAVX ? 1 << 5 : 0)
      setABCD(0, subleaf == 0 ? ebx : 0, 0, 0)
    case 13 where GuestProcessor.showsAVX:
      // Components; size of what is enabled, and of all. XSAVEOPT, XSAVEC. AVX: size and offset.
      switch subleaf {
      case 0: setABCD(UInt32(truncatingIfNeeded: Self.extendedComponents), 832, 832, 0)
      case 1: setABCD(1 | 1 << 1, 832, 0, 0)
      case 2: setABCD(256, 576, 0, 0)
      default: setABCD(0, 0, 0, 0)
      }
    case 0x8000_0000: setABCD(0x8000_0008, 0, 0, 0)
    // LAHF, LZCNT; SYSCALL, NX, RDTSCP, long mode.
    case 0x8000_0001: setABCD(0, 0, 1 | 1 << 5, 1 << 11 | 1 << 20 | 1 << 27 | 1 << 29)
    // "Recast x86-64 guest processor".
    case 0x8000_0002: setABCD(0x6163_6552, 0x7820_7473, 0x362d_3638, 0x7567_2034)
    case 0x8000_0003: setABCD(0x2074_7365, 0x636f_7270, 0x6f73_7365, 0x0000_0072)
    case 0x8000_0006: setABCD(0, 0, 0x0400_8040, 0)
    case 0x8000_0007: setABCD(0, 0, 0, 1 << 8)
    case 0x8000_0008: setABCD(0x0000_3030, 0, 0, 0)
    default: setABCD(0, 0, 0, 0)
    }
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
