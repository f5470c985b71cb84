import Foundation

/// A row of the encoding table with vector operands, and how to make cases of it.
struct VectorRow {
  var name: String
  var encoding: [String]
  var operands: [String]
  var attributes: String

  var isVEX: Bool { encoding.contains { $0.hasPrefix("VEX.") } }

  /// The rows of all tables in which a vector register takes part.
  static func all() throws -> [VectorRow] {
    let tables = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Lifters/X86/Table")
    var rows: [VectorRow] = []
    for file in ["sse", "sse2", "ssse3-sse4", "aes", "avx"] {
      let text = try String(
        contentsOf: tables.appendingPathComponent("\(file).txt"), encoding: .utf8)
      for line in text.split(separator: "\n") {
        let row = line.prefix { $0 != "#" }
        let fields = row.split(separator: "|", omittingEmptySubsequences: false)
          .map { $0.trimmingCharacters(in: .whitespaces) }
        guard fields.count >= 3 else { continue }
        let operands = fields[2].split(separator: " ").map { operand in
          String(operand.prefix { $0 != ":" })
        }
        // MMX registers are not in the oracle's state.
        if operands.contains(where: { "PQN".contains($0.first!) }) { continue }
        rows.append(
          VectorRow(
            name: fields[0], encoding: fields[1].split(separator: " ").map(String.init),
            operands: operands, attributes: fields.count > 3 ? fields[3] : ""))
      }
    }
    return rows
  }

  struct Case {
    var encoded = Encoded()
    /// Vector registers whose lanes are indices or masks: number, then four words.
    var vectors: [(Int, [UInt64])] = []
  }

  /// One case; `wide` chooses 256 bits where the row allows it.
  func encode(_ g: inout Generator, wide: Bool) -> Case {
    var result = Case()
    var mandatory: UInt8? = nil
    var (w, l, map) = (false, wide, UInt8(0))
    var opcode: [UInt8] = []
    var digit: UInt8? = nil
    // Once the map is known, 66, F2 and F3 are opcodes.
    for token in encoding.flatMap({ $0.split(separator: ".").map(String.init) }) {
      switch token {
      case "66" where map == 0, "F3" where map == 0, "F2" where map == 0:
        mandatory = UInt8(token, radix: 16)
      case "W0": w = false
      case "W1": w = true
      case "128", "L0": l = false
      case "256": l = true
      case "0F" where map == 0: map = 1
      case "0F38": map = 2
      case "0F3A": map = 3
      case "VEX", "NP", "NFx", "LIG", "WIG", "/r": break
      default:
        if token.hasPrefix("/") {
          digit = UInt8(token.dropFirst())
        } else {
          opcode.append(UInt8(token, radix: 16)!)
        }
      }
    }
    if operands.contains(where: { $0.hasSuffix("y") }) && g.chance(2) { w = true }

    let isGather = name.contains("gather")
    var numbers = (reg: UInt8(g.below(16)), rm: UInt8(g.below(16)), v: UInt8(g.below(16)))
    let usesV = operands.contains { $0.hasPrefix("H") }
    let last = UInt8(g.below(16))
    if let digit { numbers.reg = digit }
    let hasModrm = operands.contains { "VWUEFTMG".contains($0.first!) }
    var tail: [UInt8] = []
    var (x, b) = (false, numbers.rm >= 8)
    let memory = operands.first { "WEFTM".contains($0.first!) }
    let registerOnly = operands.contains { $0.hasPrefix("U") }
    if hasModrm || digit != nil {
      if !registerOnly, let memory, memory.hasPrefix("M") || g.chance(3) {
        var base = UInt8(g.below(16))
        // RAX and RDX hold lengths of strings.
        while base & 7 == 4 || base == 0 || base == 2 { base = UInt8(g.below(16)) }
        b = base >= 8
        // Legacy forms and MOVA fault without alignment: half of the time there is some.
        let slack = g.chance(2) ? 0 : UInt64(g.below(64))
        let start = Window.middle &+ 64 &* UInt64(g.below(4)) &+ slack
        result.encoded.pinned.append((base, start))
        if isGather {
          let index = (numbers.reg + 1 + UInt8(g.below(14))) & 15
          numbers.v = (index + 1) & 15 == numbers.reg ? (index + 2) & 15 : (index + 1) & 15
          x = index >= 8
          tail.append(0x44 | (numbers.reg & 7) << 3)
          tail.append(UInt8(g.below(4)) << 6 | (index & 7) << 3 | base & 7)
          tail.append(8)
          let isQuad = name.contains("gatherq")
          let words = (0..<4).map { _ -> UInt64 in
            let low = UInt64(bitPattern: Int64(g.below(200) - 100))
            let high = UInt64(bitPattern: Int64(g.below(200) - 100))
            return isQuad ? low : low & 0xffff_ffff | high << 32
          }
          result.vectors.append((Int(index), words))
        } else {
          tail += [0x40 | (numbers.reg & 7) << 3 | base & 7, 0]
        }
      } else {
        tail.append(0xc0 | (numbers.reg & 7) << 3 | numbers.rm & 7)
      }
    }
    let r = digit == nil && numbers.reg >= 8
    if isVEX {
      let pp: UInt8 = mandatory == 0x66 ? 1 : mandatory == 0xf3 ? 2 : mandatory == 0xf2 ? 3 : 0
      let vvvv: UInt8 = usesV ? ~numbers.v & 15 : 15
      result.encoded.bytes = [
        0xc4, (r ? 0 : 0x80) | (x ? 0 : 0x40) | (b ? 0 : 0x20) | map,
        (w ? 0x80 : 0) | vvvv << 3 | (l ? 4 : 0) | pp,
      ]
    } else {
      let rex: UInt8 = (w ? 8 : 0) | (r ? 4 : 0) | (b ? 1 : 0)
      result.encoded.bytes = (mandatory.map { [$0] } ?? []) + (rex != 0 ? [0x40 | rex] : [])
        + [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][Int(map)]
    }
    result.encoded.bytes += opcode + tail
    if operands.last?.hasPrefix("I") == true { result.encoded.bytes.append(UInt8(g.below(256))) }
    if operands.last?.hasPrefix("L") == true { result.encoded.bytes.append(last << 4) }
    if name.contains("maskmovdqu") { result.encoded.pinned.append((7, Window.middle)) }
    if name.contains("pcmpestr") {
      result.encoded.pinned += [0, 2].map { ($0, UInt64(bitPattern: Int64(g.below(40) - 20))) }
    }
    return result
  }
}

extension Generator {
  /// A register's four words for instructions of `name`: special numbers of its format mostly.
  mutating func vectorWords(_ name: String) -> [UInt64] {
    let single = ["ps", "ss"].contains { name.hasSuffix($0) } || name.contains("ps2") || name.contains("ss2")
    let double = ["pd", "sd"].contains { name.hasSuffix($0) } || name.contains("pd2") || name.contains("sd2")
    if name.contains("ph2") {
      return (0..<4).map { _ in (0..<4).reduce(UInt64(0)) { sum, _ in sum << 16 | half() } }
    }
    if single { return (0..<4).map { _ in UInt64(singlePattern()) | UInt64(singlePattern()) << 32 } }
    if double { return (0..<4).map { _ in doublePattern() } }
    switch below(6) {
    case 0: return (0..<4).map { _ in UInt64(below(80)) }
    case 1: return (0..<4).map { _ in UInt64(below(40)) | UInt64(below(40)) << 32 }
    case 2:
      return (0..<4).map { _ in
        (0..<8).reduce(UInt64(0)) { sum, _ in sum << 8 | pick([0, 1, 0x7f, 0x80, 0xff, 0x0f]) }
      }
    case 3: return (0..<4).map { _ in value() }
    default: return (0..<4).map { _ in next() }
    }
  }

  mutating func half() -> UInt64 {
    let specials: [UInt64] = [0, 1, 0x3ff, 0x400, 0x3c00, 0x7bff, 0x7c00, 0x7c01, 0x7e00, 0x7fff]
    return (chance(2) ? pick(specials) : next() & 0x7fff) | (next() & 1) << 15
  }

  mutating func singlePattern() -> UInt32 {
    let specials: [UInt32] = [
      0, 1, 0x7f_ffff, 0x80_0000, 0x3f80_0000, 0x3f80_0001, 0x7f7f_ffff, 0x7f80_0000, 0x7f80_0001,
      0x7fc0_0000, 0x7fff_ffff, 0x4f00_0000, 0x4eff_ffff, 0x5f00_0000, 0x3f00_0000, 0x3fc0_0000,
      0x4020_0000, 0x477f_f000, 0x477f_efff, 0x3880_0000, 0x3300_0000, 0x3300_0001, 0x387f_ffff,
    ]
    let sign = UInt32(truncatingIfNeeded: next() & 1) << 31
    switch below(4) {
    case 0: return pick(specials) | sign
    case 1: return UInt32(truncatingIfNeeded: next())
    case 2: return Float(Int64(below(2000) - 1000)).bitPattern ^ UInt32(below(2))
    // Exponents close to each other, where sums cancel.
    default: return sign | UInt32(120 + below(16)) << 23 | UInt32(truncatingIfNeeded: next() >> 41)
    }
  }

  mutating func doublePattern() -> UInt64 {
    let specials: [UInt64] = [
      0, 1, 0xf_ffff_ffff_ffff, 0x10_0000_0000_0000, 0x3ff0_0000_0000_0000, 0x3ff0_0000_0000_0001,
      0x7fef_ffff_ffff_ffff, 0x7ff0_0000_0000_0000, 0x7ff0_0000_0000_0001, 0x7ff8_0000_0000_0000,
      0x7fff_ffff_ffff_ffff, 0x41e0_0000_0000_0000, 0x41df_ffff_ffc0_0000, 0x43e0_0000_0000_0000,
      0x3fe0_0000_0000_0000, 0x3ff8_0000_0000_0000, 0x4004_0000_0000_0000, 0x47ef_ffff_f000_0000,
      0x36a0_0000_0000_0000, 0x3690_0000_0000_0000, 0x3800_0000_0000_0000,
    ]
    let sign = (next() & 1) << 63
    switch below(4) {
    case 0: return pick(specials) | sign
    case 1: return next()
    case 2: return Double(Int64(below(2000) - 1000)).bitPattern ^ UInt64(below(2))
    default: return sign | UInt64(1015 + below(16)) << 52 | next() >> 12
    }
  }
}
