// Which registers a guest function takes, gives back and touches: the recovered signatures, to a
// fixpoint over the whole call graph.
//
// For every function f:
//   reads(f)    registers whose value at entry may matter: live at its entry
//   returned(f) registers whose new value its callers get: changed, and somebody wants it
//   changed(f)  registers that may differ after a regular return (restored ones are not in it)
//   touched(f)  registers that it or anything it calls writes, restored or not
//
// Changes come first, then reads and demand: each set only grows, so iterating over a worklist ends. The psABI is not trusted for code that is
// translated; it is what unknown code is assumed to keep (docs/QUIRKS.md, "Unknown code").

import Discovery
import ELF
import X86

struct SignatureAnalysis {
  private(set) var functions: [FunctionFacts]
  private(set) var signatures: [Signature]
  private let index: [UInt64: Int]
  /// Live registers at the start of each block, by function, with upper parts.
  private(set) var liveIn: [[RegisterSet]]
  /// Per function and block: registers that are known to be restored at that exit.
  private var restored: [[RegisterSet]]
  /// Per function and block: RSP is at the return address there, as at a tail call.
  private(set) var isTailExit: [[Bool]]
  /// What indirect calls assume of whoever they reach.
  private(set) var unknown: Signature
  /// Where callers that nobody knows look for results.
  let results: RegisterSet

  /// By function: arguments that it reads from their slots instead of host registers.
  private let slotReads: [RegisterSet]
  /// By function: arguments that it puts to its frame in case that it has so many.
  private let maybeArguments: [RegisterSet]
  /// By function and block: registers that the function, and results that what it calls, may have made
  /// where the block ends.
  private(set) var made: [[RegisterSet]] = []
  /// By function: vector results that an instruction of its own has made where it returns.
  private var ownResults: [RegisterSet] = []
  /// By function and block: what may be an argument of the call that ends it (ArgumentValidity.swift).
  private(set) var valid: [[RegisterSet]] = []
  /// For resume functions: by the address of a RET, what callers get of the frame that it ends.
  private(set) var frameResults: [UInt64: RegisterSet] = [:]
  let convention: GuestConvention
  private var callers: [[Int]]
  private var queue: [Int] = []
  private var queued: [Bool]

  /// - Parameter exit: where a replay's stretches end.
  init(
    _ functions: [FunctionFacts], addressTaken: Set<UInt64>, language: Program.Language, exit: UInt64? = nil
  ) {
    self.functions = functions
    let convention = GuestConvention(language)
    self.convention = convention
    let count = functions.count
    index = Dictionary(uniqueKeysWithValues: functions.enumerated().map { ($1.entry, $0) })
    signatures = .init(repeating: Signature(), count: count)
    liveIn = functions.map { .init(repeating: [], count: $0.blocks.count) }
    restored = functions.map { .init(repeating: [], count: $0.blocks.count) }
    isTailExit = functions.map { .init(repeating: false, count: $0.blocks.count) }
    callers = .init(repeating: [], count: count)
    queued = .init(repeating: false, count: count)

    results = convention.results
    unknown = convention.unknown
    let variable = functions.map { SlotPassing.variableArguments($0, soft: convention.soft) }
    slotReads = variable.map(\.slots)
    maybeArguments = variable.map { convention.setsArgumentsUp ? $0.spilled : [] }

    for (f, facts) in functions.enumerated() {
      signatures[f].isAddressTaken = addressTaken.contains(facts.entry)
      signatures[f].wanted = results
      for g in callees(of: facts) where !facts.isResume || functions[g].isResume {
        callers[g].append(f)
      }
    }
    let called = functions.indices.filter { !functions[$0].isResume }
    for f in called { findRestored(f) }
    for f in called.reversed() { enqueue(f) }
    while let f = dequeue() { updateChanges(f) }
    made = functions.map { facts in
      reaching(facts, .all, afterCall: { [results] in $0.changed.intersection(results) })
    }
    let answers = ArgumentValidity.furtherResults(functions) { [index] in index[$0] }
    valid = functions.map { facts in
      convention.setsArgumentsUp
        ? ArgumentValidity.atEnds(of: facts, callee: { callee($0) }) { index[$0].map { answers[$0] } ?? [] }
        : facts.blocks.map { _ in .all }
    }
    ownResults = functions.map { madeResults($0, afterCall: { _ in [] }) }
    // Of what unknown calls take in host registers, slots hold some as well: that is no reason to be
    // given it in a host register.
    unknown.firmReads = unknown.reads.subtracting(ArgumentValidity.arguments)
    let whole = unknown.reads
    unknown.reads = whole.subtracting(unknown.passes)
    for f in called.reversed() { enqueue(f) }
    while let f = dequeue() { updateReads(f) }
    frameResults = Self.frameResults(functions, signatures, exit: exit)
    for f in functions.indices where functions[f].isResume { enqueue(f) }
    while let f = dequeue() { updateResume(f) }
    unknown.reads = whole
    let passing = SlotPassing(
      functions, taken: functions.indices.map(taken), callers: callers
    ) { [index, signatures, unknown] target in
      let g = index[target]
      return (g, g.map { signatures[$0] } ?? unknown)
    }
    let arguments = passing.ofArguments(slotReads, offered: unknown.passes, valid: valid)
    let back = passing.ofResults(signatures.map { $0.returnedInSlots.intersection($0.surelyWanted) })
    for f in functions.indices {
      signatures[f].passes = arguments[f].union(back[f])
      signatures[f].passesBack = back[f]
    }
  }

  /// For each block of a function: what may have got a new value on some way to its end, before a call that ends it.
  private func reaching(
    _ facts: FunctionFacts, _ tracked: RegisterSet, afterCall: (Signature) -> RegisterSet
  ) -> [RegisterSet] {
    let transfer = SlotPassing.Transfer(
      facts, tracked, callee: { callee($0) }, unknown, afterCall: afterCall)
    return SlotPassing.reaching(facts, transfer).enumerated().map { transfer.atEnd($0, $1) }
  }

  /// Arguments that slots could hold, and function f is given in host registers.
  func taken(_ f: Int) -> RegisterSet {
    let all = SlotPassing.softArguments.union(functions[f].isTrampoline ? SlotPassing.passable : [])
    return signatures[f].reads.intersection(unknown.passes).intersection(all)
  }

  func function(at entry: UInt64) -> Int? { index[entry] }
  func signature(of entry: UInt64) -> Signature? { index[entry].map { signatures[$0] } }

  /// What a function calls or jumps to by name, each once.
  func callees(of facts: FunctionFacts) -> [Int] {
    var all: [Int] = []
    var seen = Set<Int>()
    func add(_ target: UInt64) {
      if let g = index[target], seen.insert(g).inserted { all.append(g) }
    }
    for block in facts.blocks {
      if case .call(let target, _) = block.terminator { add(target) }
      for case .function(let target) in block.edges { add(target) }
    }
    return all
  }

  private mutating func enqueue(_ f: Int) {
    if !queued[f] {
      queued[f] = true
      queue.append(f)
    }
  }

  private mutating func dequeue() -> Int? {
    guard let f = queue.popLast() else { return nil }
    queued[f] = false
    return f
  }

  /// Callee-saved registers that a call changes all the same.
  private func clobbers(_ block: FunctionFacts.Block) -> RegisterSet {
    switch block.terminator {
    case .call(let target, _):
      let changed = index[target].map { signatures[$0].changed } ?? unknown.changed
      return changed.intersection(.calleeSaved)
    case .callIndirect: return unknown.changed.intersection(.calleeSaved)
    default: return []
    }
  }

  private mutating func findRestored(_ f: Int) {
    let facts = functions[f]
    let frames = FrameAnalysis(facts) { clobbers(facts.blocks[$0]) }
    for b in facts.blocks.indices {
      var set: RegisterSet = []
      if let state = frames.atExit[b] {
        for n in 0..<16 where state.registers[n] == .entry(UInt8(n)) { set.insert(.gpr(n)) }
      }
      restored[f][b] = set
      isTailExit[f][b] =
        frames.atExit[b]?.registers[Int(GPR.rsp.number)] == .frame(base: 0, offset: 0)
    }
  }

  /// The signature behind a call's or tail call's target.
  func callee(_ target: UInt64) -> Signature { index[target].map { signatures[$0] } ?? unknown }

  /// First fixpoint: what f touches and changes, by what its callees do.
  private mutating func updateChanges(_ f: Int) {
    let facts = functions[f]
    var s = signatures[f]

    // What may be written, here or below.
    var written: RegisterSet = []
    var touched: RegisterSet = []
    var below: RegisterSet = []
    for block in facts.blocks {
      written.formUnion(block.may)
      touched.formUnion(block.may)
      below.formUnion(block.may)
      switch block.terminator {
      case .call(let target, let next):
        written.formUnion(callee(target).changed)
        touched.formUnion(next == nil ? unknown.touched : callee(target).touched)
        if next != nil { below.formUnion(callee(target).writes) }
      case .callIndirect:
        written.formUnion(unknown.changed)
        touched.formUnion(unknown.touched)
        below.formUnion(unknown.writes)
      case .jumpIndirect: touched.formUnion(unknown.touched)
      case .leave: touched.formUnion(unknown.touched)
      default: break
      }
      for edge in block.edges {
        switch edge {
        case .function(let target): touched.formUnion(callee(target).touched)
        case .leave: touched.formUnion(unknown.touched)
        case .block: break
        }
      }
    }
    // What differs at the exits. Where the interpreter takes over inside the function, it gets to
    // an epilogue of its own: there the psABI is believed, or Go's convention, which keeps less.
    var changed: RegisterSet = []
    var writes: RegisterSet = []
    let unknownChanges = unknown.changed.union(written.subtracting(.calleeSaved))
      .union(RegisterSet.calleeSaved.subtracting(convention.kept))
    for (b, block) in facts.blocks.enumerated() {
      // Whoever passes a register on in its slot has changed it.
      let here = written.subtracting(restored[f][b].subtracting(SlotPassing.carried))
      let own = below.subtracting(restored[f][b])
      switch block.terminator {
      case .ret:
        changed.formUnion(here)
        writes.formUnion(own)
      case .jumpIndirect where isTailExit[f][b]:
        changed.formUnion(here.union(unknown.changed))
        writes.formUnion(own.union(unknown.writes))
      // A call that is not expected to return leaves when it does.
      case .jumpIndirect, .leave, .call(_, next: nil): changed.formUnion(unknownChanges)
      default: break
      }
      for edge in block.edges {
        switch edge {
        case .function(let target):
          changed.formUnion(here.union(callee(target).changed))
          writes.formUnion(own.union(callee(target).writes))
        case .leave: changed.formUnion(unknownChanges)
        case .block: break
        }
      }
    }
    if facts.returnsByPads { changed.formUnion(unknownChanges) }
    changed.remove(.gpr(.rsp))
    s.changed.formUnion(changed)
    s.touched.formUnion(touched)
    s.writes.formUnion(writes)

    if s != signatures[f] {
      let breaksABI = s.changed.intersection(.calleeSaved) != signatures[f].changed.intersection(.calleeSaved)
      signatures[f] = s
      for c in callers[f] {
        if breaksABI { findRestored(c) }
        enqueue(c)
      }
    }
  }

  /// Second fixpoint, with the changes known: what f reads, by what its callees read and its callers
  /// want back.
  private mutating func updateReads(_ f: Int) {
    let live = liveness(f).registers
    let slots = slotReads[f].union(SlotPassing.onlyInSlots)
    let reads = signatures[f].reads.union(live).union(.rsp).subtracting(slots)
    let firm = signatures[f].firmReads.union(firmlyLive(f).subtracting(maybeArguments[f])).union(.rsp)
      .intersection(reads)
    if reads != signatures[f].reads || firm != signatures[f].firmReads {
      signatures[f].reads = reads
      signatures[f].firmReads = firm
      for c in callers[f] { enqueue(c) }
    }
    spreadDemand(f)
  }

  /// The same for a function that begins in the middle of a frame.
  private mutating func updateResume(_ f: Int) {
    let before = liveIn[f].first
    let live = liveness(f)
    signatures[f].reads = live.registers.union(.rsp).subtracting(SlotPassing.onlyInSlots)
    signatures[f].firmReads = signatures[f].reads
    if live != before {
      for c in callers[f] { enqueue(c) }
    }
  }

  private static let vectorResults = RegisterSet.results.intersection(.vectors)

  /// Tells callees what is read behind the calls to them.
  private mutating func spreadDemand(_ f: Int) {
    let blocks = functions[f].blocks
    for b in blocks.indices {
      switch blocks[b].terminator {
      case .call(let target, .some(let next)):
        let after = liveAfter(f, b, next)
        if let g = index[target] { demand(g, after.subtracting(.rsp), tail: []) }
      default: break
      }
      for case .function(let target) in blocks[b].edges {
        guard let g = index[target] else { continue }
        let (own, inSlots) = (delivered(f, b), signatures[f].returnedInSlots)
        // What this one's callers may look for is no more certain for who returns in its place.
        let maybe = inSlots.union(.results).subtracting(signatures[f].surelyWanted)
        demand(g, own.subtracting(maybe), tail: own.intersection(.results).subtracting(inSlots))
        // It returns this function's results, so it is one way for both.
        let direct = signatures[f].direct.union(signatures[g].direct)
        for h in [f, g] { returnDirectly(h, direct) }
      }
    }
    let missing = Self.vectorResults.intersection(signatures[f].surelyWanted).subtracting(signatures[f].direct)
    if missing.isEmpty { return }
    // What a callee returns directly is at hand like this function's own.
    let made = ownResults[f].isSuperset(of: missing) ? missing : madeResults(functions[f], afterCall: \.direct)
    returnDirectly(f, made.intersection(missing))
  }

  /// Vector results that have a new value where a function returns, from its own instructions or, those of
  /// `afterCall`, from what it calls.
  private func madeResults(_ facts: FunctionFacts, afterCall: (Signature) -> RegisterSet) -> RegisterSet {
    let made = reaching(facts, Self.vectorResults, afterCall: afterCall)
    return facts.blocks.indices.reduce(into: []) { set, b in
      if case .ret = facts.blocks[b].terminator { set.formUnion(made[b]) }
    }
  }

  private mutating func returnDirectly(_ f: Int, _ results: RegisterSet) {
    if signatures[f].direct.isSuperset(of: results) { return }
    signatures[f].direct.formUnion(results)
    signatures[f].wanted.formUnion(results)
    signatures[f].surelyWanted.formUnion(results)
    enqueue(f)
    for c in callers[f] { enqueue(c) }
  }

  func liveAfter(_ f: Int, _ b: Int, _ edge: FunctionFacts.Edge) -> RegisterSet {
    switch edge {
    case .block(let n): liveIn[f][n].registers
    case .function(let target): callee(target).reads(where: valid[f][b])
    case .leave: leaveLive
    }
  }

  private mutating func demand(_ g: Int, _ wanted: RegisterSet, tail: RegisterSet) {
    let old = signatures[g]
    signatures[g].wanted.formUnion(wanted)
    signatures[g].surelyWanted.formUnion(wanted)
    signatures[g].mustReturn.formUnion(tail)
    let new = signatures[g]
    if new.returned != old.returned || new.mustReturn != old.mustReturn
      || new.surelyWanted != old.surelyWanted
    {
      enqueue(g)
      for c in callers[g] { enqueue(c) }
    }
  }

  /// What an instruction surely looks at of what function f is entered with.
  private func firmlyLive(_ f: Int) -> RegisterSet {
    let facts = functions[f]
    let returned = surelyReturned(f)
    var live = [RegisterSet](repeating: [], count: facts.blocks.count)
    facts.growBackward(&live) { b, live in
      facts.blocks[b].live(before: before(f, b, returned, firmly: true) { live[$0] }, firmly: true)
    }
    return live.first?.registers ?? []
  }

  private func surelyReturned(_ f: Int) -> RegisterSet {
    signatures[f].delivered.intersection(signatures[f].surelyWanted)
  }

  /// Backward liveness over the blocks; answers what is live at the entry, with upper parts.
  private mutating func liveness(_ f: Int) -> RegisterSet {
    let returned = surelyReturned(f)
    let facts = functions[f]
    var live = liveIn[f]
    facts.growBackward(&live) { b, live in
      facts.blocks[b].live(before: before(f, b, returned) { live[$0] })
    }
    liveIn[f] = live
    return live.first ?? []
  }
}
