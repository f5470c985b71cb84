import X86

// Jumps into a row of pieces of code that all have the same size: `base + (x & mask) * size`, with the
// multiplication by shifts and LEA. glibc's copies for SSSE3 have one piece for each misalignment.
extension Explorer {
  /// The values `0, step, 2 * step, …`, `count` of them.
  private struct Multiples {
    var step: UInt64
    var count: Int
  }

  private static let longestRow = 256

  func strided(_ first: UInt8, _ second: UInt8, _ place: Int) -> TableResult? {
    for (offset, base) in [(first, second), (second, first)] {
      guard let start = constant(base, before: place), program.isCode(start),
        let multiples = multiples(offset, before: place), multiples.step > 0
      else { continue }
      let targets = (0..<multiples.count).map { start &+ UInt64($0) &* multiples.step }
      let home = frame(containing: trace[place].instruction.address)
      let isRow = targets.allSatisfy { target in
        code.decode(target) != nil
          && home.map { target >= $0.start && target < $0.end } ?? true
      }
      guard isRow else { continue }
      return .table(
        JumpTable(address: start, form: .strided, index: nil, isBounded: true, targets: targets))
    }
    return nil
  }

  /// What a masked register can be after shifts and scaling LEAs, followed back from `place`.
  private func multiples(_ register: UInt8, before place: Int) -> Multiples? {
    var register = register
    var place = place
    var step: UInt64 = 1
    for _ in 0..<6 {
      guard register < 16, let found = definition(of: register, before: place) else { return nil }
      let i = trace[found].instruction
      switch i.operation {
      case .and where i.operands.1.kind == .immediate && i.size >= 4:
        let mask = i.immediate
        guard mask < UInt64(Explorer.longestRow), mask & (mask &+ 1) == 0 else { return nil }
        return Multiples(step: step, count: Int(mask) + 1)
      case .shl where i.operands.1.kind == .immediate && i.size >= 4 && i.immediate < 16:
        step <<= i.immediate
      case .lea where i.displacement == 0 && i.index < 16 && i.base == i.index:
        step &*= 1 + 1 << UInt64(i.scale)
        register = i.index
      case .lea where i.displacement == 0 && i.index < 16 && i.base == Instruction.noRegister:
        step <<= UInt64(i.scale)
        register = i.index
      case .mov where i.operands.1.kind == .gpr && i.size >= 4: register = i.operands.1.number
      default: return nil
      }
      guard step < 1 << 16 else { return nil }
      place = found
    }
    return nil
  }
}
