import Foundation
import OracleSupport
import Testing

/// RECAST_CASES cases a form (300), from the seed RECAST_SEED (1).
func setting(_ name: String, _ standard: Int) -> Int {
  ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? standard
}

extension Generator {
  /// Numbers that meet, edges, and patterns that are no numbers.
  mutating func extended() -> Extended {
    let significand = next()
    let sign: UInt16 = below(2) == 0 ? 0 : 0x8000
    switch below(16) {
    case 0: return Extended(significand: 0, signExponent: sign)
    case 1: return Extended(significand: 1 << 63, signExponent: sign | 0x7fff)
    case 2: return Extended(significand: significand | 1 << 63, signExponent: sign | 0x7fff)
    case 3: return Extended(significand: significand, signExponent: sign)
    case 4: return Extended(significand: significand, signExponent: sign | UInt16(below(0x8000)))
    case 5:
      return Extended(significand: significand | 1 << 63, signExponent: sign | UInt16(below(0x8000)))
    case 6:
      let shift = UInt64(below(64))
      return Extended(significand: ~0 << shift, signExponent: sign | 0x3fff + UInt16(below(70)))
    case 7: return Extended(significand: 1 << 63, signExponent: sign | 0x3fff + UInt16(below(4)))
    case 8:
      let edge: UInt16 = below(2) == 0 ? 1 + UInt16(below(70)) : 0x7ffe - UInt16(below(4))
      return Extended(significand: significand | 1 << 63, signExponent: sign | edge)
    default:
      let near = 0x3fff - 20 + UInt16(below(90))
      return Extended(significand: significand | 1 << 63, signExponent: sign | near)
    }
  }
}

/// Each test takes the processor's state for itself.
@Suite(.serialized, .enabled(if: oracle_available() != 0)) struct `Stepped meanings` {
  private func agree(_ forms: [[UInt8]], full: Bool = true, status: UInt16 = 0xffff) throws {
    var oracle = try SteppedOracle(seed: UInt64(setting("RECAST_SEED", 1)))
    var differing: [String: Int] = [:]
    for bytes in forms {
      let name = bytes.map { String($0, radix: 16) }.joined(separator: " ")
      for _ in 0..<setting("RECAST_CASES", 300) {
        let values = (0..<8).map { _ in oracle.generator.extended() }
        let image = oracle.image(values, full: full)
        let (native, evaluated) = try oracle.run(bytes, image)
        let found = SteppedOracle.differences(native, evaluated, status: status)
        if found.isEmpty { continue }
        differing[name, default: 0] += 1
        if differing[name]! <= 2 {
          let control = String(image[1], radix: 16)
          Issue.record(
            "\(name) [control \(control)] \(values[0]) \(values[1]): \(found.joined(separator: "; "))")
        }
      }
    }
    #expect(differing.isEmpty)
  }

  /// Register forms with ST(0), ST(1), ST(5); memory forms with [rbx].
  @Test(arguments: [0xd8, 0xdc, 0xde] as [UInt8])
  func `agree on x87 arithmetic`(opcode: UInt8) throws {
    var forms: [[UInt8]] = []
    for digit in UInt8(0)..<8 where digit & 6 != 2 || opcode == 0xd8 {
      forms.append([opcode, digit << 3 | 3])
      for register: UInt8 in [0, 1, 5] { forms.append([opcode, 0xc0 | digit << 3 | register]) }
    }
    try agree(forms)
    try agree(forms, full: false)
  }

  @Test func `agree on x87 integers in memory`() throws {
    try agree((UInt8(0)..<8).map { [0xda, $0 << 3 | 3] })
    try agree([[0xdb, 0x03], [0xdf, 0x03], [0xdf, 0x2b]])
    try agree([[0xdb, 0x0b], [0xdb, 0x13], [0xdb, 0x1b], [0xdf, 0x0b], [0xdf, 0x13], [0xdf, 0x1b]])
    try agree([[0xdd, 0x0b], [0xdf, 0x3b], [0xdf, 0x33]])
  }

  @Test func `agree on x87 loads and stores`() throws {
    try agree([[0xd9, 0x03], [0xdd, 0x03], [0xdb, 0x2b], [0xd9, 0xc3], [0xd9, 0xc9]], full: false)
    try agree([[0xd9, 0x13], [0xd9, 0x1b], [0xdd, 0x13], [0xdd, 0x1b], [0xdb, 0x3b], [0xdd, 0xd2]])
  }

  @Test func `agree on x87 unary instructions`() throws {
    try agree([
      [0xd9, 0xe0], [0xd9, 0xe1], [0xd9, 0xe4], [0xd9, 0xe5], [0xd9, 0xf4], [0xd9, 0xf5],
      [0xd9, 0xf8], [0xd9, 0xfa], [0xd9, 0xfc], [0xd9, 0xfd], [0xd9, 0xf6], [0xd9, 0xf7],
    ])
  }

  @Test func `agree on x87 constants and comparisons`() throws {
    try agree((UInt8(0xe8)...0xee).map { [0xd9, $0] })
    try agree([[0xdd, 0xe1], [0xda, 0xe9]])
    // The manual clears C1, some processors leave it.
    try agree([[0xdb, 0xe9], [0xdb, 0xf1], [0xdf, 0xe9], [0xdf, 0xf1]], status: 0xfdff)
    try agree((UInt8(0)..<4).flatMap { [[0xda, 0xc1 | $0 << 3], [0xdb, 0xc1 | $0 << 3]] })
  }

  /// mm0 with mm1 and with [rbx].
  @Test func `agree on MMX`() throws {
    var forms: [[UInt8]] = [[0x0f, 0x77]]
    let plain: [ClosedRange<UInt8>] = [
      0x60...0x6b, 0x6e...0x6f, 0x74...0x76, 0x7e...0x7f, 0xd1...0xd5, 0xd8...0xdf, 0xe0...0xe5,
      0xe8...0xef, 0xf1...0xf6, 0xf8...0xfe,
    ]
    for opcode in plain.joined() { forms += [[0x0f, opcode, 0xc1], [0x0f, opcode, 0x03]] }
    for opcode in [UInt8](0...0x0b) + [0x1c, 0x1d, 0x1e] {
      forms += [[0x0f, 0x38, opcode, 0xc1], [0x0f, 0x38, opcode, 0x03]]
    }
    for count: UInt8 in [0, 1, 7, 12, 31, 40, 64, 200] {
      forms += [[0x0f, 0x3a, 0x0f, 0xc1, count], [0x0f, 0x70, 0xc1, count]]
      for opcode in UInt8(0x71)...0x73 {
        for digit: UInt8 in [2, 4, 6] where opcode != 0x73 || digit != 4 {
          forms.append([0x0f, opcode, 0xc0 | digit << 3, count])
        }
      }
      forms += [[0x0f, 0xc4, 0xc1, count], [0x0f, 0xc4, 0x03, count], [0x0f, 0xc5, 0xc1, count]]
    }
    forms += [
      [0x48, 0x0f, 0x6e, 0xc1], [0x48, 0x0f, 0x7e, 0xc1], [0x0f, 0xd7, 0xc1], [0x0f, 0xe7, 0x03],
      [0xf3, 0x0f, 0xd6, 0xc1], [0xf2, 0x0f, 0xd6, 0xc1],
    ]
    try agree(forms, full: false)
  }

  /// Numbers that convert exactly or not, but rounded to nearest.
  @Test func `agree on MMX conversions`() throws {
    try agree(
      [
        [0x0f, 0x2a, 0xc1], [0x66, 0x0f, 0x2a, 0xc1], [0x0f, 0x2a, 0x03], [0x66, 0x0f, 0x2a, 0x03],
        [0x0f, 0x2c, 0xc1], [0x66, 0x0f, 0x2c, 0xc1], [0x0f, 0x2d, 0x03], [0x66, 0x0f, 0x2d, 0x03],
        [0x0f, 0x2d, 0xc1], [0x66, 0x0f, 0x2d, 0xc1],
      ], full: false)
  }

  @Test func `agree on AES, carry-less products and SHA`() throws {
    var forms: [[UInt8]] = []
    for opcode: UInt8 in 0xdb...0xdf {
      forms += [[0x66, 0x0f, 0x38, opcode, 0xc1], [0x66, 0x0f, 0x38, opcode, 0x03]]
    }
    for opcode: UInt8 in 0xc8...0xcd {
      forms += [[0x0f, 0x38, opcode, 0xd1], [0x0f, 0x38, opcode, 0x13]]
    }
    for constant: UInt8 in [0, 1, 2, 3, 0x10, 0x11, 0xfe] {
      forms += [
        [0x66, 0x0f, 0x3a, 0xdf, 0xc1, constant], [0x66, 0x0f, 0x3a, 0x44, 0xc1, constant],
        [0x0f, 0x3a, 0xcc, 0xd1, constant],
      ]
    }
    try agree(forms)
  }
}
