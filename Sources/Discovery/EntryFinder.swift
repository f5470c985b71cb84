import ELF
import X86

/// Collects the addresses where functions begin.
struct EntryFinder {
  var explorer: Explorer
  /// Entries whose code has not been followed.
  private var pending: [UInt64] = []
  /// Followed, or left because a function covers them.
  private var covered: [Bool]

  /// Those where no function begins.
  private(set) var landingPads: [UInt64] = []

  /// Evidence that alone does not make a function where another function's code is.
  private static let weak: Evidence = [.frame, .coldPart, .landingPad]

  init(_ program: Program, budget: Int?) {
    explorer = Explorer(program, budget: budget)
    covered = .init(repeating: false, count: explorer.code.count)
  }

  /// Makes entries of addresses; answers whether any was none.
  mutating func split(at addresses: Set<UInt64>) -> Bool {
    var changed = false
    for address in addresses where explorer.evidence(at: address).isDisjoint(with: .strong) {
      add(address, .split)
      changed = true
    }
    return changed
  }

  private mutating func add(_ address: UInt64, _ evidence: Evidence) {
    guard let index = explorer.code.index(address) else { return }
    let before = Evidence(rawValue: explorer.evidence[index])
    let after = before.union(evidence)
    explorer.evidence[index] = after.rawValue
    let isFirst = before.isEmpty
    let grewStrong = before.isSubset(of: EntryFinder.weak) && !after.isSubset(of: EntryFinder.weak)
    if isFirst || grewStrong { pending.append(address) }
  }

  mutating func collectEvidence() {
    let program = explorer.program
    add(program.entry, .entry)
    for symbol in program.symbols {
      let isCold = symbol.name.hasSuffix(".cold") || symbol.name.contains(".cold.")
      add(symbol.address, isCold ? .coldPart : .symbol)
    }
    for frame in program.frames { add(frame.start, .frame) }
    for relocation in program.indirectRelocations { add(relocation.value, .relocation) }
    for relocation in program.relativeRelocations where isPlausibleStart(relocation.value) {
      add(relocation.value, .relocation)
    }
    for segment in program.segments where !segment.isExecutable && segment.fileSize >= 8 {
      let skip = Int((8 - segment.address % 8) % 8)
      program.file.withUnsafeBytes { all in
        var offset = segment.fileOffset + skip
        let end = segment.fileOffset + segment.fileSize
        while offset <= end - 8 {
          let word = all.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          if isPlausibleStart(word) { add(word, .data) }
          offset += 8
        }
      }
    }
    for pad in program.landingPads { add(pad, .landingPad) }
    if let exit = program.replay?.exit { add(exit, .entry) }
  }

  mutating func add(learnt: [UInt64]) {
    for address in learnt where explorer.code.decode(address) != nil { add(address, .learnt) }
  }

  /// Whether data that looks like an address of code can be believed.
  private func isPlausibleStart(_ address: UInt64) -> Bool {
    guard let index = explorer.code.index(address) else { return false }
    let known = Evidence(rawValue: explorer.evidence[index])
    if !known.isDisjoint(with: [.symbol, .frame, .callTarget, .entry]) { return true }
    let bytes = explorer.code.bytes
    if index + 4 <= bytes.count, bytes[index] == 0xf3, bytes[index + 1] == 0x0f,
      bytes[index + 2] == 0x1e, bytes[index + 3] == 0xfa
    {
      return true
    }
    if explorer.frame(containing: address) != nil { return false }
    // Code without unwind tables may be packed without alignment (-Os), so a few instructions in
    // a row are all there is to ask for. A wrong guess costs translated code, nothing else.
    return decodesInARow(address)
  }

  private func isZeros(_ i: Instruction) -> Bool {
    guard let index = explorer.code.index(i.address), i.length == 2 else { return false }
    return explorer.code.bytes[index] == 0 && explorer.code.bytes[index + 1] == 0
  }

  private func decodesInARow(_ address: UInt64) -> Bool {
    var here = address
    for _ in 0..<6 {
      guard let i = explorer.code.decode(here) else { return false }
      // Zeros decode as `add [rax], al`; fillers are between functions, not at their start.
      if i.operation == .add, isZeros(i) { return false }
      if here == address, i.operation == .nop || i.operation == .int3 { return false }
      switch i.flow {
      case .next, .branch, .call, .indirectCall: here = i.next
      case .jump, .indirectJump, .ret: return true
      case .fault: return i.operation == .ud2 || i.operation == .hlt
      }
    }
    return true
  }

  /// First pass: until no entry leads to another.
  mutating func collectEntries() {
    var weak: [UInt64] = []
    while true {
      while let entry = pending.popLast() {
        if explorer.evidence(at: entry).isSubset(of: EntryFinder.weak) {
          weak.append(entry)
        } else {
          follow(entry)
        }
      }
      // Lowest first.
      weak.sort(by: >)
      while pending.isEmpty, let entry = weak.popLast() { followIfAlone(entry) }
      if pending.isEmpty, weak.isEmpty { return }
    }
  }

  private mutating func followIfAlone(_ entry: UInt64) {
    guard let index = explorer.code.index(entry), !covered[index] else { return }
    follow(entry)
  }

  private mutating func follow(_ entry: UInt64) {
    guard let function = explorer.function(at: entry) else { return }
    cover(function)
    for target in function.callees { add(target, .callTarget) }
    for target in explorer.splits { add(target, .split) }
    for block in function.blocks {
      for i in block.instructions {
        switch i.operation {
        case .lea where i.base == Instruction.instructionPointer && i.size == 8:
          let address = UInt64(bitPattern: i.displacement)
          if isPlausibleStart(address) || isLabel(address) { add(address, .instruction) }
        case .mov where i.operands.1.kind == .immediate && i.operands.0.kind == .gpr && i.size >= 4:
          if isPlausibleStart(i.immediate) { add(i.immediate, .instruction) }
        case .mov where i.operands.1.kind == .immediate && i.size == 8,
          .push where i.operands.0.kind == .immediate:
          if isPlausibleStart(i.immediate) { add(i.immediate, .instruction) }
        default: break
        }
      }
    }
  }

  /// An address inside of a function that code makes: a label to be jumped to.
  private func isLabel(_ address: UInt64) -> Bool {
    explorer.frame(containing: address) != nil && explorer.code.decode(address) != nil
  }

  private mutating func cover(_ function: GuestFunction) {
    for block in function.blocks {
      guard let start = explorer.code.index(block.start) else { continue }
      for index in start..<min(covered.count, start + Int(block.end - block.start)) {
        covered[index] = true
      }
    }
  }

  /// Second pass: all entries are known.
  mutating func buildFunctions() -> ([GuestFunction], [UnresolvedJump]) {
    explorer.decoded = 0
    covered = .init(repeating: false, count: covered.count)
    var functions: [GuestFunction] = []
    var unresolved: [UInt64: UnresolvedJump] = [:]
    func build(_ finder: inout EntryFinder, _ entry: UInt64) {
      guard let function = finder.explorer.function(at: entry) else { return }
      finder.cover(function)
      functions.append(function)
      for jump in finder.explorer.unresolved where unresolved[jump.address] == nil {
        unresolved[jump.address] = jump
      }
    }
    landingPads = []
    var weak: [UInt64] = []
    for index in 0..<explorer.code.count where explorer.evidence[index] != 0 {
      let evidence = Evidence(rawValue: explorer.evidence[index])
      let address = explorer.code.address(index)
      if evidence.isSubset(of: EntryFinder.weak) {
        if evidence.contains(.landingPad) { landingPads.append(address) } else { weak.append(address) }
      } else {
        build(&self, address)
      }
    }
    for entry in weak where !covered[explorer.code.index(entry)!] { build(&self, entry) }
    functions.sort { $0.entry < $1.entry }
    return (functions, unresolved.values.sorted { $0.address < $1.address })
  }
}
