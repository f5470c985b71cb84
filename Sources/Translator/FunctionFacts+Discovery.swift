import Discovery
import X86

extension FunctionFacts {
  /// - Parameters:
  ///   - entries: of all functions there are.
  ///   - likely: by the address of a pointer, entries that a jump through it is likely to go to.
  init(_ function: GuestFunction, entries: Set<UInt64>, likely: [UInt64: [UInt64]] = [:]) {
    entry = function.entry
    isResume = function.isResume
    returnsByPads = function.returnsByPads
    // The entry block first: the analyses and the lifter start there.
    var order = function.blocks.indices.filter { function.blocks[$0].start == function.entry }
    order += function.blocks.indices.filter { function.blocks[$0].start != function.entry }
    var number: [UInt64: Int] = [:]
    for (n, b) in order.enumerated() { number[function.blocks[b].start] = n }
    func edge(_ target: UInt64) -> Edge {
      if let n = number[target] { return .block(n) }
      return entries.contains(target) ? .function(target) : .leave(target)
    }
    blocks = order.map { b in
      let block = function.blocks[b]
      let terminator: Terminator
      switch block.terminator {
      case .fallthrough(let to), .jump(let to): terminator = .jump(edge(to))
      case .branch(let taken, let next): terminator = .branch(taken: edge(taken), next: edge(next))
      case .jumpTable(let table):
        terminator = .table(
          Dictionary(uniqueKeysWithValues: Set(table.targets).map { ($0, edge($0)) }))
      case .indirectJump:
        let pointer = block.instructions.last?.pointerOfJump
        terminator = .jumpIndirect(likely: pointer.flatMap { likely[$0] } ?? [])
      case .call(let to, let next): terminator = .call(to, next: next.map(edge))
      case .indirectCall(let next): terminator = .callIndirect(next: edge(next))
      case .ret where function.isResume:
        terminator = .leave(block.instructions.last?.address ?? block.start)
      case .ret: terminator = .ret
      case .fault: terminator = .leave(block.instructions.last?.address ?? block.start)
      case .undecodable(let at): terminator = .leave(at)
      }
      var instructions = block.instructions
      // The interpreter meets the instruction that faults, or that ends a frame in whose middle
      // the function began.
      let isLeft = block.terminator == .fault || block.terminator == .ret && function.isResume
      if isLeft && !instructions.isEmpty { instructions.removeLast() }
      var facts = Block(
        start: block.start, instructions: instructions, effects: instructions.map { effects(of: $0) },
        terminator: terminator)
      if case .jumpTable(let table) = block.terminator, let index = table.index {
        facts.table = table
        let scale: UInt8 = table.form == .absolute ? 3 : 2
        facts.tableReader = instructions.lastIndex { $0.index == index && $0.scale == scale }
      }
      for k in instructions.indices where facts.effects[k].transfer == .systemCall {
        facts.effects[k].readsGPR |= SystemCallArguments.registers(
          at: k, in: instructions, facts.effects)
      }
      facts.summarise()
      return facts
    }
    controlsFloat = blocks.contains { $0.instructions.contains { $0.operation.isFloatControl } }
  }
}

extension Instruction {
  /// Where the target is loaded from, in `jmp [rip+X]`.
  fileprivate var pointerOfJump: UInt64? {
    guard operands.0.kind == .memory, base == Instruction.instructionPointer, segment == 0 else {
      return nil
    }
    return UInt64(bitPattern: displacement)
  }
}

extension X86.Operation {
  fileprivate var isFloatControl: Bool {
    switch self {
    case .ldmxcsr, .stmxcsr, .vldmxcsr, .vstmxcsr: true
    default: false
    }
  }
}
