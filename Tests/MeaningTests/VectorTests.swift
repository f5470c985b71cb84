import Foundation
import OracleSupport
import Testing
import X86

private func setting(_ name: String, _ standard: Int) -> Int {
  ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? standard
}

/// Every vector row of the tables against the processor: RECAST_VECTOR_CASES cases a row and width
/// (60) from the seed RECAST_SEED (1). RECAST_ROWS takes rows whose name contains it.
@Suite(.serialized, .enabled(if: oracle_available() != 0)) struct `Vector meanings` {
  /// Defined only to a relative error: Tests/Data/programs/approximations.c has them.
  private static let approximate: Set<String> = [
    "rcpps", "rcpss", "rsqrtps", "rsqrtss", "vrcpps", "vrcpss", "vrsqrtps", "vrsqrtss",
  ]

  @Test func `agree with this processor on random and special lanes`() throws {
    var oracle = try Oracle(seed: UInt64(setting("RECAST_SEED", 1)))
    oracle.stepsToo = true
    let cases = setting("RECAST_VECTOR_CASES", 60)
    let only = ProcessInfo.processInfo.environment["RECAST_ROWS"] ?? ""
    var differing: [String: Int] = [:]
    for row in try VectorRow.all()
    where !Self.approximate.contains(row.name) && !row.attributes.contains("none")
      && (only.isEmpty || row.name.contains(only)) && !row.name.hasSuffix("mxcsr")
      && Self.hasMeaning(row.name)
    {
      for n in 0..<(row.isVEX ? 2 * cases : cases) {
        let made = row.encode(&oracle.generator, wide: n & 1 == 1)
        let state = Self.state(row.name, made, &oracle.generator)
        guard let difference = oracle.checkVector(made.encoded, state) else { continue }
        differing[row.name, default: 0] += 1
        if differing[row.name]! <= 2 { Issue.record("\(row.name): \(difference)") }
      }
    }
    let names = differing.keys.sorted().joined(separator: " ")
    #expect(differing.isEmpty, "\(names) of \(oracle.cases) cases")
  }

  /// AES, SHA and carry-less products are not offered by CPUID.
  private static func hasMeaning(_ name: String) -> Bool {
    !["aes", "vaes", "sha1", "sha256", "pclmul", "vpclmul", "gf2p8", "vgf2p8"].contains { name.hasPrefix($0) }
  }

  private static func state(_ name: String, _ made: VectorRow.Case, _ g: inout Generator)
    -> oracle_state
  {
    var state = oracle_state()
    withUnsafeMutableBytes(of: &state) { raw in
      let words = raw.bindMemory(to: UInt64.self)
      for n in 0..<16 { words[n] = g.value() }
      words[4] = Window.middle &+ 512
      for (register, value) in made.encoded.pinned { words[Int(register)] = value }
      words[16] = g.next() & 0xcd5
      for n in 0..<16 {
        let values = g.vectorWords(name)
        for word in 0..<4 { words[17 + 4 * n + word] = values[word] }
      }
      for (number, values) in made.vectors {
        for word in 0..<4 { words[17 + 4 * number + word] = values[word] }
      }
    }
    return state
  }
}
