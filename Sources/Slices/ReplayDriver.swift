// The replay program's own part: x86-64 assembly for LLVM, which puts memory and registers as they
// were, runs a stretch of the program, looks at what came out, and prints times. It is guest code
// like the rest, so that one program gives t1 as it is, and t2 once it is translated.
//
// Usage: replay FIRST LAST REPETITIONS MODE. MODE 1 leaves the stretch itself out, which
// gives the cost of the rest. For each invocation it prints
//     I number
//     T nanoseconds                         for each repetition
//     R registers vectors memory            what differs: two masks of bits, a count of words
// all in hexadecimal. Times are the thread's processor time: the kernel counts that of a process in
// ticks as soon as it is limited (`ulimit -t`). The first record is a function that returns at once.

enum ReplayDriver {
  static let textAddress: UInt64 = 0x10_0000
  static let stubAddress: UInt64 = 0x10_8000
  static let dataAddress: UInt64 = 0x11_0000
  /// In the data: the `rcx` that counters keep, and the counters.
  static let savedAddress: UInt64 = 0x11_4000
  static let countersAddress: UInt64 = 0x11_4008
  static let dataEnd: UInt64 = 0x11_5000
  /// Count of records, addresses of records, records, pages: all of it XORed with `mask`, so that
  /// nobody takes addresses in it for pointers to code.
  static let tableAddress: UInt64 = 0x3_0000_0000
  static let mask: UInt64 = 0xa5c3_96e1_5a3c_691e

  static func offset(_ field: Field, _ word: Int = 0) -> Int { 8 * (field.rawValue + word) }

  /// Words of a record.
  enum Field: Int {
    case entry = 0
    case registers = 1  // 16
    case threadBase = 17
    case pageCount = 18
    case pages = 19
    case counter = 20
    case count = 21
    case deadLow = 22
    case deadHigh = 23
    case endRegisters = 24  // 16
    case vectors = 40  // YMM0 to YMM15, 64
    case endVectors = 104  // 64
    /// 1: the stretch begins inside of a function, whose return address is nobody's business.
    case isInside = 168
    static let size = 169
  }

  /// - Parameter isWide: upper halves of YMM registers are loaded and kept, too. Without it they are zero at
  ///   all ends, and the driver does without AVX, which not every machine has.
  static func assembly(tableSize: UInt64, isWide: Bool) -> String {
    [
      ".intel_syntax noprefix", ".section .text.replay,\"ax\",@progbits", program(tableSize: tableSize),
      restore, stretch(isWide: isWide), compare, output, data, ".att_syntax", "",
    ].joined(separator: "\n")
  }
}
