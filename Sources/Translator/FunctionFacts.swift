import Discovery
import X86

/// One guest function as the analyses and the lifter see it: blocks with their instructions'
/// effects, and every way out of a block spelled as an edge.
struct FunctionFacts {
  /// Where control goes.
  enum Edge: Hashable {
    case block(Int)
    /// Another function's entry: a tail call.
    case function(UInt64)
    /// Nothing is known to be there: the interpreter goes on at this address.
    case leave(UInt64)
  }

  enum Terminator {
    case jump(Edge)
    case branch(taken: Edge, next: Edge)
    /// Jump table, by target address.
    case table([UInt64: Edge])
    /// `likely` are entries of functions that it may well go to.
    case jumpIndirect(likely: [UInt64])
    case call(UInt64, next: Edge?)
    case callIndirect(next: Edge?)
    case ret
    /// The last instruction faults, or cannot be decoded: the interpreter meets it.
    case leave(UInt64)

    fileprivate var edges: [Edge] {
      switch self {
      case .jump(let e): [e]
      case .branch(let t, let n): [t, n]
      case .table(let targets): Array(Set(targets.values)).sorted { $0.order < $1.order }
      case .call(_, let n), .callIndirect(let n): n.map { [$0] } ?? []
      case .jumpIndirect(let likely): likely.map { .function($0) }
      case .ret, .leave: []
      }
    }

    var isCall: Bool {
      switch self {
      case .call, .callIndirect: true
      default: false
      }
    }
  }

  struct Block {
    var start: UInt64
    var instructions: [Instruction]
    var effects: [Effects]
    let terminator: Terminator
    /// The ways out of the block in a fixed order, and those of them that stay in the function.
    let edges: [Edge]
    let successors: [Int]
    /// The jump table behind `.table`, and the instruction whose index register selects the entry,
    /// when it is in this block.
    var table: JumpTable? = nil
    var tableReader: Int? = nil
    /// Registers read before they are surely written; surely written; possibly written.
    var use: RegisterSet = []
    var def: RegisterSet = []
    var may: RegisterSet = []
    /// `use` and `def` with upper parts.
    private var partUse: RegisterSet = []
    private var partDef: RegisterSet = []
    private var firmPartUse: RegisterSet = []
    /// The part of `use` that is read for more than storing it whole.
    var computed: RegisterSet = []

    init(
      start: UInt64, instructions: [Instruction], effects: [Effects], terminator: Terminator
    ) {
      self.start = start
      self.instructions = instructions
      self.effects = effects
      self.terminator = terminator
      edges = terminator.edges
      successors = edges.compactMap { if case .block(let n) = $0 { n } else { nil } }
    }

    /// What is live at the block's start, by what is live behind its last instruction.
    /// Both with upper parts. In line, because a call would be handed a copy of the block.
    ///
    /// - Parameter firmly: without what system calls may have no use for.
    @inline(__always) func live(before out: RegisterSet, firmly: Bool = false) -> RegisterSet {
      (firmly ? firmPartUse : partUse).union(out.subtracting(partDef))
    }

    /// Folds the instructions' effects into what the block uses and writes.
    mutating func summarise() {
      for (k, (i, x)) in zip(instructions, effects).enumerated() {
        let parts = PartAccess(i, x)
        let uncertain = x.transfer == .systemCall
          ? SystemCallArguments.uncertain(at: k, in: instructions, effects).withUpperParts : []
        firmPartUse.formUnion(parts.reads.subtracting(partDef).subtracting(uncertain))
        partUse.formUnion(parts.reads.subtracting(partDef))
        partDef.formUnion(parts.writes)
        use.formUnion(x.reads.subtracting(def))
        computed.formUnion(x.reads.subtracting(def).subtracting(i.storedWhole))
        def.formUnion(x.definitelyWrites)
        may.formUnion(x.mayWrite)
      }
    }
  }

  var entry: UInt64
  var blocks: [Block]
  /// Begins in the middle of a frame: it is only entered by the interpreter, and leaves to it wherever
  /// the frame ends.
  let isResume: Bool
  /// Returns, but only from where exceptions land.
  let returnsByPads: Bool
  /// Has LDMXCSR or STMXCSR in it: fesetround, fetestexcept and their kin.
  let controlsFloat: Bool

  /// Nothing but a jump through a pointer whose likely targets are known.
  var isTrampoline: Bool {
    guard !isResume, case .jumpIndirect(let likely) = blocks.first?.terminator, !likely.isEmpty else { return false }
    return blocks[0].instructions.dropLast().allSatisfy { $0.operation == .endbr64 }
  }

  /// Calls nothing, and gets along with what the psABI lets it change, few vector registers among it.
  var isSmallLeaf: Bool {
    if isResume { return false }
    var touched: RegisterSet = []
    for block in blocks {
      guard block.edges.allSatisfy({ if case .block = $0 { true } else { false } }) else { return false }
      switch block.terminator {
      case .jump, .branch, .table, .ret: touched.formUnion(block.may.union(block.use))
      default: return false
      }
    }
    let vectors = touched.intersection(.vectors).reduce(into: Set<Int>()) { $0.insert(($1.index - 24) % 16) }
    return touched.intersection(.calleeSaved).isEmpty && vectors.count <= 6
  }

  /// Entries that it jumps to.
  var tailCalls: [UInt64] {
    blocks.flatMap { block in
      block.edges.compactMap { if case .function(let target) = $0 { target } else { nil } }
    }
  }

  /// Data flow against the edges: lets the sets at the blocks' starts grow until `atStart`, given a
  /// block and the sets so far, adds to none.
  func growBackward(
    _ sets: inout [RegisterSet], _ atStart: (Int, [RegisterSet]) -> RegisterSet
  ) {
    var again = true
    while again {
      again = false
      for b in blocks.indices.reversed() {
        let new = atStart(b, sets).union(sets[b])
        if new != sets[b] {
          sets[b] = new
          again = true
        }
      }
    }
  }
}

extension Instruction {
  /// The register that a MOV puts to memory, if that is all it is read for.
  fileprivate var storedWhole: RegisterSet {
    let (to, from) = (operands.0, operands.1)
    guard operation == .mov, size == 8, to.kind == .memory, from.kind == .gpr,
      from.number != base, from.number != index
    else { return [] }
    return RegisterSet(.gpr(Int(from.number)))
  }
}

// The direction flag is in none of the sets: it lives in its VCPU slot, which always holds the truth.
extension Effects {
  var reads: RegisterSet {
    // R11 gets the flags, and nobody looks at it: that is no reason to compute them.
    let flags = transfer == .systemCall ? 0 : readsFlags
    return RegisterSet(gpr: readsGPR, flags: flags & ~Self.df, vectors: readsVectors)
  }
  var definitelyWrites: RegisterSet {
    RegisterSet(gpr: writesGPR, flags: writesFlags & ~Self.df, vectors: writesVectors)
  }
  var mayWrite: RegisterSet {
    RegisterSet(gpr: changesGPR, flags: changesFlags & ~Self.df, vectors: changesVectors)
  }
  private static var df: UInt16 { 1 << StatusFlag.df.rawValue }
}

extension FunctionFacts.Edge {
  /// For a deterministic order.
  var order: UInt64 {
    switch self {
    case .block(let n): UInt64(n)
    case .function(let a): a | 1 << 62
    case .leave(let a): a | 1 << 63
    }
  }
}
