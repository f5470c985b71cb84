import Discovery
import X86

/// Questions about the program's code that profiling and cutting ask all the time.
struct CodeIndex {
  let functions: [GuestFunction]
  private let blocks: [(start: UInt64, end: UInt64, function: Int)]
  /// Return address → target of the call in front of it, 0 for an indirect one.
  let calls: [UInt64: UInt64]
  /// CPUID instructions.
  let identifications: [UInt64]
  let depths: StackDepths
  /// Function number → entries it leaves to by jumps, 0 for unknown ones.
  private let jumps: [Set<UInt64>]

  init(_ discovery: Discovery) {
    functions = discovery.functions.filter { !$0.isResume }
    var blocks: [(start: UInt64, end: UInt64, function: Int)] = []
    var calls: [UInt64: UInt64] = [:]
    for (number, function) in functions.enumerated() {
      for block in function.blocks {
        blocks.append((block.start, block.end, number))
        switch block.terminator {
        case .call(let target, _): calls[block.end] = target
        case .indirectCall: calls[block.end] = 0
        default: break
        }
      }
    }
    // Of functions that share a block, the one that begins closest before it.
    blocks.sort { ($0.start, $1.function) < ($1.start, $0.function) }
    self.blocks = blocks
    self.calls = calls
    identifications = Set(
      functions.lazy.flatMap(\.blocks).flatMap { block in
        block.instructions.filter { $0.operation == .cpuid }.map { $0.next - UInt64($0.length) }
      }
    ).sorted()
    depths = StackDepths(functions)
    jumps = functions.map { Set($0.tailCalls + ($0.jumpsAnywhere ? [0] : [])) }
  }

  /// The function whose code `address` is in. O(log n).
  func function(containing address: UInt64) -> Int? {
    var low = 0
    var high = blocks.count
    while low < high {
      let middle = (low + high) / 2
      if blocks[middle].start <= address { low = middle + 1 } else { high = middle }
    }
    while low > 0 {
      low -= 1
      if blocks[low].end > address { return blocks[low].function }
      if address - blocks[low].start > 4096 { return nil }
    }
    return nil
  }

  /// Control that calls `target` may be in `function` without another call: it is that function, or
  /// one that its jumps lead to.
  func reaches(_ target: UInt64, _ function: Int) -> Bool {
    if target == 0 || target == functions[function].entry { return true }
    var seen: Set<UInt64> = [target]
    var work = [target]
    while let entry = work.popLast(), seen.count < 16 {
      guard let number = self.function(containing: entry) else { continue }
      if number == function { return true }
      if jumps[number].contains(0) { return true }
      for next in jumps[number] where seen.insert(next).inserted { work.append(next) }
    }
    return false
  }

  /// A block of it comes before itself, or before one that lies in front of it.
  func hasLoop(_ function: Int) -> Bool {
    functions[function].blocks.contains { block in block.successors.contains { $0 <= block.start } }
  }

  func block(at address: UInt64) -> BasicBlock? {
    for function in functions {
      if let position = function.position(of: address) { return function.blocks[position] }
    }
    return nil
  }

  /// A block starts inside of `range`, behind its first byte.
  func isEntered(_ range: Range<UInt64>) -> Bool {
    blocks.contains { $0.start > range.lowerBound && $0.start < range.upperBound }
  }
}

extension GuestFunction {
  /// It ends in a call of what a pointer says, as stubs of resolved functions do.
  fileprivate var jumpsAnywhere: Bool {
    blocks.contains { block in
      if case .indirectJump = block.terminator { return true }
      return false
    }
  }
}
