import CCapstone
import Foundation
import Testing
import X86

/// Bytes after the opcode: any will do, but they must not look like something special.
private let tail: [UInt8] = [
  0x11, 0x22, 0x03, 0x44, 0x55, 0x66, 0x77, 0x08, 0x19, 0x2a, 0x3b,
]

private struct Comparison {
  let capstone = SecondOpinion()
  var total = 0
  var settled = 0
  var open: [String: String] = [:]

  mutating func compare(_ bytes: [UInt8]) {
    total += 1
    let (ours, refusal) = recastReading(bytes)
    let theirs = capstone.read(bytes)
    if ours == theirs { return }
    if isAdjudicated(bytes, ours, refusal, theirs, capstone) {
      settled += 1
      return
    }
    let key = "\(ours.mnemonic ?? "refused") against \(theirs.mnemonic ?? "refused")"
    open[key] =
      bytes.map { String(format: "%02x", $0) }.joined(separator: " ")
      + ", lengths \(ours.length) and \(theirs.length)"
  }
}

private func decode(_ bytes: [UInt8], at address: UInt64 = 0x1000) throws -> Instruction {
  try bytes.withUnsafeBufferPointer {
    try Decoder.decode($0.baseAddress!, available: $0.count, at: address)
  }
}

@Suite struct `Decoder against Capstone` {
  @Test func `every legacy opcode with every ModRM byte reads the same`() {
    var comparison = Comparison()
    let prefixes: [[UInt8]] = [[], [0x66], [0xf2], [0xf3], [0x48], [0x66, 0x48]]
    let maps: [[UInt8]] = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]]
    let notOpcodes: Set<UInt8> = [
      0x0f, 0xc4, 0xc5, 0x62, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x64, 0x65, 0x26, 0x2e, 0x36, 0x3e,
    ]
    for map in maps {
      for prefix in prefixes {
        for opcode in UInt8.min...UInt8.max {
          if map.isEmpty && (notOpcodes.contains(opcode) || opcode & 0xf0 == 0x40) { continue }
          if map.count == 1 && (opcode == 0x38 || opcode == 0x3a) { continue }
          for modrm in UInt8.min...UInt8.max {
            comparison.compare(prefix + map + [opcode, modrm] + tail)
          }
        }
      }
    }
    #expect(comparison.open == [:])
  }

  @Test func `every VEX opcode reads the same`() {
    var comparison = Comparison()
    for third in UInt8.min...UInt8.max where third & 0x78 == 0x78 || third & 0x78 == 0x50 {
      for map in UInt8(1)...3 {
        for opcode in UInt8.min...UInt8.max {
          for modrm in stride(from: UInt8(1), to: 255, by: 5) {
            comparison.compare([0xc4, 0xe0 | map, third, opcode, modrm] + tail)
          }
        }
      }
    }
    #expect(comparison.open == [:])
  }

  /// RECAST_RANDOM_DECODES strings (100,000) from the seed RECAST_SEED (1): half of them anything, half
  /// prefixes, an escape and anything.
  @Test func `random bytes read the same`() {
    var comparison = Comparison()
    func setting(_ name: String) -> UInt64? {
      ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }
    var state = setting("RECAST_SEED") ?? 1
    func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
    let prefixes: [UInt8] = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x64, 0x2e, 0x48, 0x41, 0x4f, 0x40]
    let escapes: [[UInt8]] = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a], [0xc4], [0xc5], [0x62]]
    var bytes = [UInt8](repeating: 0, count: 16)
    for n in 0..<(setting("RECAST_RANDOM_DECODES") ?? 100_000) {
      let (low, high) = (next(), next())
      for k in 0..<8 {
        bytes[k] = UInt8(truncatingIfNeeded: low >> (8 * UInt64(k)))
        bytes[8 + k] = UInt8(truncatingIfNeeded: high >> (8 * UInt64(k)))
      }
      if n & 1 == 1 {
        let choice = next()
        var k = 0
        while k < Int(choice & 3) {
          bytes[k] = prefixes[Int(choice >> (8 * UInt64(k) + 8) & 0xff) % prefixes.count]
          k += 1
        }
        for byte in escapes[Int(choice >> 40 & 0xff) % escapes.count] {
          bytes[k] = byte
          k += 1
        }
      }
      comparison.compare(bytes)
    }
    #expect(comparison.open == [:])
  }
}

@Suite struct `Decoding` {
  @Test func `a relative branch's target is absolute`() throws {
    let i = try decode([0xe8, 0xfb, 0xff, 0xff, 0xff])
    #expect(i.operation == .call && i.target == 0x1000 && i.operands.0.kind == .relative)
  }

  @Test func `RIP-relative displacement is the address`() throws {
    let i = try decode([0x48, 0xc7, 0x05, 0x10, 0, 0, 0, 1, 0, 0, 0])
    #expect(i.base == Instruction.instructionPointer && i.displacement == 0x101b)
    #expect(i.immediate == 1 && i.size == 8)
  }

  @Test func `REX counts only right before the opcode`() throws {
    #expect(try decode([0x48, 0x66, 0x89, 0xd8]).size == 2)
    #expect(try decode([0x66, 0x48, 0x89, 0xd8]).size == 8)
  }

  @Test func `high bytes exist only without REX`() throws {
    #expect(try decode([0x88, 0xe0]).operands.1 == Operand(.highByte, 0, size: 1))
    #expect(try decode([0x40, 0x88, 0xe0]).operands.1 == Operand(.gpr, 4, size: 1))
  }

  @Test func `F2 and F3 win over 66`() throws {
    #expect(try decode([0x66, 0xf2, 0x0f, 0x58, 0xc1]).operation == .addsd)
    #expect(try decode([0x66, 0xf3, 0x0f, 0xb8, 0xc1]).size == 2)
  }

  @Test func `SIB without base or index`() throws {
    let i = try decode([0x8b, 0x04, 0x25, 0x78, 0x56, 0x34, 0x12])
    #expect(i.base == Instruction.noRegister && i.index == Instruction.noRegister)
    #expect(i.displacement == 0x1234_5678)
    #expect(try decode([0x42, 0x8b, 0x04, 0x20]).index == 12)
  }

  @Test func `ENTER packs both immediates`() throws {
    #expect(try decode([0xc8, 0x34, 0x92, 0x05]).immediate == 0x59234)
  }

  @Test func `LOCK needs a memory destination`() throws {
    #expect(try decode([0xf0, 0x01, 0x03]).prefixes.contains(.lock))
    #expect(throws: DecodeError.invalid) { try decode([0xf0, 0x01, 0xc3]) }
    #expect(throws: DecodeError.invalid) { try decode([0xf0, 0x8b, 0x03]) }
  }

  @Test func `AVX-512 is decoded to its length`() throws {
    let register = try decode([0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc0])
    #expect(register.operation == .evex && register.length == 6)
    // vpternlogd zmm0, zmm1, [rax + 4 * rcx + 64], 0x96
    #expect(try decode([0x62, 0xf3, 0x75, 0x48, 0x25, 0x44, 0x88, 1, 0x96]).length == 9)
    // vmovdqu64 zmm0, [rip + 16]
    #expect(try decode([0x62, 0xf1, 0xfe, 0x48, 0x6f, 0x05, 16, 0, 0, 0]).length == 10)
    #expect(throws: DecodeError.invalid) { try decode([0x66, 0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc0]) }
  }

  @Test func `mask instructions are named and decoded to their length`() throws {
    // kmovd eax, k0
    let move = try decode([0xc5, 0xfb, 0x93, 0xc0])
    #expect(move.operation == .kmovd && move.length == 4 && move.operandCount == 0)
    // kmovq k1, rcx; kmovw [rip + 16], k1; kortestd k1, k2; kandb k1, k2, k3; kshiftlq k1, k2, 3
    #expect(try decode([0xc4, 0xe1, 0xfb, 0x92, 0xc9]).operation == .kmovq)
    #expect(try decode([0xc5, 0xf8, 0x91, 0x0d, 16, 0, 0, 0]).length == 8)
    #expect(try decode([0xc4, 0xe1, 0xf9, 0x98, 0xca]).operation == .kortestd)
    #expect(try decode([0xc5, 0xed, 0x41, 0xcb]).operation == .kandb)
    #expect(try decode([0xc4, 0xe3, 0xf9, 0x33, 0xca, 3]).length == 6)
    // VEX.vvvv of a move, and VEX.L
    #expect(throws: DecodeError.invalid) { try decode([0xc5, 0xeb, 0x93, 0xc0]) }
    #expect(throws: DecodeError.invalid) { try decode([0xc5, 0xff, 0x93, 0xc0]) }
  }

  @Test func `refusals say why`() {
    #expect(throws: DecodeError.truncated) { try decode([0x48]) }
    #expect(throws: DecodeError.truncated) { try decode([0xe8, 1, 2, 3]) }
    #expect(throws: DecodeError.tooLong) { try decode([UInt8](repeating: 0x66, count: 16)) }
    #expect(throws: DecodeError.unsupported) { try decode([0x8f, 0xe9, 0x78, 0x80, 0xc0]) }
    #expect(throws: DecodeError.invalid) { try decode([0x06]) }
  }
}
