// Capstone's reading of the same bytes, and what it takes to compare the two.
import CCapstone
import X86

/// What a decoder says about a byte string. `mnemonic` is nil where it refuses.
struct Reading: Equatable {
  var mnemonic: String?
  var length: Int
}

final class SecondOpinion {
  private var handle: csh = 0
  private let instruction: UnsafeMutablePointer<cs_insn>

  init() {
    precondition(cs_open(CS_ARCH_X86, CS_MODE_64, &handle) == CS_ERR_OK)
    instruction = cs_malloc(handle)
  }

  deinit {
    cs_free(instruction, 1)
    cs_close(&handle)
  }

  /// Capstone's reading, with the mnemonic in our spelling.
  func read(_ bytes: [UInt8]) -> Reading {
    bytes.withUnsafeBufferPointer { buffer in
      var code = buffer.baseAddress
      var size = buffer.count
      var address: UInt64 = 0x1000
      guard cs_disasm_iter(handle, &code, &size, &address, instruction) else {
        return Reading(mnemonic: nil, length: 0)
      }
      let text = withUnsafePointer(to: instruction.pointee.mnemonic) {
        $0.withMemoryRebound(to: CChar.self, capacity: 32) { String(cString: $0) }
      }
      return Reading(mnemonic: bareMnemonic(text), length: Int(instruction.pointee.size))
    }
  }
}

/// Recast's reading, with the mnemonic spelled as Capstone spells it, or why it refuses.
func recastReading(_ bytes: [UInt8]) -> (Reading, DecodeError?) {
  bytes.withUnsafeBufferPointer { buffer in
    do throws(DecodeError) {
      let i = try Decoder.decode(buffer.baseAddress!, available: buffer.count, at: 0x1000)
      return (Reading(mnemonic: capstoneSpelling(i), length: Int(i.length)), nil)
    } catch {
      return (Reading(mnemonic: nil, length: 0), error)
    }
  }
}

private let conditions = [
  "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g",
]
private let predicates = ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"]

private let wide =
  predicates + [
    "eq_uq", "nge", "ngt", "false", "neq_oq", "ge", "gt", "true", "eq_os", "lt_oq", "le_oq",
    "unord_s", "neq_us", "nlt_uq", "nle_uq", "ord_s", "eq_us", "nge_uq", "ngt_uq", "false_os",
    "neq_os", "ge_oq", "gt_oq", "true_us",
  ]

func capstoneSpelling(_ i: Instruction) -> String {
  let name = i.operation.name.description
  switch i.operation {
  case .jcc: return "j" + conditions[Int(i.condition.rawValue)]
  case .setcc: return "set" + conditions[Int(i.condition.rawValue)]
  case .cmovcc: return "cmov" + conditions[Int(i.condition.rawValue)]
  case .movs, .cmps, .stos, .lods, .scas: return name + ["", "b", "w", "", "d", "", "", "", "q"][Int(i.size)]
  case .pushf, .popf: return i.size == 8 ? name + "q" : name
  case .jrcxz: return i.prefixes.contains(.addressSize) ? "jecxz" : "jrcxz"
  case .cmpps where i.immediate < 8, .cmppd where i.immediate < 8, .cmpss where i.immediate < 8,
    .cmpsd where i.immediate < 8:
    return "cmp" + predicates[Int(i.immediate & 7)] + name.dropFirst(3)
  case .vcmpps where i.immediate < 32, .vcmppd where i.immediate < 32,
    .vcmpss where i.immediate < 32, .vcmpsd where i.immediate < 32:
    return "vcmp" + wide[Int(i.immediate & 31)] + name.dropFirst(4)
  default: return name
  }
}

/// Capstone's other names for one mnemonic of ours.
private let synonyms: [String: String] = [
  "movabs": "mov", "sal": "shl", "retf": "ret", "retfq": "ret", "outsb": "outs", "outsw": "outs",
  "outsd": "outs", "insb": "ins", "insw": "ins", "insd": "ins", "iretd": "iret", "iretq": "iret",
  "lcall": "call", "ljmp": "jmp", "ud2b": "ud1", "wait": "fwait", "fcompi": "fcomip",
  "fucompi": "fucomip", "xlatb": "xlat", "fstpnce": "fstp",
  "feni8087_nop": "fnop", "fdisi8087_nop": "fnop", "fsetpm": "fnop", "fxsave64": "fxsave",
  "fxrstor64": "fxrstor", "xsave64": "xsave", "xrstor64": "xrstor", "xsaveopt64": "xsaveopt",
  "xsavec64": "xsavec",
]

/// Capstone's mnemonic without the repeat and lock words in front of it, in our spelling.
func bareMnemonic(_ text: String?) -> String? {
  guard let word = text?.split(separator: " ").last.map(String.init) else { return nil }
  return synonyms[word] ?? word
}
