// Which registers a system call reads: what it takes by its number (Linux's syscall_64.tbl), so that
// R10, R8 and R9 are not carried to calls that do not look at them.

import Discovery
import X86

enum SystemCallArguments {
  /// Numbers of calls with at most three arguments; all others are taken to have six.
  private static let atMostThree: [ClosedRange<UInt64>] = [
    0...8, 10...12, 15...16, 19...22, 24...24, 26...39, 41...43, 46...52, 57...60, 62...68, 71...100,
    102...127, 129...133, 137...138, 140...141, 186...186, 200...201, 218...218, 228...229,
    231...231, 234...234, 292...293, 318...318,
  ]

  /// Of a call with this number, or with any: its arguments, RAX and RSP, as bits.
  static func registers(number: UInt64?) -> UInt16 {
    let few: [GPR] = [.rax, .rsp, .rdi, .rsi, .rdx]
    let isShort = number.map { n in atMostThree.contains { $0.contains(n) } } ?? false
    return (isShort ? few : few + [.r10, .r8, .r9]).reduce(0) { $0 | 1 << UInt16($1.number) }
  }

  /// What RAX holds before instruction `k`, if the block says.
  static func number(before k: Int, in instructions: [Instruction], _ effects: [Effects])
    -> UInt64?
  {
    let rax: UInt16 = 1
    guard let writer = effects[..<k].lastIndex(where: { $0.changesGPR & rax != 0 }) else { return nil }
    let i = instructions[writer]
    let (to, from) = (i.operands.0, i.operands.1)
    guard to.kind == .gpr, to.number == 0, to.size >= 4 else { return nil }
    switch i.operation {
    case .mov: return from.kind == .immediate ? i.immediate & 0xffff_ffff : nil
    case .xor: return from == to ? 0 : nil
    default: return nil
    }
  }
}
