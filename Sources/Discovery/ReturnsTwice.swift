// Functions that return once more, when somebody jumps to what they have put away: setjmp, getcontext,
// and switches between stacks. They are known by what they do, since stripped programs have no names: they store
// the callee-saved registers, as they are, through one of their arguments.

import X86

enum ReturnsTwice {
  /// Entries of such functions, and of those that end in a jump to one.
  static func find(_ functions: [GuestFunction]) -> Set<UInt64> {
    var found = Set(functions.filter(\.storesKeptRegisters).map(\.entry))
    if found.isEmpty { return found }
    for _ in 0..<3 {
      for function in functions where function.tailCalls.contains(where: found.contains) {
        found.insert(function.entry)
      }
    }
    return found
  }
}

extension GuestFunction {
  fileprivate var storesKeptRegisters: Bool {
    var changed: UInt16 = 0
    var stored = [UInt16](repeating: 0, count: 16)
    for i in beginning {
      if let (base, register) = i.storedRegister, changed & (1 << base | 1 << register) == 0 {
        stored[Int(base)] |= 1 << register
      }
      changed |= effects(of: i).changesGPR
    }
    return GuestFunction.arguments.contains { stored[$0] & GuestFunction.kept == GuestFunction.kept }
  }

  /// What surely runs first.
  private var beginning: [Instruction] {
    var all: [Instruction] = []
    var here = entry
    for _ in 0..<4 {
      guard let block = position(of: here).map({ blocks[$0] }) else { break }
      all += block.instructions
      switch block.terminator {
      case .jump(let next), .fallthrough(let next): here = next
      default: return all
      }
    }
    return all
  }

  /// RBX, R12–R15: RBP may be put away scrambled, as RSP is.
  private static let kept: UInt16 = 0b1111_0000_0000_1000
  /// RDI, RSI, RDX and RCX.
  private static let arguments = [7, 6, 2, 1]
}

extension Instruction {
  /// `mov [base + X], register`.
  fileprivate var storedRegister: (base: UInt8, register: UInt8)? {
    let (to, from) = (operands.0, operands.1)
    guard operation == .mov, size == 8, to.kind == .memory, from.kind == .gpr, base < 16,
      index == Instruction.noRegister, segment == 0
    else { return nil }
    return (base, from.number)
  }
}
