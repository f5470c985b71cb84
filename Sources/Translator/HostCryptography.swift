// AES, SHA, GFNI and carry-less multiplication on x86 hosts, which have them where the guest's CPUID
// shows them (HostFeatures.swift). Elsewhere they are stepped.

import LLVM
import X86

extension LLVMMachine {
  /// Emits `i` as LLVM's intrinsic for it; false where the host has none.
  mutating func runOnHostCryptography(_ i: Instruction) throws(LiftError) -> Bool {
    guard e.target.isX86, !e.target.features.contains("-"), let (name, bits) = Self.intrinsic(i.operation) else {
      return false
    }
    let e = self.e
    let control = e.i8.constInt(i.immediate & 0xff)
    func call(_ sources: [IRVector], _ rest: [Value] = []) -> IRVector {
      let function = e.module.intrinsic("llvm.x86." + name)
      return IRVector(e.builder.call(function, sources.map { $0.lanes(bits) } + rest))
    }
    switch i.operation {
    case .aesimc, .vaesimc: try transform(i) { call([$0]) }
    case .aeskeygenassist, .vaeskeygenassist: try transform(i) { call([$0], [control]) }
    case .sha256rnds2:
      let keys = vector(0, half: 0)
      try combine(i) { call([$0, $1, keys]) }
    case .pclmulqdq, .vpclmulqdq, .sha1rnds4, .gf2p8affineqb, .gf2p8affineinvqb, .vgf2p8affineqb,
      .vgf2p8affineinvqb:
      try combine(i) { call([$0, $1], [control]) }
    default: try combine(i) { call([$0, $1]) }
    }
    return true
  }

  /// The intrinsic's name behind `llvm.x86.` and the width of its lanes.
  private static func intrinsic(_ operation: X86.Operation) -> (String, bits: Int)? {
    switch operation {
    case .aesimc, .vaesimc: ("aesni.aesimc", 64)
    case .aesenc, .vaesenc: ("aesni.aesenc", 64)
    case .aesenclast, .vaesenclast: ("aesni.aesenclast", 64)
    case .aesdec, .vaesdec: ("aesni.aesdec", 64)
    case .aesdeclast, .vaesdeclast: ("aesni.aesdeclast", 64)
    case .aeskeygenassist, .vaeskeygenassist: ("aesni.aeskeygenassist", 64)
    case .pclmulqdq, .vpclmulqdq: ("pclmulqdq", 64)
    case .sha1nexte: ("sha1nexte", 32)
    case .sha1msg1: ("sha1msg1", 32)
    case .sha1msg2: ("sha1msg2", 32)
    case .sha1rnds4: ("sha1rnds4", 32)
    case .sha256rnds2: ("sha256rnds2", 32)
    case .sha256msg1: ("sha256msg1", 32)
    case .sha256msg2: ("sha256msg2", 32)
    case .gf2p8mulb, .vgf2p8mulb: ("vgf2p8mulb.128", 8)
    case .gf2p8affineqb, .vgf2p8affineqb: ("vgf2p8affineqb.128", 8)
    case .gf2p8affineinvqb, .vgf2p8affineinvqb: ("vgf2p8affineinvqb.128", 8)
    default: nil
    }
  }
}
