// Where Recast and Capstone 4 read the same bytes differently, and why it stays so. "This processor"
// is a Zen 4 EPYC, on which the bytes were run.
import X86

/// One settled difference: our mnemonic and Capstone's (nil: refuses), several names at a time.
struct Adjudicated {
  var ours: String?
  var theirs: [String?]
  var reason: String

  init(_ ours: String?, _ theirs: String?, _ reason: String) {
    self.ours = ours
    self.theirs = theirs?.split(separator: " ").map(String.init) ?? [nil]
    self.reason = reason
  }
}

let adjudicated = [
  // Refused by us.
  Adjudicated(
    nil, "femms extrq insertq movntss movntsd",
    "3DNow! and SSE4A: AMD only, not offered by CPUID"),
  Adjudicated(nil, "vpermil2pd vpermil2ps", "XOP: #UD on this processor"),
  Adjudicated(
    nil,
    """
    vmread vmwrite invept invvpid invpcid vmptrst vmptrld vmclear vmxon vmxoff vmcall vmlaunch \
    vmresume vmfunc vmmcall vmrun vmsave vmload stgi clgi skinit invlpga getsec encls enclu \
    xsaves xsaves64 xrstors xrstors64 pcommit
    """, "virtual machines, enclaves, supervisor state: not for user mode; #UD"),
  Adjudicated(
    nil, "montmul xstorerng xsha1 xsha256 xcryptecb xcryptcbc xcryptcfb xcryptofb xcryptctr",
    "PadLock: VIA only"),
  Adjudicated(
    nil,
    """
    vmaskmovps vmaskmovpd vpermilps vpermilpd vblendvps vblendvpd vpblendvb vpblendd vpsravd \
    vpbroadcastb vpbroadcastw vpbroadcastd vpbroadcastq vbroadcastss vbroadcastsd vbroadcastf128 \
    vtestps vtestpd vinsertf128 vinserti128 vextractf128 vextracti128 vcvtph2ps vcvtps2ph vpermd \
    vpermps vperm2f128 vperm2i128
    """, "VEX.W0 in the manual; with W1 #UD on this processor"),
  Adjudicated(
    nil,
    "vgatherdps vgatherdpd vgatherqps vgatherqpd vpgatherdd vpgatherdq vpgatherqd vpgatherqq",
    "a gather without SIB: VSIB needs one (SDM vol. 2, 2.3.12); #UD on this processor"),
  Adjudicated(nil, "kmovb kmovw kunpckbw", "VEX.W of another form (SDM vol. 2): #UD on this processor"),
  // Refused by Capstone.
  Adjudicated("nop", nil, "0F 18 with a register is a NOP on this processor"),
  Adjudicated("prefetch", nil, "0F 0D /0 and /3 to /7: prefetches on this processor (AMD vol. 3)"),
  Adjudicated("prefetchwt1", nil, "0F 0D /2 (SDM vol. 2)"),
  Adjudicated("ud0", nil, "0F FF (SDM vol. 2, UD)"),
  Adjudicated("mfence", nil, "0F AE F1 to F7: rm is ignored; runs on this processor"),
  Adjudicated("lfence", nil, "0F AE E9 to EF: the same"),
  Adjudicated("sfence", nil, "0F AE F9 to FF: the same"),
  Adjudicated("mov", nil, "REX.R is ignored with segment registers; runs on this processor"),
  Adjudicated("rdsspq", nil, "CET: newer than Capstone 4; a NOP without it"),
  Adjudicated("incsspd", "lfence", "CET; Capstone ignores F3"),
  Adjudicated("incsspq", "lfence", "the same"),
  Adjudicated("endbr32", nil, "CET, with REX: a NOP on this processor"),
  Adjudicated("endbr64", nil, "the same"),
  Adjudicated("incsspd", nil, "CET; #UD on this processor, where the kernel leaves shadow stacks off"),
  Adjudicated("incsspq", nil, "CET"),
  Adjudicated("rstorssp", nil, "CET"),
  Adjudicated("saveprevssp", nil, "CET"),
  Adjudicated("wrssd", nil, "CET"),
  Adjudicated("wrssq", nil, "CET"),
  Adjudicated("vbroadcasti128", nil, "VEX.256.66.0F38.W0 5A (SDM vol. 2)"),
  Adjudicated("vaesenc", nil, "VAES, 256 bits: newer than Capstone 4"),
  Adjudicated("vaesenclast", nil, "VAES"),
  Adjudicated("vaesdec", nil, "VAES"),
  Adjudicated("vaesdeclast", nil, "VAES"),
  Adjudicated("gf2p8mulb", nil, "GFNI: newer than Capstone 4"),
  Adjudicated("gf2p8affineqb", nil, "GFNI"),
  Adjudicated("gf2p8affineinvqb", nil, "GFNI"),
  Adjudicated("vgf2p8mulb", nil, "GFNI"),
  Adjudicated("vgf2p8affineqb", nil, "GFNI"),
  Adjudicated("vgf2p8affineinvqb", nil, "GFNI"),
  Adjudicated("vpclmulqdq", nil, "VPCLMULQDQ, 256 bits: newer than Capstone 4"),
  // Other names and lengths.
  Adjudicated("ud1", "ud1", "has a ModRM byte (SDM vol. 2, UD)"),
  Adjudicated("ud0", "ud0", "has a ModRM byte (SDM vol. 2, UD)"),
  Adjudicated("movq", "movd", "Capstone names the W1 form movd"),
  Adjudicated("pause", "nop", "F3 before two REX: still PAUSE (SDM vol. 2, 2.2.1)"),
  Adjudicated("pushfq", "pushf", "REX.W wins over 66 (SDM vol. 2, 2.2.1.2)"),
  Adjudicated("popfq", "popf", "REX.W wins over 66 (SDM vol. 2, 2.2.1.2)"),
  Adjudicated(
    "jecxz", "jrcxz", "67 means ECX (SDM vol. 2, Jcc), beside 66, too; so on this processor"),
  Adjudicated("wrssd", "adcx", "CET; Capstone takes 67 before REX for 66"),
  Adjudicated("wrssq", "adcx", "the same"),
  Adjudicated("clwb", "xsaveopt", "66 0F AE /6 (SDM vol. 2, CLWB)"),
  Adjudicated("rdpid", "rdseed", "F3 0F C7 /7; runs on this processor"),
  Adjudicated("pause", "xchg", "F3 REX 90 without REX.B (SDM vol. 2, PAUSE)"),
  Adjudicated("xchg", "nop", "of several REX prefixes the last one counts"),
  Adjudicated("vcvtpd2ps", "vcvtpd2psx", "assembler suffix"),
  Adjudicated("vcvtpd2dq", "vcvtpd2dqx", "assembler suffix"),
  Adjudicated("vcvttpd2dq", "vcvttpd2dqx", "assembler suffix"),
]

/// AVX-512 instructions on mask registers. Capstone 4 knows few of the BW and DQ forms, and refuses
/// VEX.R and the high bit of VEX.vvvv, which this processor ignores.
private let maskInstructions: Set<String> = Set(
  ["kadd", "kand", "kandn", "kmov", "knot", "kor", "kortest", "kshiftl", "kshiftr", "ktest", "kxnor",
   "kxor"].flatMap { name in ["b", "w", "d", "q"].map { name + $0 } }
    + ["kunpckbw", "kunpckwd", "kunpckdq"])

private let nearBranches: Set<String> = ["jmp", "call", "ret", "xbegin"]

private let segmentOverrides: Set<UInt8> = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]
private let sizeOverrides: Set<UInt8> = [0x66, 0x67]
private let repeats: Set<UInt8> = [0xf2, 0xf3]

private func isREX(_ byte: UInt8) -> Bool { byte & 0xf0 == 0x40 }

/// Whether a difference is settled: by the list, or by one of these rules.
func isAdjudicated(
  _ bytes: [UInt8], _ ours: Reading, _ refusal: DecodeError?, _ theirs: Reading,
  _ capstone: SecondOpinion
) -> Bool {
  if refusal == .unsupported { return true }
  if let name = ours.mnemonic, maskInstructions.contains(name), theirs.mnemonic == nil { return true }
  if adjudicated.contains(where: {
    $0.ours == ours.mnemonic && $0.theirs.contains(theirs.mnemonic)
  }) {
    return true
  }
  let prefixes = bytes.prefix {
    segmentOverrides.contains($0) || sizeOverrides.contains($0) || repeats.contains($0)
      || $0 == 0xf0 || isREX($0)
  }
  let rest = bytes.dropFirst(prefixes.count)

  // AVX-512: lengths agree, or Capstone refuses what the prefix forbids for one instruction or other.
  // Before EVEX 66, F2, F3, LOCK and REX are #UD (SDM vol. 2, 2.7.11).
  if rest.first == 0x62 {
    let isForbidden = prefixes.contains { isREX($0) || [0x66, 0xf0, 0xf2, 0xf3].contains($0) }
    // Behind 67 Capstone loses displacements, and takes what it refuses without.
    let plain = capstone.read(prefixes.filter { $0 != 0x67 } + rest)
    let dropped = prefixes.filter { $0 == 0x67 }.count
    return theirs.mnemonic == nil || ours.length == theirs.length
      || (dropped > 0 && (plain.mnemonic == nil || plain.length + dropped == ours.length))
      || (ours.mnemonic == nil && isForbidden)
      // Of registers there is nothing behind ModRM but map 3's constant: Capstone adds one to the fused
      // operations with rounding.
      || (rest.count > 5 && rest[rest.startIndex + 5] >= 0xc0)
  }

  if let name = ours.mnemonic, name == theirs.mnemonic,
    nearBranches.contains(name) || name.hasPrefix("j")
  {
    // 66: Intel ignores it, AMD and Capstone take a 16-bit displacement. After 67, Capstone takes
    // RET's imm16 for 32 bits.
    if prefixes.contains(0x66) || (name == "ret" && prefixes.contains(where: isREX)) { return true }
  }
  // LOCK where the manual does not list it: #UD.
  if ours.mnemonic == nil && prefixes.contains(0xf0) { return true }
  // 66, F2 or F3 before an opcode whose row says NP: #UD on this processor; Capstone drops it.
  if ours.mnemonic == nil {
    let kept = prefixes.filter { $0 != 0x66 && !repeats.contains($0) }
    let (plain, _) = recastReading(kept + rest)
    if kept.count < prefixes.count && plain.mnemonic == theirs.mnemonic
      && plain.length + prefixes.count - kept.count == theirs.length
    {
      return true
    }
  }
  // Several of 66, F2, F3 and REX: the last of F2 and F3 counts, else 66, and a REX that is the last
  // prefix (this processor does so, too). Capstone agrees when only those are there.
  for drops67 in [false, true] {
    var kept = prefixes.filter { $0 == 0x67 && !drops67 || $0 == 0xf0 }
    if let repeats = prefixes.last(where: { $0 == 0xf2 || $0 == 0xf3 }) {
      kept.append(repeats)
    } else if prefixes.contains(0x66), !nearBranches.contains(ours.mnemonic ?? ""),
      ours.mnemonic?.hasPrefix("j") != true
    {
      kept.append(0x66)
    }
    if let last = prefixes.last, isREX(last) { kept.append(last) }
    let plain = capstone.read(Array(kept) + rest)
    let dropped = prefixes.count - kept.count
    if plain.mnemonic == ours.mnemonic, dropped > 0,
      plain.mnemonic == nil || plain.length + dropped == ours.length
    {
      return true
    }
  }
  // F2 or F3 with 66, where the opcode has no such form: #UD on this processor; Capstone takes 66.
  if ours.mnemonic == nil && prefixes.contains(where: { repeats.contains($0) }) {
    // Capstone also takes 67 before REX for 66.
    let kept = prefixes.filter { !repeats.contains($0) && !isREX($0) && $0 != 0x67 }
    for added in [[], [0x66]] as [[UInt8]] {
      let (plain, _) = recastReading(added + kept + rest)
      if plain.mnemonic != nil && plain.mnemonic == theirs.mnemonic { return true }
    }
  }
  if ours.mnemonic == nil {
    // 3DNow!; and VEX after 66, F2, F3 or REX (SDM vol. 2, 2.3.2): #UD on this processor.
    let isVEX = rest.first == 0xc4 || rest.first == 0xc5
    return rest.prefix(2) == [0x0f, 0x0f]
      || (isVEX && prefixes.contains { isREX($0) || $0 == 0x66 || repeats.contains($0) })
  }
  // Capstone loses 66, 67 or F3 when a prefix that changes nothing stands by: without that, it
  // agrees.
  return idle.contains { isIdle in
    let kept = prefixes.filter { !isIdle($0) }
    let plain = capstone.read(kept + rest)
    return kept.count < prefixes.count && plain.mnemonic == ours.mnemonic
      && plain.length + prefixes.count - kept.count == ours.length
  }
}

private let idle: [@Sendable (UInt8) -> Bool] = [
  { segmentOverrides.contains($0) },
  { segmentOverrides.contains($0) || repeats.contains($0) },
  { segmentOverrides.contains($0) || $0 == 0x67 },
  { segmentOverrides.contains($0) || repeats.contains($0) || isREX($0) },
  { segmentOverrides.contains($0) || repeats.contains($0) || isREX($0) || $0 == 0x67 },
]
