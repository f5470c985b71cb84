// What an x86 host has to have beyond x86-64-v2 for a guest function: what the function itself uses. A
// host without it would not have run the guest either, and CPUID shows no more than the host has.

import X86

/// Parts of the instruction set, as a guest function uses them.
struct HostFeatures: OptionSet {
  let rawValue: UInt8
  /// VEX encodings: AVX, AVX2, FMA, F16C, BMI. The function is compiled for x86-64-v3.
  static let wide = Self(rawValue: 1)
  static let aes = Self(rawValue: 2)
  static let carrylessMultiply = Self(rawValue: 4)
  static let sha = Self(rawValue: 8)
  static let galoisField = Self(rawValue: 16)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(_ i: Instruction) {
    self = i.prefixes.contains(.vex) ? .wide : []
    switch i.operation {
    case .aesimc, .aesenc, .aesenclast, .aesdec, .aesdeclast, .aeskeygenassist, .vaesimc, .vaesenc,
      .vaesenclast, .vaesdec, .vaesdeclast, .vaeskeygenassist:
      insert(.aes)
    case .pclmulqdq, .vpclmulqdq: insert(.carrylessMultiply)
    case .sha1nexte, .sha1msg1, .sha1msg2, .sha1rnds4, .sha256rnds2, .sha256msg1, .sha256msg2:
      insert(.sha)
    case .gf2p8mulb, .gf2p8affineqb, .gf2p8affineinvqb, .vgf2p8mulb, .vgf2p8affineqb,
      .vgf2p8affineinvqb:
      insert(.galoisField)
    default: break
    }
  }

  /// Nothing for other hosts, nor where features were taken away on the command line.
  init(_ f: FunctionFacts, for target: TargetTraits) {
    self = []
    guard target.isX86, !target.features.contains("-") else { return }
    for block in f.blocks {
      for i in block.instructions { formUnion(Self(i)) }
    }
  }

  /// As LLVM's feature string.
  var llvm: String {
    let names: [(Self, String)] = [
      (.wide, "+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe"), (.aes, "+aes"),
      (.carrylessMultiply, "+pclmul"), (.sha, "+sha"), (.galoisField, "+gfni"),
    ]
    return names.filter { contains($0.0) }.map(\.1).joined(separator: ",")
  }
}
