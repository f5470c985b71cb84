import Foundation
import OracleSupport
import Testing
import X86

/// RECAST_CASES cases a form (300), from the seed RECAST_SEED (1).
private func setting(_ name: String, _ standard: Int) -> Int {
  ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? standard
}

private let processorIsX86 = oracle_available() != 0

/// One processor state, one window: the tests take turns.
@Suite(.serialized, .enabled(if: processorIsX86)) struct `Integer meanings` {
  @Test func `agree with this processor on random and edge cases`() throws {
    var oracle = try Oracle(seed: UInt64(setting("RECAST_SEED", 1)))
    let cases = setting("RECAST_CASES", 300)
    var differing: [String: Int] = [:]
    for form in integerForms() {
      for _ in 0..<cases {
        let encoded = form.encode(&oracle.generator)
        guard let difference = oracle.check(encoded) else { continue }
        differing[form.name, default: 0] += 1
        if differing[form.name]! <= 3 { Issue.record("\(form.name): \(difference)") }
      }
    }
    #expect(differing.isEmpty, "of \(oracle.cases) cases")
  }

  @Test(arguments: [
    ("add", 0x00), ("or", 0x08), ("adc", 0x10), ("sbb", 0x18), ("and", 0x20), ("sub", 0x28),
    ("xor", 0x30), ("cmp", 0x38),
  ] as [(String, UInt8)])
  func `agree on every pair of bytes, with and without carry`(name: String, opcode: UInt8) throws {
    let differences = try exhaust([opcode, 0xca])  // op dl, cl
    #expect(differences.isEmpty, "\(name): \(differences.first ?? "")")
  }

  /// Counts up to 255 are masked; those of 64 and more only repeat.
  @Test(arguments: UInt8(0)..<8)
  func `agree on every byte shifted by every count`(digit: UInt8) throws {
    let differences = try exhaust([0xd2, 0xc2 | digit << 3], right: 0..<64)  // op dl, cl
    #expect(differences.isEmpty, "\(differences.first ?? "")")
  }

  /// NOT, NEG, MUL, IMUL, DIV and IDIV of CL, and INC and DEC of DL.
  @Test(arguments: [[0xf6, 0xd1], [0xf6, 0xd9], [0xf6, 0xe1], [0xf6, 0xe9], [0xf6, 0xf1],
    [0xf6, 0xf9], [0xfe, 0xc2], [0xfe, 0xca]] as [[UInt8]])
  func `agree on one-operand instructions of every byte`(code: [UInt8]) throws {
    let differences = try exhaust(code)
    #expect(differences.isEmpty, "\(differences.first ?? "")")
  }

  /// RDX's and RAX's low byte run over `left`, CL over `right`, CF over both values.
  private func exhaust(_ code: [UInt8], left: Range<UInt64> = 0..<256, right: Range<UInt64> = 0..<256)
    throws -> [String]
  {
    var oracle = try Oracle(seed: 1)
    var differences: [String] = []
    for a in left {
      for b in right {
        for flags in [UInt64(0), 0x8d5] {
          var state = oracle_state()
          state.gpr.0 = a | a << 7
          state.gpr.1 = b
          state.gpr.2 = a
          state.gpr.4 = Window.middle
          state.flags = flags
          if let difference = oracle.compare(code, state, touchesMemory: false) {
            differences.append(difference)
          }
        }
      }
    }
    return differences
  }
}
