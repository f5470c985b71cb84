// How far the stack pointer is from a function's return address, by what its instructions do to it. Unknown where they
// do something else than to push, pop, add and subtract.
import Discovery
import X86

final class StackDepths {
  private let code: [GuestFunction]
  /// By function, by the block's start: bytes below the return address.
  private var known: [Int: [UInt64: Int]] = [:]

  init(_ code: [GuestFunction]) { self.code = code }

  /// Before the instruction at `address` of function `number`; nil: not known.
  func depth(_ number: Int, at address: UInt64) -> Int? {
    let function = code[number]
    if known[number] == nil { known[number] = Self.find(function) }
    guard let block = function.blocks.last(where: { $0.start <= address && address < $0.end }),
      var depth = known[number]?[block.start]
    else { return nil }
    for instruction in block.instructions {
      if instruction.address == address { return depth }
      guard let next = Self.behind(instruction, depth) else { return nil }
      depth = next
    }
    return nil
  }

  private static func find(_ function: GuestFunction) -> [UInt64: Int] {
    var found = [function.entry: 0]
    var work = [function.entry]
    while let start = work.popLast() {
      guard let block = function.position(of: start).map({ function.blocks[$0] }) else { continue }
      var depth = found[start]
      for instruction in block.instructions { depth = depth.flatMap { behind(instruction, $0) } }
      guard let depth else { continue }
      for next in block.successors where found[next] == nil {
        found[next] = depth
        work.append(next)
      }
    }
    return found
  }

  /// What a call pushes is gone when it has returned.
  private static func behind(_ instruction: Instruction, _ depth: Int) -> Int? {
    let stack: UInt8 = 4
    let to = instruction.operands.0
    let isStack = to.kind == .gpr && to.number == stack && instruction.size == 8
    switch instruction.operation {
    case .push where instruction.size == 8: return depth + 8
    case .pop where instruction.size == 8 && !isStack: return depth - 8
    case .call: return depth
    case .sub where isStack && instruction.operands.1.kind == .immediate:
      return depth + Int(Int64(bitPattern: instruction.immediate))
    case .add where isStack && instruction.operands.1.kind == .immediate:
      return depth - Int(Int64(bitPattern: instruction.immediate))
    case .lea where isStack && instruction.base == stack && instruction.index == Instruction.noRegister:
      return depth - Int(instruction.displacement)
    default: return effects(of: instruction).changesGPR & 1 << 4 == 0 ? depth : nil
    }
  }
}
