import X86

// Jumps to labels: `lea r, [rip+label]`, and somewhere else in the function `jmp r`. Multiplications of
// numbers written in assembly keep the place where their next row begins in a register.
extension Explorer {
  /// The labels of the function that its instructions, as far as they are known, put into the register that the jump
  /// takes; nil without any. What the jump goes to is compared with them, so one too many costs only room.
  func labels(_ last: Int) -> JumpTable? {
    let jump = trace[last].instruction
    guard jump.operands.0.kind == .gpr else { return nil }
    let home = frame(containing: jump.address)
    var found: Set<UInt64> = []
    for step in trace {
      let i = step.instruction
      guard i.operation == .lea, i.base == Instruction.instructionPointer,
        i.operands.0.isGPR(jump.operands.0.number)
      else { continue }
      let label = UInt64(bitPattern: i.displacement)
      let isNear = home.map { label >= $0.start && label < $0.end }
        ?? (label &- jump.address &+ Self.reach < 2 * Self.reach)
      if isNear, label != entryAddress, !leaves(label), code.decode(label) != nil { found.insert(label) }
    }
    let targets = found.sorted()
    guard let first = targets.first, targets.count <= Self.mostLabels else { return nil }
    return JumpTable(address: first, form: .labels, index: nil, isBounded: false, targets: targets)
  }

  /// How far a label may be in code without FDEs.
  private static let reach: UInt64 = 1 << 14
  private static let mostLabels = 64
}
