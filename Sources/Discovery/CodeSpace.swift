import ELF
import X86

/// The executable bytes of a program as one flat index space, so that facts about addresses live in
/// arrays. Indices run through the executable ranges one after the other.
struct CodeSpace {
  let ranges: [Range<UInt64>]
  /// Index of each range's first byte.
  let firsts: [Int]
  let count: Int
  let bytes: [UInt8]

  init(_ program: Program) {
    ranges = program.executableRanges
    var firsts: [Int] = []
    var bytes: [UInt8] = []
    for range in ranges {
      firsts.append(bytes.count)
      bytes += program.bytes(at: range.lowerBound, count: Int(range.upperBound - range.lowerBound))
    }
    self.firsts = firsts
    self.bytes = bytes
    count = bytes.count
  }

  /// Position in `ranges`. Programs have one or two; hostile ones a thousand.
  @inline(__always)
  private func range(_ address: UInt64) -> Int? {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound <= address { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound <= address ? low : nil
  }

  @inline(__always)
  func index(_ address: UInt64) -> Int? {
    guard let number = range(address) else { return nil }
    return firsts[number] + Int(address - ranges[number].lowerBound)
  }

  /// Bytes from `address` to the end of its range.
  func available(_ address: UInt64) -> Int {
    range(address).map { Int(ranges[$0].upperBound - address) } ?? 0
  }

  func address(_ index: Int) -> UInt64 {
    var number = firsts.count - 1
    while number > 0, firsts[number] > index { number -= 1 }
    return ranges[number].lowerBound + UInt64(index - firsts[number])
  }

  func decode(_ address: UInt64) -> Instruction? {
    guard let index = index(address) else { return nil }
    let available = available(address)
    return bytes.withUnsafeBufferPointer {
      try? Decoder.decode($0.baseAddress! + index, available: available, at: address)
    }
  }
}

/// What an instruction does to control flow.
enum Flow {
  case next
  case jump(UInt64)
  case indirectJump
  case branch(UInt64)
  case call(UInt64)
  case indirectCall
  case ret
  case fault
}

extension Instruction {
  var flow: Flow {
    switch operation {
    case .jcc, .loop, .loope, .loopne, .jrcxz: return .branch(target)
    case .jmp: return operands.0.kind == .relative ? .jump(target) : .indirectJump
    case .call: return operands.0.kind == .relative ? .call(target) : .indirectCall
    case .ret: return .ret
    case .hlt, .ud0, .ud1, .ud2, .int, .int1, .int3, .iret, .jmpFar, .callFar, .retFar, .sysret:
      return .fault
    default: return .next
    }
  }
}
