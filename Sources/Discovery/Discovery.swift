import ELF
import X86

/// Everything found in a program's executable bytes.
///
/// Two passes: the first follows code from all evidence and collects entries (call targets, code
/// addresses that instructions make) until there are no new ones; the second cuts functions with all
/// entries known, so that the result does not depend on the order of finding. Entries that only an
/// FDE or an exception table speaks for come last, and FDE parts that some function already covers
/// (`.cold`) get no function of their own.
public struct Discovery: Sendable {
  /// By entry.
  public private(set) var functions: [GuestFunction] = []
  /// By address, each jump once.
  public private(set) var unresolvedJumps: [UnresolvedJump] = []
  public private(set) var leftovers: [Leftover] = []
  /// Executable bytes with file contents, and how many of them an FDE covers.
  public private(set) var executableBytes = 0
  public private(set) var framedBytes = 0
  /// Of those, bytes of discovered instructions.
  public private(set) var coveredBytes = 0
  public private(set) var coveredFramedBytes = 0
  /// Covered bytes that are only reached behind an instruction that always faults, where blocks end.
  public private(set) var behindFaultsBytes = 0
  /// Fillers that nothing reaches, between functions and behind jumps, and those that FDEs cover.
  public private(set) var paddingBytes = 0
  public private(set) var framedPaddingBytes = 0
  /// Instructions in all functions; code shared by functions counts once for each.
  public private(set) var instructionCount = 0
  /// Ifunc resolvers, by the address of the pointer that start-up code sets to what they answer.
  public private(set) var resolvers: [UInt64: UInt64] = [:]
  /// Jumps there end a frame in its middle (`Program.Replay`).
  public private(set) var exit: UInt64?
  /// Some compilers have calling conventions of their own.
  public private(set) var language = Program.Language.systemV
  /// The decoding budget ran out: the rest is left to the interpreter.
  public private(set) var isCutShort = false

  /// `budget` limits the instructions decoded in all; nil allows one for every code byte and a
  /// million more.
  /// `learnt` are addresses that earlier runs had to interpret.
  public init(_ program: Program, budget: Int? = nil, learnt: [UInt64] = []) {
    var finder = EntryFinder(program, budget: budget)
    finder.collectEvidence()
    finder.add(learnt: learnt)
    finder.collectEntries()
    (functions, unresolvedJumps) = finder.buildFunctions()
    for _ in 0..<3 {
      let heads = SharedTails.find(functions)
      if heads.isEmpty || !finder.split(at: heads) { break }
      (functions, unresolvedJumps) = finder.buildFunctions()
    }
    functions += ResumeFunctions.make(
      for: functions, pads: finder.landingPads, places: program.replay?.beginnings ?? [], &finder.explorer)
    functions.sort { $0.entry < $1.entry }
    findNonReturning()
    let walked = functions
    cutAtFaults()
    language = program.language
    exit = program.replay?.exit
    for relocation in program.indirectRelocations { resolvers[relocation.place] = relocation.value }
    instructionCount = functions.reduce(0) { $0 + $1.instructionCount }
    isCutShort = finder.explorer.decoded >= finder.explorer.budget
    measure(program, finder.explorer, walked)
  }

  public func function(at entry: UInt64) -> GuestFunction? {
    index(of: entry).map { functions[$0] }
  }

  /// Position in `functions`. O(log n).
  public func index(of entry: UInt64) -> Int? {
    var low = 0
    var high = functions.count
    while low < high {
      let middle = (low + high) / 2
      if functions[middle].entry < entry { low = middle + 1 } else { high = middle }
    }
    return low < functions.count && functions[low].entry == entry ? low : nil
  }
}

// What never returns: the greatest set of functions that have no `ret`, no unknown jump and no way
// into a function outside of the set. A call to one of them ends its path.
extension Discovery {
  private mutating func findNonReturning() {
    for number in functions.indices { cutCallsBeforeEntries(number) }
    var returns = [Bool](repeating: false, count: functions.count)
    var callers = [[Int32]](repeating: [], count: functions.count)
    var pads = [[Int]](repeating: [], count: functions.count)
    for (number, function) in functions.enumerated() {
      for target in function.callees + function.tailCalls {
        if let callee = index(of: target) { callers[callee].append(Int32(number)) }
      }
      if let catcher = function.catcher.flatMap({ index(of: $0) }) {
        pads[catcher].append(number)
        callers[number].append(Int32(catcher))
      }
    }
    func returnsByPads(_ number: Int) -> Bool { pads[number].contains { returns[$0] } }
    var work = Array(functions.indices)
    while let number = work.popLast() {
      if returns[number] || !mayReturn(functions[number], returns) && !returnsByPads(number) {
        continue
      }
      returns[number] = true
      for caller in callers[number] where !returns[Int(caller)] { work.append(Int(caller)) }
    }
    for number in functions.indices {
      functions[number].neverReturns = !returns[number]
      functions[number].returnsByPads =
        returns[number] && returnsByPads(number) && !mayReturn(functions[number], returns)
      prune(number, returns)
    }
  }

  /// No compiler lets a call run on into another function's entry, or through filler into one: such a
  /// call does not return. Should it, the interpreter goes on there. (`call next` only asks where it is.)
  private mutating func cutCallsBeforeEntries(_ number: Int) {
    let function = functions[number]
    func begins(_ target: UInt64) -> Bool {
      guard let other = index(of: target).map({ functions[$0] }) else { return false }
      return !other.isResume || !function.isResume && other.evidence.contains(.landingPad)
    }
    func runsOut(_ target: UInt64) -> Bool {
      if target == function.entry { return !function.isResume }
      guard let position = function.position(of: target) else { return begins(target) }
      let block = function.blocks[position]
      guard case .fallthrough(let next) = block.terminator else { return false }
      return next == function.entry && !function.isResume
        || function.position(of: next) == nil && begins(next)
        && block.instructions.allSatisfy(\.isFiller)
    }
    for (position, block) in function.blocks.enumerated() {
      if case .call(let target, .some(let next)) = block.terminator, target != next, runsOut(next) {
        functions[number].blocks[position].terminator = .call(to: target, next: nil)
        functions[number].blocks[position].successors = []
      }
    }
  }

  /// AVX-512 code is walked over, for what it leads to; control never gets behind its first instruction.
  private mutating func cutAtFaults() {
    for number in functions.indices {
      for position in functions[number].blocks.indices {
        functions[number].blocks[position].cutAtFault()
      }
    }
    findNonReturning()
  }

  private func isReturning(_ target: UInt64, _ returns: [Bool]) -> Bool {
    index(of: target).map { returns[$0] } ?? true
  }

  /// Blocks that control reaches, as positions in `function.blocks`.
  private func reached(_ function: GuestFunction, _ returns: [Bool]) -> [Bool] {
    var seen = [Bool](repeating: false, count: function.blocks.count)
    guard let first = function.position(of: function.entry) else { return seen }
    seen[first] = true
    var work = [first]
    while let number = work.popLast() {
      let block = function.blocks[number]
      if case .call(let target, _) = block.terminator, !isReturning(target, returns) { continue }
      for successor in block.successors {
        if let next = function.position(of: successor), !seen[next] {
          seen[next] = true
          work.append(next)
        }
      }
    }
    return seen
  }

  private func mayReturn(_ function: GuestFunction, _ returns: [Bool]) -> Bool {
    let seen = reached(function, returns)
    func leaving(_ target: UInt64) -> Bool {
      function.position(of: target) == nil && isReturning(target, returns)
    }
    for (number, block) in function.blocks.enumerated() where seen[number] {
      switch block.terminator {
      case .ret, .indirectJump, .undecodable: return true
      case .jump(let target), .fallthrough(let target):
        if leaving(target) { return true }
      case .branch(let taken, let next):
        if leaving(taken) || leaving(next) { return true }
      case .jumpTable(let table):
        if table.targets.contains(where: leaving) { return true }
      case .call(let target, let next):
        if let next, isReturning(target, returns), leaving(next) { return true }
      case .indirectCall(let next):
        if leaving(next) { return true }
      case .fault: break
      }
    }
    return false
  }

  private mutating func prune(_ number: Int, _ returns: [Bool]) {
    let function = functions[number]
    let seen = reached(function, returns)
    var blocks: [BasicBlock] = []
    var callees: Set<UInt64> = []
    var tails: Set<UInt64> = []
    for (position, block) in function.blocks.enumerated() where seen[position] {
      var block = block
      func leave(_ target: UInt64) {
        if function.position(of: target) == nil { tails.insert(target) }
      }
      switch block.terminator {
      case .call(let target, let next):
        callees.insert(target)
        if !isReturning(target, returns) {
          block.terminator = .call(to: target, next: nil)
          block.successors = []
        } else if let next {
          leave(next)
        }
      case .jump(let target), .fallthrough(let target): leave(target)
      case .branch(let taken, let next):
        leave(taken)
        leave(next)
      case .jumpTable(let table): table.targets.forEach(leave)
      case .indirectCall(let next): leave(next)
      default: break
      }
      blocks.append(block)
    }
    functions[number].blocks = blocks
    functions[number].callees = callees.sorted()
    functions[number].tailCalls = tails.sorted()
  }
}

// T/C: how much of the executable bytes the functions cover, and what is left.
extension Discovery {
  /// - Parameter walked: the functions before they were cut at instructions that always fault.
  private mutating func measure(
    _ program: Program, _ explorer: Explorer, _ walked: [GuestFunction]
  ) {
    let code = explorer.code
    executableBytes = code.count
    var state = [UInt8](repeating: 0, count: code.count)  // 1 covered, 2 framed
    func mark(_ start: UInt64, _ end: UInt64, _ bit: UInt8) {
      guard let first = code.index(start) else { return }
      for index in first..<min(code.count, first + Int(end - start)) { state[index] |= bit }
    }
    for frame in program.frames { mark(frame.start, frame.end, 2) }
    for block in functions.lazy.flatMap(\.blocks) { mark(block.start, block.end, 1) }
    let reached = state.reduce(0) { $0 + Int($1 & 1) }
    for block in walked.lazy.flatMap(\.blocks) { mark(block.start, block.end, 1) }
    behindFaultsBytes = state.reduce(0) { $0 + Int($1 & 1) } - reached
    var index = 0
    for (number, range) in code.ranges.enumerated() {
      let end = code.firsts[number] + Int(range.upperBound - range.lowerBound)
      while index < end {
        let kind = state[index]
        var next = index + 1
        while next < end, state[next] == kind { next += 1 }
        if kind & 1 != 0 { coveredBytes += next - index }
        if kind & 2 != 0 { framedBytes += next - index }
        if kind == 3 { coveredFramedBytes += next - index }
        if kind & 1 == 0 {
          for (piece, reason) in pieces(code, index..<next) {
            let start = code.address(piece.lowerBound)
            leftovers.append(
              Leftover(
                range: start..<start + UInt64(piece.count), reason: reason,
                isFramed: kind & 2 != 0))
            if reason == .padding {
              paddingBytes += piece.count
              if kind & 2 != 0 { framedPaddingBytes += piece.count }
            }
          }
        }
        index = next
      }
    }
  }

  /// Padding in front, what is not padding, and padding behind it.
  private func pieces(_ code: CodeSpace, _ range: Range<Int>)
    -> [(Range<Int>, Leftover.Reason)]
  {
    var first = range.lowerBound
    while let length = code.filler(first, range.upperBound) { first += length }
    var reason = Leftover.Reason.unreached
    var last = first
    var index = first
    while index < range.upperBound {
      if let length = code.filler(index, range.upperBound) {
        index += length
        continue
      }
      guard let i = code.decode(code.address(index)) else {
        reason = .undecodable
        last = range.upperBound
        break
      }
      index += Int(i.length)
      last = min(index, range.upperBound)
    }
    let all: [(Range<Int>, Leftover.Reason)] = [
      (range.lowerBound..<first, .padding), (first..<last, reason),
      (last..<range.upperBound, .padding),
    ]
    return all.filter { !$0.0.isEmpty }
  }
}

extension CodeSpace {
  /// The length of the filler at `index`: zeros, or an instruction that does nothing.
  fileprivate func filler(_ index: Int, _ end: Int) -> Int? {
    guard index < end else { return nil }
    let zeros = bytes[index..<end].prefix { $0 == 0 }.count
    if zeros > 1 || index + zeros == end { return zeros > 0 ? zeros : nil }
    guard let i = decode(address(index)), i.isFiller || i.isFillingMove else { return nil }
    return min(Int(i.length), end - index)
  }
}

extension Instruction {
  /// `mov edi, edi`-like fillers of assemblers.
  fileprivate var isFillingMove: Bool {
    (operation == .lea || operation == .mov)
      && operands.0.kind == .gpr
      && (operands.1 == operands.0
        || (operation == .lea && base == operands.0.number && displacement == 0))
  }
}

extension GuestFunction {
  /// Position of the block that starts at `address`. O(log n).
  public func position(of address: UInt64) -> Int? {
    var low = 0
    var high = blocks.count
    while low < high {
      let middle = (low + high) / 2
      if blocks[middle].start < address { low = middle + 1 } else { high = middle }
    }
    return low < blocks.count && blocks[low].start == address ? low : nil
  }
}

extension BasicBlock {
  /// Ends the block with its first instruction that always faults.
  fileprivate mutating func cutAtFault() {
    let fault = instructions.firstIndex { effects(of: $0).alwaysFaults }
    guard let place = fault else { return }
    instructions.removeSubrange((place + 1)...)
    end = instructions[place].next
    terminator = .fault
    successors = []
  }
}

extension Instruction {
  /// What assemblers put between functions.
  fileprivate var isFiller: Bool {
    switch operation {
    case .nop, .int3: true
    case .xchg: operands.0 == operands.1 && operands.0.kind == .gpr && size == 2
    default: false
    }
  }
}
