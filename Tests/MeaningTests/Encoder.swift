/// SplitMix64: the same numbers on every machine for one seed.
struct Generator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
  mutating func below(_ n: Int) -> Int { Int(next() % UInt64(n)) }
  mutating func chance(_ oneIn: Int) -> Bool { below(oneIn) == 0 }
  mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }

  /// A value at the edges more often than chance would have it.
  mutating func value() -> UInt64 {
    switch below(8) {
    case 0: return UInt64(below(70))
    case 1: return 0 &- UInt64(below(70))
    case 2: return 1 << UInt64(below(64))
    case 3: return (1 << UInt64(below(64))) &- 1
    case 4: return ~(1 << UInt64(below(64)))
    case 5: return next() >> UInt64(below(64))
    default: return next()
    }
  }
}

/// A case's code and how its registers must be set to reach the window.
struct Encoded {
  var bytes: [UInt8] = []
  /// Register → value, besides random ones.
  var pinned: [(UInt8, UInt64)] = []
}

/// The memory that both sides may touch: low enough for 32-bit displacements.
enum Window {
  static let start: UInt64 = 0x2000_0000
  static let size = 0x4000
  static let middle: UInt64 = start + 0x2000
}

/// Makes the bytes of one instruction form with random operands.
struct Encoder {
  enum Modrm { case none, digit(UInt8), register }
  enum Sizes { case byte, wide, long, only(Int) }  // 1; 2, 4, 8; 4, 8; REX.W only for 16

  var name: String
  var opcode: [UInt8]
  var modrm: Modrm = .none
  var sizes: Sizes = .wide
  var mandatory: UInt8? = nil
  /// Immediate bytes; −1: as wide as the operand, at most 4; −2: as wide as the operand.
  var immediate = 0
  var lock = false
  var memoryOnly = false
  var registerOnly = false
  /// `+r` forms: the register is in the opcode's last byte.
  var registerInOpcode = false
  /// VEX: (mmmmm, pp).
  var vex: (UInt8, UInt8)? = nil
  var repeats = false
  var addressSize = false
  /// The offset is in a register and reaches beyond the operand (BT and kin).
  var bitOffset = false
  var prepare: (@Sendable (inout Generator) -> [(UInt8, UInt64)])? = nil

  func encode(_ g: inout Generator) -> Encoded {
    var result = Encoded()
    let size: Int
    switch sizes {
    case .byte: size = 1
    case .wide: size = g.pick([2, 4, 8])
    case .long: size = g.pick([4, 8])
    case .only(let n): size = n
    }
    var rex: UInt8 = 0
    if size == 16 { rex |= 0x48 }
    if size == 8, case .only = sizes {} else if size == 8 { rex |= 0x48 }
    var prefixes: [UInt8] = []
    if size == 2 { prefixes.append(0x66) }
    if repeats { prefixes += g.pick([[], [0xf3], [0xf2]]) }
    if addressSize && g.chance(4) { prefixes.append(0x67) }

    var tail: [UInt8] = []
    var reg = UInt8(g.below(16))
    var fields: (r: Bool, x: Bool, b: Bool) = (false, false, false)
    var opcode = opcode
    var isMemory = false
    if registerInOpcode {
      opcode[opcode.count - 1] |= reg & 7
      fields.b = reg >= 8
    } else if hasModrm {
      if case .digit(let digit) = modrm { reg = digit }
      fields.r = reg >= 8
      isMemory = memoryOnly || (!registerOnly && g.chance(2))
      if isMemory {
        appendMemory(&g, reg, &tail, &fields, &result)
      } else {
        let rm = UInt8(g.below(16))
        fields.b = rm >= 8
        tail.append(0xc0 | (reg & 7) << 3 | rm & 7)
      }
    }
    rex |= (fields.r ? 0x44 : 0) | (fields.x ? 0x42 : 0) | (fields.b ? 0x41 : 0)
    if size == 1, g.chance(3) { rex |= 0x40 }
    if lock && isMemory && g.chance(2) { prefixes.append(0xf0) }
    if let prepare { result.pinned += prepare(&g) }

    if let (map, pp) = vex {
      let v = UInt8(g.below(16))
      // RORX has no third register.
      let vvvv: UInt8 = name == "rorx" ? 15 : ~v & 15
      let first: UInt8 = (fields.r ? 0 : 0x80) | (fields.x ? 0 : 0x40) | (fields.b ? 0 : 0x20) | map
      result.bytes = [0xc4, first, (size == 8 ? 0x80 : 0) | vvvv << 3 | pp] + opcode + tail
    } else {
      result.bytes = prefixes + (mandatory.map { [$0] } ?? []) + (rex != 0 ? [rex | 0x40] : [])
        + opcode + tail
    }
    var bytes = immediate
    if immediate == -1 { bytes = min(size, 4) }
    if immediate == -2 { bytes = size }
    let value = g.value()
    for n in 0..<max(bytes, 0) {
      result.bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * n)))
    }
    return result
  }

  var hasModrm: Bool { if case .none = modrm { return false } else { return true } }

  /// `[base + index * scale + disp]` within the window, or `[disp32]`.
  private func appendMemory(
    _ g: inout Generator, _ reg: UInt8, _ tail: inout [UInt8],
    _ fields: inout (r: Bool, x: Bool, b: Bool), _ result: inout Encoded
  ) {
    let target = Window.middle &+ UInt64(g.below(64))
    let field = (reg & 7) << 3
    if g.chance(8) {
      tail += [field | 4, 0x25] + (0..<4).map { UInt8(truncatingIfNeeded: target >> UInt64(8 * $0)) }
      return
    }
    let displacement = Int64(g.pick([0, 8, -8, 127, -128, 300, -300]))
    let wide = displacement > 127 || displacement < -128
    var base = UInt8(g.below(16))
    while base == 4 { base = UInt8(g.below(16)) }
    fields.b = base >= 8
    let mode: UInt8 = wide ? 0x80 : 0x40
    var start = target &- UInt64(bitPattern: displacement)
    if g.chance(3) || base == 12 {
      var index = UInt8(g.below(16))
      while index == 4 || index == base { index = UInt8(g.below(16)) }
      fields.x = index >= 8
      let scale = UInt64(g.below(4))
      let amount = UInt64(bitPattern: Int64(g.below(64) - 32))
      start = start &- (amount << scale)
      tail += [mode | field | 4, UInt8(scale) << 6 | (index & 7) << 3 | base & 7]
      result.pinned.append((index, amount))
    } else {
      tail.append(mode | field | base & 7)
    }
    result.pinned.append((base, start))
    if bitOffset && reg != base && g.chance(4) == false {
      result.pinned.append((reg, UInt64(bitPattern: Int64(g.below(8192) - 4096))))
    }
    for n in 0..<(wide ? 4 : 1) {
      tail.append(UInt8(truncatingIfNeeded: displacement >> Int64(8 * n)))
    }
  }
}
