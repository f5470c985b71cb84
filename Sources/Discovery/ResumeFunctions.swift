// Functions that begin in the middle of a frame, where control comes back by another way than a return.
//
// Exceptions land at pads, longjmp behind a call of setjmp, and replays where a stretch begins. The host frame that stood for
// the guest's is left to the interpreter then, which enters translated code where the code map has it
// (docs/ARCHITECTURE.md, "irregular return"). So there is a function from each such place on, up to
// the first loops that are in no other, and one from each of these loops on, which all places share that
// lead there. Nobody calls them, so they say nothing about other functions.

import ELF

struct ResumeFunctions {
  private let functions: [GuestFunction]
  private let entries: Set<UInt64>
  private let code: CodeSpace
  /// By code index, a function that has a block which starts there; -1 for none.
  private var holders: [Int32] = []
  /// Where loops are entered, by the blocks in them.
  private var heads: [UInt64: UInt64] = [:]
  private var made: [UInt64: GuestFunction] = [:]

  /// - Parameters:
  ///   - functions: all that are called, with their jump tables, which often only they can tell.
  ///   - pads: where exceptions land.
  ///   - places: others that are known.
  static func make(
    for functions: [GuestFunction], pads: [UInt64], places: [UInt64], _ explorer: inout Explorer
  ) -> [GuestFunction] {
    var all = ResumeFunctions(functions, explorer.code)
    let returns = all.secondReturns + places
    if pads.isEmpty && returns.isEmpty { return [] }
    all.findHolders()
    explorer.knownTables = all.tables
    explorer.isResume = true
    let pads = Set(pads)
    for place in pads.union(returns).subtracting(all.entries).sorted() {
      guard var whole = explorer.function(at: place) else { continue }
      if pads.contains(place) { whole.catcher = explorer.frame(containing: place)?.start }
      all.take(whole)
    }
    return all.made.values.sorted { $0.entry < $1.entry }
  }

  private init(_ functions: [GuestFunction], _ code: CodeSpace) {
    self.functions = functions
    self.code = code
    entries = Set(functions.map(\.entry))
  }

  /// Behind calls of functions that return twice.
  private var secondReturns: [UInt64] {
    let twice = ReturnsTwice.find(functions)
    if twice.isEmpty { return [] }
    return functions.flatMap(\.blocks).compactMap { block in
      guard case .call(let target, .some(let next)) = block.terminator else { return nil }
      return twice.contains(target) ? next : nil
    }
  }

  private var tables: [UInt64: JumpTable] {
    var tables: [UInt64: JumpTable] = [:]
    for block in functions.lazy.flatMap(\.blocks) {
      guard case .jumpTable(let table) = block.terminator, let jump = block.instructions.last
      else { continue }
      if table.targets.count > tables[jump.address]?.targets.count ?? 0 {
        tables[jump.address] = table
      }
    }
    return tables
  }

  private mutating func findHolders() {
    holders = .init(repeating: -1, count: code.count)
    for (number, function) in functions.enumerated() {
      for block in function.blocks {
        if let index = code.index(block.start) { holders[index] = Int32(number) }
      }
    }
  }

  private func holder(_ address: UInt64) -> GuestFunction? {
    guard let index = code.index(address), holders[index] >= 0 else { return nil }
    return functions[Int(holders[index])]
  }

  /// - Parameter whole: all that can be reached from a place.
  private mutating func take(_ whole: GuestFunction) {
    var stops: Set<UInt64> = []
    for loop in OutermostLoops.find(in: whole) {
      let starts = loop.map { whole.blocks[$0].start }
      if let head = head(of: starts, in: whole) { stops.insert(head) }
    }
    for entry in stops.union([whole.entry]) where made[entry] == nil {
      made[entry] = whole.part(from: entry, before: stops)
    }
  }

  /// Where a loop begins that consists of the blocks at `starts`: the same for all places that lead to it.
  private mutating func head(of starts: [UInt64], in whole: GuestFunction) -> UInt64? {
    for start in starts {
      if let known = heads[start] { return known }
    }
    let members = Set(starts)
    let natural = starts.lazy.compactMap(holder).first?.entrance(of: members)
    guard let head = natural ?? whole.entrance(of: members) ?? starts.first,
      !entries.contains(head)
    else { return nil }
    for start in starts { heads[start] = head }
    return head
  }
}

extension GuestFunction {
  /// The first of `members` that a block outside of them leads to.
  fileprivate func entrance(of members: Set<UInt64>) -> UInt64? {
    var found: UInt64?
    for block in blocks where !members.contains(block.start) {
      for target in block.successors where members.contains(target) {
        found = min(found ?? target, target)
      }
    }
    return found
  }

  /// The blocks that are reached from `start` without coming to one of `stops`.
  fileprivate func part(from start: UInt64, before stops: Set<UInt64>) -> GuestFunction {
    var reached: Set = [start]
    var work = [start]
    while let here = work.popLast() {
      guard let position = position(of: here) else { continue }
      for next in blocks[position].successors where !stops.contains(next) {
        if reached.insert(next).inserted { work.append(next) }
      }
    }
    var part = self
    part.entry = start
    part.isResume = true
    part.evidence = start == entry ? evidence.union(.resume) : .resume
    part.catcher = start == entry ? catcher : nil
    part.blocks = blocks.filter { reached.contains($0.start) }.map { block in
      var block = block
      block.successors = block.successors.filter(reached.contains)
      return block
    }
    part.tailCalls = tailCalls + stops.filter { !reached.contains($0) }
    return part
  }
}
