// Which registers a system call reads: what it takes by its number (Linux's syscall_64.tbl), so that others are not carried
// to calls that do not look at them.

import Discovery
import X86

enum SystemCallArguments {
  /// Calls by the number of their arguments, where that is not three.
  private static let counts: [(count: Int, numbers: [ClosedRange<UInt64>])] = [
    (
      0,
      [
        24...24, 34...34, 39...39, 57...58, 102...102, 104...104, 107...108, 110...112, 152...153, 162...162,
        186...186, 219...219, 253...253
      ]
    ),
    (
      1,
      [
        3...3, 12...12, 22...22, 32...32, 37...37, 60...60, 63...63, 67...67, 74...75, 80...81, 84...84, 87...87,
        95...95, 99...100, 105...106, 121...124, 145...147, 151...151, 161...161, 163...163, 168...168, 201...201,
        207...207, 213...213, 218...218, 225...226, 231...231, 272...272, 284...284, 291...291, 294...294,
        306...306, 323...323, 331...331
      ]
    ),
    (
      2,
      [
        4...6, 11...11, 21...21, 33...33, 35...36, 48...48, 50...50, 62...62, 68...68, 76...77, 79...79, 82...83,
        85...86, 88...88, 90...91, 93...93, 96...98, 109...109, 115...116, 125...127, 130...132, 136...138,
        140...140, 142...143, 148...150, 155...155, 158...158, 160...160, 164...164, 166...167, 170...171,
        176...176, 197...199, 206...206, 224...224, 227...229, 235...235, 244...244, 252...252, 255...255,
        273...273, 283...283, 287...287, 290...290, 293...293, 300...300, 305...305, 308...308, 319...319, 330...330
      ]
    ),
    (
      4,
      [
        13...14, 17...18, 40...40, 53...53, 61...61, 66...66, 69...69, 101...101, 128...128, 169...169, 179...179,
        191...193, 220...221, 223...223, 230...230, 232...233, 240...240, 246...246, 249...249, 256...257,
        259...259, 262...262, 264...264, 267...267, 276...278, 280...280, 285...286, 288...289, 297...297,
        302...302, 307...307, 315...315, 329...329, 334...334
      ]
    ),
    (
      5,
      [
        23...23, 25...25, 54...56, 70...70, 157...157, 165...165, 188...190, 208...208, 216...216, 239...239,
        242...243, 247...248, 250...250, 260...260, 265...265, 271...271, 295...296, 298...299, 301...301,
        303...303, 312...312, 316...316, 320...320, 322...322, 332...332
      ]
    ),
    (
      6,
      [
        9...9, 44...45, 202...202, 237...237, 270...270, 275...275, 279...279, 281...281, 310...311, 326...328,
        333...333
      ]
    ),
  ]
  /// Numbers above are not in the table.
  private static let last: UInt64 = 334
  private static var places: [GPR] { [.rdi, .rsi, .rdx, .r10, .r8, .r9] }
  private static let futex: UInt64 = 202

  /// Of the call at instruction `k`: its arguments, RAX and RSP, as bits.
  static func registers(at k: Int, in instructions: [Instruction], _ effects: [Effects]) -> UInt16 {
    let places = places.prefix(count(at: k, in: instructions, effects).atMost)
    return ([.rax, .rsp] + places).reduce(0) { $0 | 1 << UInt16($1.number) }
  }

  /// Those of them that the call may have no use for, by what the block says.
  static func uncertain(at k: Int, in instructions: [Instruction], _ effects: [Effects]) -> RegisterSet {
    let count = count(at: k, in: instructions, effects)
    return places[count.atLeast..<count.atMost].reduce(into: []) { $0.insert(.gpr($1)) }
  }

  private static func count(
    at k: Int, in instructions: [Instruction], _ effects: [Effects]
  ) -> (atLeast: Int, atMost: Int) {
    guard let number = constant(.rax, before: k, in: instructions, effects), number <= last else { return (3, 6) }
    if number == futex {
      // FUTEX_WAIT has a time limit, FUTEX_WAKE three arguments (futex(2)).
      switch constant(.rsi, before: k, in: instructions, effects).map({ $0 & 0x7f }) {
      case 0: return (4, 4)
      case 1: return (3, 3)
      case nil: return (3, 6)
      default: return (6, 6)
      }
    }
    let count = counts.first { $0.numbers.contains { $0.contains(number) } }?.count ?? 3
    return (count, count)
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
