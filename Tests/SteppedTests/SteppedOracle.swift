import Interpreter
import OracleSupport
import RuntimeABI
import Semantics
import X86

/// Splitmix: the same numbers for a seed everywhere.
struct Generator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
  mutating func below(_ n: Int) -> Int { Int(next() % UInt64(n)) }
}

/// An 80-bit number as it lies in memory.
struct Extended: Equatable, CustomStringConvertible {
  var significand: UInt64
  var signExponent: UInt16

  /// Distance in units in the last place of numbers of the same sign; nil where it makes no sense.
  func distance(to other: Extended) -> UInt64? {
    if self == other { return 0 }
    let special = { (a: Extended) in a.signExponent & 0x7fff == 0x7fff }
    if special(self) || special(other) { return nil }
    if (signExponent ^ other.signExponent) & 0x8000 != 0 { return nil }
    // Ordered by exponent and significand, whose integer bit does not count as a step.
    let order = { (a: Extended) -> Int128 in
      Int128(a.signExponent & 0x7fff) << 63 + Int128(a.significand & (1 << 63 - 1))
    }
    return UInt64(truncatingIfNeeded: (order(self) - order(other)).magnitude)
  }

  var description: String {
    String(signExponent, radix: 16) + ":" + String(significand, radix: 16)
  }
}

/// Runs FXRSTOR, an instruction, FXSAVE on the processor and in the interpreter, and compares what
/// FXSAVE stored, the general registers, the flags and memory.
struct SteppedOracle {
  static let start: UInt64 = 0x2100_0000
  static let size = 0x4000
  /// The state before, the state after, and the instruction's memory operand.
  static let before = start, after = start + 0x1000, operand = start + 0x2000
  private static let mapped: Bool = oracle_map(start, size) == 0

  struct Unavailable: Error {}
  struct Outcome {
    var registers: [Extended] = []
    var image: [UInt8] = []
    var memory: [UInt8] = []
    var gpr: [UInt64] = []
    var flags: UInt64 = 0
    var status: UInt16 { UInt16(image[2]) | UInt16(image[3]) << 8 }
  }

  var generator: Generator
  private let memory: UnsafeMutablePointer<UInt8>
  private let code: UInt64

  init(seed: UInt64) throws {
    guard oracle_available() != 0, Self.mapped else { throw Unavailable() }
    code = oracle_code_address()
    guard code != 0, let memory = UnsafeMutablePointer<UInt8>(bitPattern: UInt(Self.start)) else {
      throw Unavailable()
    }
    self.memory = memory
    generator = Generator(state: seed)
  }

  /// A random FXSAVE image with exceptions masked; `top` and `control` where they are given.
  mutating func image(_ values: [Extended], control: UInt16? = nil, full: Bool) -> [UInt8] {
    var image = [UInt8](repeating: 0, count: 512)
    func put(_ value: UInt64, _ count: Int, at place: Int) {
      for n in 0..<count { image[place + n] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(n))) }
    }
    let random = UInt16(truncatingIfNeeded: generator.next())
    let precision: UInt16 = [0, 0x200, 0x300, 0x300][generator.below(4)]
    put(UInt64(control ?? (random & 0xc00 | precision | 0x7f)), 2, at: 0)
    put(generator.next() & 0x7f7f & ~0x3840 | UInt64(generator.below(8)) << 11, 2, at: 2)
    put(full ? 0xff : generator.next() & 0xff, 1, at: 4)
    put(0x1f80, 4, at: 24)
    for (n, value) in values.enumerated() {
      put(value.significand, 8, at: 32 + 16 * n)
      put(UInt64(value.signExponent), 2, at: 40 + 16 * n)
    }
    for n in 0..<32 { put(generator.next(), 8, at: 160 + 8 * n) }
    return image
  }

  /// `bytes` on both sides: (processor, interpreter). Its memory operand, if any, is [rbx].
  mutating func run(_ bytes: [UInt8], _ image: [UInt8]) throws -> (Outcome, Outcome) {
    var operand: [UInt8] = []
    for _ in 0..<32 {
      let word = generator.next()
      operand += (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
    }
    return try run(bytes, image, operand: operand)
  }

  mutating func run(_ bytes: [UInt8], _ image: [UInt8], operand: [UInt8]) throws
    -> (Outcome, Outcome)
  {
    var state = oracle_state()
    withUnsafeMutableBytes(of: &state) { raw in
      let words = raw.bindMemory(to: UInt64.self)
      for n in 0..<16 { words[n] = generator.next() }
      words[3] = Self.operand
      words[4] = Self.start + 0x3800
      words[6] = Self.after
      words[7] = Self.before
      words[16] = generator.next() & 0x8d5
    }
    let initial = withUnsafeBytes(of: state) { Array($0.bindMemory(to: UInt64.self)) }

    let restore: [UInt8] = [0x0f, 0xae, 0x0f]  // fxrstor [rdi]
    let save: [UInt8] = [0x0f, 0xae, 0x06]  // fxsave [rsi]
    fill(image, operand)
    var result = oracle_result()
    let all = restore + bytes + save + [0xdb, 0xe3]  // fninit
    guard oracle_run(all, all.count, &state, &result) == 0, result.signal == 0 else {
      throw Unavailable()
    }
    var native = outcome()
    let end = withUnsafeBytes(of: state) { Array($0.bindMemory(to: UInt64.self)) }
    native.gpr = Array(end[0..<16])
    native.flags = end[16]

    fill(image, operand)
    var vcpu = VCPU()
    for n in 0..<16 { vcpu.gpr[n] = initial[n] }
    func flag(_ bit: UInt64) -> UInt8 { UInt8(initial[16] >> bit & 1) }
    (vcpu.cf, vcpu.pf, vcpu.af, vcpu.zf) = (flag(0), flag(2), flag(4), flag(6))
    (vcpu.sf, vcpu.of) = (flag(7), flag(11))
    for part in [restore, bytes, save] {
      let instruction = try Decoder.decode(part, available: part.count, at: code)
      try withUnsafeMutablePointer(to: &vcpu) { pointer in
        var machine = InterpreterMachine(pointer)
        try machine.execute(instruction)
      }
    }
    var evaluated = outcome()
    evaluated.gpr = (0..<16).map { vcpu.gpr[$0] }
    let slots: [(UInt8, UInt64)] = [
      (vcpu.cf, 0), (vcpu.pf, 2), (vcpu.af, 4), (vcpu.zf, 6), (vcpu.sf, 7), (vcpu.of, 11),
    ]
    evaluated.flags = slots.reduce(0) { $0 | UInt64($1.0) << $1.1 }
    return (native, evaluated)
  }

  private func fill(_ image: [UInt8], _ operand: [UInt8]) {
    for n in 0..<512 { memory[n] = image[n] }
    for n in 0..<512 { memory[0x1000 + n] = 0 }
    for n in 0..<operand.count { memory[0x2000 + n] = operand[n] }
  }

  private func outcome() -> Outcome {
    var outcome = Outcome()
    outcome.image = (0..<512).map { memory[0x1000 + $0] }
    outcome.memory = (0..<512).map { memory[0x2000 + $0] }
    for n in 0..<8 {
      let place = UnsafeRawPointer(memory + 0x1000 + 32 + 16 * n)
      outcome.registers.append(
        Extended(
          significand: place.loadUnaligned(as: UInt64.self),
          signExponent: place.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
    }
    return outcome
  }

  /// Where the two differ, by name; registers that `ignoring` holds are left out. Instruction and
  /// data pointers, MXCSR's mask and its exception flags are not kept and not compared.
  static func differences(
    _ native: Outcome, _ evaluated: Outcome, ignoring: Set<Int> = [], status: UInt16 = 0xffff
  ) -> [String] {
    var found: [String] = []
    if native.image[0..<2] != evaluated.image[0..<2] { found.append("control") }
    if (native.status ^ evaluated.status) & status != 0 {
      let (a, b) = (String(evaluated.status, radix: 16), String(native.status, radix: 16))
      found.append("status \(a), processor \(b)")
    }
    if native.image[4] != evaluated.image[4] { found.append("tags") }
    for n in 0..<8 where native.registers[n] != evaluated.registers[n] && !ignoring.contains(n) {
      found.append("st\(n) \(evaluated.registers[n]), processor \(native.registers[n])")
    }
    if native.image[160..<416] != evaluated.image[160..<416] { found.append("xmm") }
    if native.memory != evaluated.memory { found.append("memory") }
    for n in 0..<16 where native.gpr[n] != evaluated.gpr[n] { found.append("r\(n)") }
    if (native.flags ^ evaluated.flags) & 0x8d5 != 0 { found.append("flags") }
    return found
  }
}
