// Which callee-saved registers a guest function has restored at each of its exits.
//
// A forward data-flow analysis over the function's blocks: every general-purpose register is
// "the entry value of register r", "a known distance from a frame base" or unknown, and the frame
// slots that hold such values are remembered. Bases are the entry RSP, and what an `and rsp, −n` or
// a `sub rsp, register` made of it (a new, unrelated base).
//
// What it assumes, and where that is written down for users (docs/QUIRKS.md, "Saved registers"): a
// store through a pointer that is not derived from RSP or RBP inside the function does not hit the
// slot of a saved register. Whoever does that (an unwinder that rewrites its own frame) leaves by a
// return whose RSP does not match, and such a return hands over everything.

import Discovery
import Semantics
import X86

struct FrameAnalysis {
  /// What one register holds.
  enum Content: Equatable {
    case entry(UInt8)
    case frame(base: UInt8, offset: Int32)
    case unknown

    func isIn(_ frame: UInt8) -> Bool {
      if case .frame(frame, _) = self { true } else { false }
    }
  }

  struct State: Equatable {
    var registers: [Content]
    /// Slots whose content is known.
    var slots: [Slot]

    static let atEntry: State = {
      var registers = (0..<16).map { Content.entry(UInt8($0)) }
      registers[Int(GPR.rsp.number)] = .frame(base: 0, offset: 0)
      return State(registers: registers, slots: [])
    }()

    /// Keeps what both agree on; answers whether anything was lost.
    mutating func meet(_ other: State) -> Bool {
      var changed = false
      for n in 0..<16 where registers[n] != other.registers[n] && registers[n] != .unknown {
        registers[n] = .unknown
        changed = true
      }
      let kept = slots.filter { other.slots.contains($0) }
      if kept.count != slots.count {
        slots = kept
        changed = true
      }
      return changed
    }
  }

  struct Slot: Equatable {
    var base: UInt8
    var offset: Int32
    var content: Content
  }

  /// The state just before each block's terminator acts (after a `ret`'s pop, after a call's push).
  private(set) var atExit: [State?]

  /// - Parameter clobbers: for a block that ends in a call, the callee-saved registers that the
  ///   callee does not preserve.
  init(_ function: FunctionFacts, clobbers: (Int) -> RegisterSet) {
    let count = function.blocks.count
    var atEntry = [State?](repeating: nil, count: count)
    atExit = [State?](repeating: nil, count: count)
    var queue: [Int] = [0]
    var queued = [Bool](repeating: false, count: count)
    atEntry[0] = .atEntry
    queued[0] = true
    while let b = queue.popLast() {
      queued[b] = false
      var state = atEntry[b]!
      for (i, effects) in zip(function.blocks[b].instructions, function.blocks[b].effects) {
        FrameAnalysis.step(&state, i, effects)
      }
      atExit[b] = state
      if function.blocks[b].terminator.isCall {
        FrameAnalysis.afterCall(&state, clobbers: clobbers(b))
      }
      for s in function.blocks[b].successors {
        let changed: Bool
        if atEntry[s] == nil {
          atEntry[s] = state
          changed = true
        } else {
          changed = atEntry[s]!.meet(state)
        }
        if changed && !queued[s] {
          queued[s] = true
          queue.append(s)
        }
      }
    }
  }

  /// After a call returned: the return address is popped, caller-saved registers are unknown, and
  /// so is what lay below RSP.
  private static func afterCall(_ s: inout State, clobbers: RegisterSet) {
    for n in 0..<16 {
      let r = Register.gpr(n)
      if n != Int(GPR.rsp.number), !RegisterSet.calleeSaved.contains(r) || clobbers.contains(r) {
        s.registers[n] = .unknown
      }
    }
    if case .frame(let base, let offset) = s.registers[Int(GPR.rsp.number)] {
      s.registers[Int(GPR.rsp.number)] = .frame(base: base, offset: offset &+ 8)
      s.slots.removeAll { $0.base == base && $0.offset < offset &+ 8 }
    }
  }

  private static func step(_ s: inout State, _ i: Instruction, _ effects: Effects) {
    let rsp = Int(GPR.rsp.number)
    switch i.operation {
    case .push where i.size == 8:
      guard case .frame(let base, let offset) = s.registers[rsp] else { return }
      let top = offset &- 8
      store(&s, base, top, 8, i.operands.0.kind == .gpr ? s.registers[Int(i.operands.0.number)] : .unknown)
      s.registers[rsp] = .frame(base: base, offset: top)
    case .pushf where i.size == 8:
      guard case .frame(let base, let offset) = s.registers[rsp] else { return }
      store(&s, base, offset &- 8, 8, .unknown)
      s.registers[rsp] = .frame(base: base, offset: offset &- 8)
    case .popf where i.size == 8:
      guard case .frame(let base, let offset) = s.registers[rsp] else { return }
      s.registers[rsp] = .frame(base: base, offset: offset &+ 8)
    case .pop where i.size == 8 && i.operands.0.kind == .gpr:
      guard case .frame(let base, let offset) = s.registers[rsp] else {
        s.registers[Int(i.operands.0.number)] = .unknown
        return
      }
      s.registers[rsp] = .frame(base: base, offset: offset &+ 8)
      s.registers[Int(i.operands.0.number)] = load(s, base, offset)
    case .leave where i.size == 8:
      let rbp = Int(GPR.rbp.number)
      guard case .frame(let base, let offset) = s.registers[rbp] else {
        s.registers[rsp] = .unknown
        s.registers[rbp] = .unknown
        return
      }
      s.registers[rsp] = .frame(base: base, offset: offset &+ 8)
      s.registers[rbp] = load(s, base, offset)
    case .ret:
      if case .frame(let base, let offset) = s.registers[rsp] {
        s.registers[rsp] = .frame(base: base, offset: offset &+ 8)
      }
    case .call:
      if case .frame(let base, let offset) = s.registers[rsp] {
        store(&s, base, offset &- 8, 8, .unknown)
        s.registers[rsp] = .frame(base: base, offset: offset &- 8)
      }
    case .mov where i.size == 8 && i.operands.0.kind == .gpr && i.operands.1.kind == .gpr:
      s.registers[Int(i.operands.0.number)] = s.registers[Int(i.operands.1.number)]
    case .mov where i.size == 8 && i.operands.0.kind == .gpr && i.operands.1.kind == .memory:
      let loaded: Content
      if let (base, offset) = location(s, i) { loaded = load(s, base, offset) } else { loaded = .unknown }
      s.registers[Int(i.operands.0.number)] = loaded
    case .mov where i.operands.0.kind == .memory:
      guard let (base, offset) = location(s, i) else { return }
      store(
        &s, base, offset, Int32(i.size),
        i.size == 8 && i.operands.1.kind == .gpr ? s.registers[Int(i.operands.1.number)] : .unknown)
    case .lea where i.size == 8:
      let target: Content
      if let (base, offset) = location(s, i) {
        target = .frame(base: base, offset: offset)
      } else {
        target = .unknown
      }
      s.registers[Int(i.operands.0.number)] = target
    case .sub
    where i.operands.0 == Operand(.gpr, GPR.rsp.number, size: 8) && i.operands.1.kind == .gpr:
      rebase(&s, i)
    case .add, .sub:
      if i.size == 8, i.operands.0.kind == .gpr, i.operands.1.kind == .immediate,
        case .frame(let base, let offset) = s.registers[Int(i.operands.0.number)]
      {
        let delta = Int32(truncatingIfNeeded: Int64(bitPattern: i.immediate))
        s.registers[Int(i.operands.0.number)] =
          .frame(base: base, offset: i.operation == .add ? offset &+ delta : offset &- delta)
      } else {
        other(&s, i, effects)
      }
    case .and where i.operands.0 == Operand(.gpr, GPR.rsp.number, size: 8):
      rebase(&s, i)
    default:
      other(&s, i, effects)
    }
  }

  /// RSP is lowered by an amount that is not known.
  private static func rebase(_ s: inout State, _ i: Instruction) {
    // Named by the instruction, so that the same code gives the same base on every visit; what it was
    // on the last one is another place.
    let new = UInt8(truncatingIfNeeded: i.address % 251) &+ 1
    for n in 0..<16 where s.registers[n].isIn(new) { s.registers[n] = .unknown }
    s.slots.removeAll { $0.base == new || $0.content.isIn(new) }
    s.registers[Int(GPR.rsp.number)] = .frame(base: new, offset: 0)
  }

  private static func other(_ s: inout State, _ i: Instruction, _ effects: Effects) {
    let written = effects.changesGPR
    if effects.stores, let (base, offset) = location(s, i) {
      store(&s, base, offset, storedSize(i), .unknown)
    }
    for n in 0..<16 where written >> UInt16(n) & 1 == 1 { s.registers[n] = .unknown }
  }

  /// Bytes that the instruction may store at its memory operand. Where the table gives no size
  /// (XSAVE and the like), more than any of them.
  private static func storedSize(_ i: Instruction) -> Int32 {
    let (a, b, c, d) = i.operands
    let size = [a, b, c, d].first { $0.kind == .memory }?.size ?? 0
    return size == 0 ? 4096 : Int32(size)
  }

  private static func location(_ s: State, _ i: Instruction) -> (UInt8, Int32)? {
    guard i.base < 16, i.index == Instruction.noRegister, i.segment == 0,
      case .frame(let base, let offset) = s.registers[Int(i.base)]
    else { return nil }
    return (base, offset &+ Int32(truncatingIfNeeded: i.displacement))
  }

  private static func load(_ s: State, _ base: UInt8, _ offset: Int32) -> Content {
    for slot in s.slots where slot.base == base && slot.offset == offset {
      return slot.content
    }
    return .unknown
  }

  private static func store(
    _ s: inout State, _ base: UInt8, _ offset: Int32, _ size: Int32, _ content: Content
  ) {
    s.slots.removeAll {
      $0.base == base && $0.offset < offset &+ size && offset < $0.offset &+ 8
    }
    if content != .unknown && size == 8 {
      s.slots.append(Slot(base: base, offset: offset, content: content))
    }
  }
}
