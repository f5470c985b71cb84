/// General registers of a stopped tracee by the encoding's numbers, and the others by name.
public struct GuestRegisters: Sendable, Equatable {
  var words: [UInt64]
  package init() { words = .init(repeating: 0, count: 27) }

  /// Position in `words` of the register with that number: rax rcx rdx rbx rsp rbp rsi rdi r8…r15.
  static let order = [10, 11, 12, 5, 19, 4, 13, 14, 9, 8, 7, 6, 3, 2, 1, 0]
  subscript(number: Int) -> UInt64 {
    get { words[Self.order[number]] }
    set { words[Self.order[number]] = newValue }
  }
  var general: [UInt64] { (0..<16).map { self[$0] } }
  var systemCall: UInt64 {
    get { words[15] }
    set { words[15] = newValue }
  }
  var pc: UInt64 {
    get { words[16] }
    set { words[16] = newValue }
  }
  var flags: UInt64 { words[18] }
  var stack: UInt64 {
    get { words[19] }
    set { words[19] = newValue }
  }
  var threadBase: UInt64 { words[21] }
}
