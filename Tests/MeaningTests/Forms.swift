private func pin(_ register: UInt8, _ value: UInt64) -> (UInt8, UInt64) { (register, value) }

/// Every integer form that runs straight on: what `Oracle` compares with the processor.
func integerForms() -> [Encoder] {
  var forms: [Encoder] = []
  func both(
    _ name: String, _ opcode: [UInt8], _ modrm: Encoder.Modrm = .register, immediate: Int = 0,
    lock: Bool = false, bits: Bool = false
  ) {
    for size in 0..<2 {
      var bytes = opcode
      bytes[bytes.count - 1] += UInt8(size)
      forms.append(
        Encoder(
          name: name, opcode: bytes, modrm: modrm, sizes: size == 0 ? .byte : .wide,
          immediate: immediate, lock: lock))
    }
  }
  let alu = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"]
  for (n, name) in alu.enumerated() {
    let base = UInt8(8 * n)
    let lock = name != "cmp"
    both(name, [base], lock: lock)
    both(name, [base + 2])
    both(name, [base + 4], .none, immediate: -1)
    both(name, [0x80], .digit(UInt8(n)), immediate: -1, lock: lock)
    forms.append(
      Encoder(
        name: name, opcode: [0x83], modrm: .digit(UInt8(n)), sizes: .wide, immediate: 1, lock: lock))
  }
  both("test", [0x84])
  both("test", [0xa8], .none, immediate: -1)
  both("test", [0xf6], .digit(0), immediate: -1)
  both("not", [0xf6], .digit(2), lock: true)
  both("neg", [0xf6], .digit(3), lock: true)
  both("mul", [0xf6], .digit(4))
  both("imul", [0xf6], .digit(5))
  both("div", [0xf6], .digit(6))
  both("idiv", [0xf6], .digit(7))
  for n in forms.indices where forms[n].name == "div" || forms[n].name == "idiv" {
    // Quotients that fit, half of the time.
    forms[n].prepare = { g in g.chance(2) ? [] : [pin(2, UInt64(g.below(4)))] }
  }
  both("inc", [0xfe], .digit(0), lock: true)
  both("dec", [0xfe], .digit(1), lock: true)
  for (n, name) in ["rol", "ror", "rcl", "rcr", "shl", "shr", "shl", "sar"].enumerated() {
    both(name, [0xc0], .digit(UInt8(n)), immediate: 1)
    both(name, [0xd0], .digit(UInt8(n)))
    both(name, [0xd2], .digit(UInt8(n)))
  }
  for (name, opcode) in [("shld", UInt8(0xa4)), ("shrd", UInt8(0xac))] {
    forms.append(Encoder(name: name, opcode: [0x0f, opcode], modrm: .register, immediate: 1))
    forms.append(Encoder(name: name, opcode: [0x0f, opcode + 1], modrm: .register))
  }
  forms.append(Encoder(name: "imul", opcode: [0x0f, 0xaf], modrm: .register))
  forms.append(Encoder(name: "imul", opcode: [0x69], modrm: .register, immediate: -1))
  forms.append(Encoder(name: "imul", opcode: [0x6b], modrm: .register, immediate: 1))
  both("mov", [0x88])
  both("mov", [0x8a])
  both("mov", [0xc6], .digit(0), immediate: -1)
  forms.append(
    Encoder(name: "mov", opcode: [0xb0], sizes: .byte, immediate: 1, registerInOpcode: true))
  forms.append(Encoder(name: "mov", opcode: [0xb8], immediate: -2, registerInOpcode: true))
  for (name, opcode) in [("movzx", UInt8(0xb6)), ("movsx", 0xbe)] {
    forms.append(Encoder(name: name, opcode: [0x0f, opcode], modrm: .register))
    forms.append(Encoder(name: name, opcode: [0x0f, opcode + 1], modrm: .register))
  }
  forms.append(Encoder(name: "movsxd", opcode: [0x63], modrm: .register, sizes: .long))
  forms.append(Encoder(name: "lea", opcode: [0x8d], modrm: .register, memoryOnly: true))
  both("xchg", [0x86], lock: true)
  forms.append(Encoder(name: "xchg", opcode: [0x90], registerInOpcode: true))
  for (n, name) in ["bt", "bts", "btr", "btc"].enumerated() {
    let lock = n > 0
    forms.append(
      Encoder(
        name: name, opcode: [0x0f, 0xa3 + UInt8(8 * n)], modrm: .register, lock: lock,
        bitOffset: true))
    forms.append(
      Encoder(
        name: name, opcode: [0x0f, 0xba], modrm: .digit(UInt8(4 + n)), immediate: 1, lock: lock))
  }
  forms.append(Encoder(name: "bsf", opcode: [0x0f, 0xbc], modrm: .register))
  forms.append(Encoder(name: "bsr", opcode: [0x0f, 0xbd], modrm: .register))
  forms.append(Encoder(name: "tzcnt", opcode: [0x0f, 0xbc], modrm: .register, mandatory: 0xf3))
  forms.append(Encoder(name: "lzcnt", opcode: [0x0f, 0xbd], modrm: .register, mandatory: 0xf3))
  forms.append(Encoder(name: "popcnt", opcode: [0x0f, 0xb8], modrm: .register, mandatory: 0xf3))
  forms.append(Encoder(name: "bswap", opcode: [0x0f, 0xc8], registerInOpcode: true))
  for opcode in [UInt8(0xf0), 0xf1] {
    forms.append(
      Encoder(name: "movbe", opcode: [0x0f, 0x38, opcode], modrm: .register, memoryOnly: true))
  }
  both("cmpxchg", [0x0f, 0xb0], lock: true)
  both("xadd", [0x0f, 0xc0], lock: true)
  for (name, size) in [("cmpxchg8b", 4), ("cmpxchg16b", 16)] {
    forms.append(
      Encoder(
        name: name, opcode: [0x0f, 0xc7], modrm: .digit(1), sizes: .only(size), lock: true,
        memoryOnly: true))
  }
  for condition in UInt8(0)..<16 {
    forms.append(
      Encoder(name: "setcc", opcode: [0x0f, 0x90 + condition], modrm: .digit(0), sizes: .byte))
    forms.append(Encoder(name: "cmovcc", opcode: [0x0f, 0x40 + condition], modrm: .register))
  }
  forms.append(
    Encoder(
      name: "crc32", opcode: [0x0f, 0x38, 0xf0], modrm: .register, sizes: .byte, mandatory: 0xf2))
  forms.append(Encoder(name: "crc32", opcode: [0x0f, 0x38, 0xf1], modrm: .register, mandatory: 0xf2))
  forms.append(
    Encoder(
      name: "adcx", opcode: [0x0f, 0x38, 0xf6], modrm: .register, sizes: .long, mandatory: 0x66))
  forms.append(
    Encoder(
      name: "adox", opcode: [0x0f, 0x38, 0xf6], modrm: .register, sizes: .long, mandatory: 0xf3))
  let vex: [(String, UInt8, Encoder.Modrm, UInt8, UInt8, Int)] = [
    ("andn", 0xf2, .register, 2, 0, 0), ("blsr", 0xf3, .digit(1), 2, 0, 0),
    ("blsmsk", 0xf3, .digit(2), 2, 0, 0), ("blsi", 0xf3, .digit(3), 2, 0, 0),
    ("bzhi", 0xf5, .register, 2, 0, 0), ("pext", 0xf5, .register, 2, 2, 0),
    ("pdep", 0xf5, .register, 2, 3, 0), ("mulx", 0xf6, .register, 2, 3, 0),
    ("bextr", 0xf7, .register, 2, 0, 0), ("shlx", 0xf7, .register, 2, 1, 0),
    ("sarx", 0xf7, .register, 2, 2, 0), ("shrx", 0xf7, .register, 2, 3, 0),
    ("rorx", 0xf0, .register, 3, 3, 1),
  ]
  for (name, opcode, modrm, map, pp, immediate) in vex {
    forms.append(
      Encoder(
        name: name, opcode: [opcode], modrm: modrm, sizes: .long, immediate: immediate,
        vex: (map, pp)))
  }
  forms.append(Encoder(name: "cbw", opcode: [0x98]))
  forms.append(Encoder(name: "cwd", opcode: [0x99]))
  for (name, opcode) in [
    ("clc", UInt8(0xf8)), ("stc", 0xf9), ("cmc", 0xf5), ("cld", 0xfc), ("std", 0xfd),
    ("lahf", 0x9f), ("sahf", 0x9e), ("nop", 0x90),
  ] {
    forms.append(Encoder(name: name, opcode: [opcode], sizes: .only(4)))
  }
  forms.append(Encoder(name: "push", opcode: [0x50], sizes: .only(8), registerInOpcode: true))
  forms.append(Encoder(name: "pop", opcode: [0x58], sizes: .only(8), registerInOpcode: true))
  forms.append(Encoder(name: "push", opcode: [0x50], sizes: .only(2), registerInOpcode: true))
  forms.append(Encoder(name: "pop", opcode: [0x58], sizes: .only(2), registerInOpcode: true))
  forms.append(Encoder(name: "push", opcode: [0x68], sizes: .only(8), immediate: 4))
  forms.append(Encoder(name: "push", opcode: [0x6a], sizes: .only(8), immediate: 1))
  forms.append(Encoder(name: "push", opcode: [0xff], modrm: .digit(6), sizes: .only(8)))
  forms.append(Encoder(name: "pop", opcode: [0x8f], modrm: .digit(0), sizes: .only(8)))
  forms.append(Encoder(name: "pushf", opcode: [0x9c], sizes: .only(8)))
  for segment in UInt8(0)..<6 {
    forms.append(Encoder(name: "mov.fromSegment", opcode: [0x8c], modrm: .digit(segment)))
  }
  // Registers: where UMIP makes Linux answer for it, the 32-bit form leaves the upper half as it was.
  forms.append(Encoder(name: "smsw", opcode: [0x0f, 0x01], modrm: .digit(4), memoryOnly: true))
  for (name, opcode) in [("lar", UInt8(2)), ("lsl", 3)] {
    forms.append(Encoder(name: name, opcode: [0x0f, opcode], modrm: .register))
  }
  // [rsp + 8]: the address is computed after the increment.
  forms.append(Encoder(name: "pop", opcode: [0x8f, 0x44, 0x24, 0x08], sizes: .only(8)))
  forms.append(
    Encoder(
      name: "leave", opcode: [0xc9], sizes: .only(8),
      prepare: { g in [pin(5, Window.middle &+ UInt64(g.below(256)))] }))
  forms.append(
    Encoder(
      name: "xlat", opcode: [0xd7], sizes: .only(4),
      prepare: { g in [pin(3, Window.middle &+ UInt64(g.below(256)))] }))
  forms.append(Encoder(name: "enter", opcode: [0xc8, 0x20, 0, 0], sizes: .only(8)))
  forms.append(
    Encoder(
      name: "enter", opcode: [0xc8, 0x20, 0, 3], sizes: .only(8),
      prepare: { g in [pin(5, Window.middle &+ UInt64(g.below(256)))] }))
  for (name, opcode) in [
    ("movs", UInt8(0xa4)), ("cmps", 0xa6), ("stos", 0xaa), ("lods", 0xac), ("scas", 0xae),
  ] {
    for size in 0..<2 {
      forms.append(
        Encoder(
          name: name, opcode: [opcode + UInt8(size)], sizes: size == 0 ? .byte : .wide,
          repeats: true, addressSize: true,
          prepare: { g in
            [
              pin(1, UInt64(g.below(12))), pin(6, Window.middle &+ UInt64(g.below(256))),
              pin(7, Window.middle &- UInt64(g.below(256))),
            ]
          }))
    }
  }
  return forms
}
