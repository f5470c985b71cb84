/// What a replay printed (ReplayDriver.swift), by invocation.
public struct ReplayOutput: Sendable {
  public struct Entry: Sendable {
    /// Nanoseconds of each repetition.
    public var times: [Double] = []
    /// Masks of general registers and of words of vector registers (four each), words of memory.
    public var differences: (registers: UInt64, vectors: UInt64, memory: UInt64)?
  }
  public private(set) var entries: [Int: Entry] = [:]

  /// nil: not a replay's output, or not all of it.
  public init?(_ text: some StringProtocol) {
    var current = -1
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      let numbers = words.dropFirst().map { UInt64($0, radix: 16) }
      guard let first = words.first, !numbers.isEmpty, !numbers.contains(nil) else { return nil }
      switch (first, numbers.count) {
      case ("I", 1):
        current = Int(truncatingIfNeeded: numbers[0]!)
        entries[current] = Entry()
      case ("T", 1) where current >= 0: entries[current]!.times.append(Double(numbers[0]!))
      case ("R", 3) where current >= 0:
        entries[current]!.differences = (numbers[0]!, numbers[1]!, numbers[2]!)
      default: return nil
      }
    }
  }
}

extension Invocation {
  /// Whether a replay ended as the program's own run did. `native`: the original machine code, of
  /// which every register is compared; a translation promises those that the psABI keeps.
  public func isEqual(_ differences: (registers: UInt64, vectors: UInt64, memory: UInt64), native: Bool)
    -> Bool
  {
    if differences.memory != 0 { return false }
    let preserved: UInt64 = 0b1111_0000_0011_1000  // rbx rsp rbp r12…r15
    let stackPointer: UInt64 = 1 << 4
    switch (end, native) {
    case (.return, true): return differences.registers == 0 && differences.vectors == 0
    case (.return, false):
      return differences.registers & (preserved | results.registers) == 0
        && differences.vectors & results.vectors == 0
    // The system call has already changed rcx and r11 where the run was looked at.
    case (.systemCall, true): return differences.registers & ~0x802 == 0 && differences.vectors == 0
    case (.block, true): return differences.registers == 0 && differences.vectors == 0
    // Others are the translator's to drop.
    case (_, false): return differences.registers & stackPointer == 0
    }
  }
}
