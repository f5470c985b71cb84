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

  private static let four: Set<UInt64> = [
    13, 14, 17, 18, 40, 53, 61, 101, 128, 230, 232, 233, 257, 262, 288, 302,
  ]
  private static let futex: UInt64 = 202

  /// Of the call at instruction `k`: its arguments, RAX and RSP, as bits.
  static func registers(at k: Int, in instructions: [Instruction], _ effects: [Effects]) -> UInt16 {
    var registers: [GPR] = [.rax, .rsp, .rdi, .rsi, .rdx]
    let number = constant(.rax, before: k, in: instructions, effects)
    switch number {
    case .some(let n) where atMostThree.contains { $0.contains(n) }: break
    case .some(let n) where four.contains(n): registers += [.r10]
    case .some(futex):
      // FUTEX_WAIT has a time limit, FUTEX_WAKE three arguments (futex(2)).
      switch constant(.rsi, before: k, in: instructions, effects).map({ $0 & 0x7f }) {
      case 0: registers += [.r10]
      case 1: break
      default: registers += [.r10, .r8, .r9]
      }
    default: registers += [.r10, .r8, .r9]
    }
    return registers.reduce(0) { $0 | 1 << UInt16($1.number) }
  }

  /// What a register holds before instruction `k`, if the block says.
  private static func constant(
    _ r: GPR, before k: Int, in instructions: [Instruction], _ effects: [Effects]
  ) -> UInt64? {
    let bit: UInt16 = 1 << UInt16(r.number)
    guard let writer = effects[..<k].lastIndex(where: { $0.changesGPR & bit != 0 }) else {
      return nil
    }
    let i = instructions[writer]
    let (to, from) = (i.operands.0, i.operands.1)
    guard to.kind == .gpr, to.number == r.number, to.size >= 4 else { return nil }
    switch i.operation {
    case .mov: return from.kind == .immediate ? i.immediate & 0xffff_ffff : nil
    case .xor: return from == to ? 0 : nil
    default: return nil
    }
  }
}
