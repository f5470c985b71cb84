import ELF
import X86

/// Follows one function's control flow from its entry: decodes, resolves jump tables, cuts blocks.
/// State over code bytes is stamped with the function's number, so that starting the next function
/// costs nothing.
struct Explorer {
  struct Step {
    var instruction: Instruction
    /// The step before it on the path by which it was first reached; -1 at the entry.
    var previous: Int
    /// That step is a branch, and it was taken.
    var isTaken: Bool
    var table: JumpTable?
  }

  let program: Program
  let code: CodeSpace
  /// Evidence by code index.
  var evidence: [UInt16]
  /// Starts of all jump tables seen.
  var tables: Set<UInt64> = []
  /// Instructions decoded, against `budget`.
  var decoded = 0
  var budget: Int
  var functionLimit = 100_000
  /// By the address of the jump: what other functions know of jumps without a table in this one.
  var knownTables: [UInt64: JumpTable] = [:]
  /// What is traced begins in the middle of a frame.
  var isResume = false

  // The function at hand.
  var entryAddress: UInt64 = 0
  var trace: [Step] = []
  private var generation: UInt32 = 0
  private var stamps: [UInt32]
  private var steps: [Int32]
  private var leaders: [UInt32]
  private(set) var unresolved: [UnresolvedJump] = []
  private(set) var splits: [UInt64] = []

  init(_ program: Program, budget: Int?) {
    self.program = program
    code = CodeSpace(program)
    evidence = .init(repeating: 0, count: code.count)
    stamps = .init(repeating: 0, count: code.count)
    steps = .init(repeating: 0, count: code.count)
    leaders = .init(repeating: 0, count: code.count)
    self.budget = budget ?? (code.count + 1 << 20)
  }

  func evidence(at address: UInt64) -> Evidence {
    guard let index = code.index(address) else { return [] }
    return Evidence(rawValue: evidence[index])
  }

  func frame(containing address: UInt64) -> Program.Frame? {
    var low = 0
    var high = program.frames.count
    while low < high {
      let middle = (low + high) / 2
      if program.frames[middle].start <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0, address < program.frames[low - 1].end else { return nil }
    return program.frames[low - 1]
  }

  /// A jump to `target` leaves the function.
  func leaves(_ target: UInt64) -> Bool {
    if target == entryAddress { return false }
    guard let index = code.index(target) else { return true }
    let known = Evidence(rawValue: evidence[index])
    if !known.isDisjoint(with: .strong) { return true }
    // An FDE that somebody points to is a function; one that only jumps lead to is a part of one.
    return known.contains(.frame) && !known.isDisjoint(with: .addressTaken)
  }

  /// Execution that runs on to `target` leaves the function. No compiler lets code fall into the
  /// next FDE: what looks like it comes after a call that never returns.
  private func leavesFalling(_ target: UInt64) -> Bool {
    leaves(target) || (target != entryAddress && evidence(at: target).contains(.frame))
  }

  /// Traces the function at `entry` and returns it, nil when nothing decodes there.
  mutating func function(at entry: UInt64) -> GuestFunction? {
    guard code.index(entry) != nil else { return nil }
    generation += 1
    entryAddress = entry
    trace.removeAll(keepingCapacity: true)
    unresolved.removeAll()
    splits.removeAll()
    var work: [Edge] = [(entry, -1, false)]
    repeat {
      while let (start, previous, isTaken) = work.popLast() {
        guard let index = code.index(start) else { continue }
        leaders[index] = generation
        if stamps[index] == generation { continue }
        if trace.count > functionLimit {
          splits.append(start)
          continue
        }
        run(from: start, previous, isTaken, &work)
      }
      resolveAgain(&work)
    } while !work.isEmpty
    guard !trace.isEmpty else { return nil }
    unresolved = unresolved.filter { trace[Int(steps[code.index($0.address)!])].table == nil }
    return assemble()
  }

  /// A place to go on at, the step that leads there, and whether by a branch taken.
  private typealias Edge = (address: UInt64, previous: Int, isTaken: Bool)

  /// The first path to a jump may be one that no run takes (behind a call that does not return); more
  /// of the function tells more, and has more labels.
  private mutating func resolveAgain(_ work: inout [Edge]) {
    let open = unresolved
    unresolved = []
    for jump in open {
      let number = Int(steps[code.index(jump.address)!])
      if case .table(let table) = resolve(number) {
        follow(table, from: number, &work)
      } else {
        if let table = labels(number), table.targets != trace[number].table?.targets {
          follow(table, from: number, &work)
        }
        unresolved.append(jump)
      }
    }
  }

  private mutating func follow(_ table: JumpTable, from number: Int, _ work: inout [Edge]) {
    trace[number].table = table
    tables.insert(table.address)
    for target in table.targets where !leaves(target) { work.append((target, number, true)) }
  }

  /// Decodes one straight line.
  private mutating func run(
    from start: UInt64, _ previous: Int, _ isTaken: Bool, _ work: inout [Edge]
  ) {
    var address = start
    var previous = previous
    var isTaken = isTaken
    while true {
      guard let index = code.index(address) else { return }
      if stamps[index] == generation {
        leaders[index] = generation
        return
      }
      if address != start, leavesFalling(address) { return }
      guard decoded < budget, let instruction = code.decode(address) else { return }
      decoded += 1
      stamps[index] = generation
      steps[index] = Int32(trace.count)
      let number = trace.count
      trace.append(Step(instruction: instruction, previous: previous, isTaken: isTaken))
      previous = number
      isTaken = false
      address = instruction.next
      switch instruction.flow {
      case .next: continue
      case .jump(let target):
        if target != program.replay?.exit, !leaves(target) { work.append((target, number, true)) }
        return
      case .branch(let target):
        if !leavesFalling(address) { work.append((address, number, false)) }
        if !leaves(target) { work.append((target, number, true)) }
        return
      case .call, .indirectCall:
        if !leavesFalling(address) { work.append((address, number, false)) }
        return
      case .indirectJump:
        switch resolve(number) {
        case .table(let table): follow(table, from: number, &work)
        case .failure(let reason):
          if let table = knownTables[instruction.address] {
            follow(table, from: number, &work)
            return
          }
          unresolved.append(
            UnresolvedJump(address: instruction.address, function: entryAddress, reason: reason))
        }
        return
      case .ret, .fault: return
      }
    }
  }

  private func isInside(_ address: UInt64) -> Bool {
    guard let index = code.index(address) else { return false }
    return stamps[index] == generation && leaders[index] == generation
  }

  private func assemble() -> GuestFunction {
    var function = GuestFunction(
      entry: entryAddress, blocks: [], evidence: evidence(at: entryAddress))
    var callees: Set<UInt64> = []
    var tails: Set<UInt64> = []
    var starts: [UInt64] = []
    for step in trace {
      if leaders[code.index(step.instruction.address)!] == generation {
        starts.append(step.instruction.address)
      }
    }
    starts.sort()
    for start in starts {
      var block = BasicBlock(
        start: start, end: start, instructions: [], terminator: .undecodable(at: start),
        successors: [])
      var successors: Set<UInt64> = []
      func edge(_ target: UInt64) {
        if isInside(target) { successors.insert(target) } else { tails.insert(target) }
      }
      // Nothing falls into its own function's entry either: what seems to comes after a call that never returns.
      func edgeFalling(_ target: UInt64) {
        if target == entryAddress && !isResume { tails.insert(target) } else { edge(target) }
      }
      line: while true {
        guard let index = code.index(block.end), stamps[index] == generation else {
          // Another function begins here, or nothing decodes.
          if leavesFalling(block.end), code.index(block.end) != nil {
            block.terminator = .fallthrough(to: block.end)
            tails.insert(block.end)
          } else {
            block.terminator = .undecodable(at: block.end)
          }
          break
        }
        if block.end != start, leaders[index] == generation {
          block.terminator = .fallthrough(to: block.end)
          edgeFalling(block.end)
          break
        }
        let step = trace[Int(steps[index])]
        let instruction = step.instruction
        block.instructions.append(instruction)
        block.end = instruction.next
        switch instruction.flow {
        case .next: continue
        case .jump(let target) where target == program.replay?.exit:
          block.terminator = .undecodable(at: target)
        case .jump(let target):
          block.terminator = .jump(to: target)
          edge(target)
        case .branch(let target):
          block.terminator = .branch(taken: target, next: block.end)
          edge(target)
          edge(block.end)
        case .call(let target):
          block.terminator = .call(to: target, next: block.end)
          callees.insert(target)
          edgeFalling(block.end)
        case .indirectCall:
          block.terminator = .indirectCall(next: block.end)
          edgeFalling(block.end)
        case .indirectJump:
          if let table = step.table {
            block.terminator = .jumpTable(table)
            for target in table.targets { edge(target) }
          } else {
            block.terminator = .indirectJump
          }
        case .ret: block.terminator = .ret
        case .fault: block.terminator = .fault
        }
        break line
      }
      block.successors = successors.sorted()
      function.blocks.append(block)
    }
    function.callees = callees.sorted()
    function.tailCalls = tails.sorted()
    return function
  }
}
