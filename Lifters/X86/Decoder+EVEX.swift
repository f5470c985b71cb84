// EVEX (SDM vol. 2, 2.7): AVX-512, which CPUID does not show. An instruction is decoded to its length, so
// that discovery finds what comes after it, and raises #UD. Which of them it is nobody here has to
// know; Capstone names it where people read.

extension Decoder {
  /// `position` is behind 62.
  mutating func evex(at address: UInt64) throws(DecodeError) -> Instruction {
    let forbidden: Prefixes = [.operandSize, .lock, .rep, .repne]
    if hasRex || !prefixes.isDisjoint(with: forbidden) { throw .invalid }
    let first = try byte()
    let second = try byte()
    _ = try byte()
    let map = first & 7
    if first & 8 != 0 || second & 4 == 0 || map == 0 || map == 4 || map == 7 { throw .invalid }
    rex = (~first &>> 5) & 7 | (second &>> 4) & 8
    let opcode = try byte()
    modrm = try byte()
    var i = Instruction(operation: .evex, address: address)
    if modrm < 0xc0 { try readMemory(&i) }
    if map == 3 || map == 1 && Self.hasImmediate(opcode) { _ = try byte() }
    i.length = UInt8(truncatingIfNeeded: position)
    i.base = Instruction.noRegister
    i.index = Instruction.noRegister
    i.displacement = 0
    return i
  }

  /// Of map 0F: shuffles, shifts by a constant, comparisons, insertions.
  private static func hasImmediate(_ opcode: UInt8) -> Bool {
    switch opcode {
    case 0x70...0x73, 0xc2, 0xc4, 0xc5, 0xc6: true
    default: false
    }
  }
}
