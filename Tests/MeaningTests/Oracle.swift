import Interpreter
import OracleSupport
import RuntimeABI
import Semantics
import X86

/// Runs cases on the processor and on a meaning, and says where they differ.
struct Oracle {
  var generator: Generator
  /// Flags to leave out of the comparison, by what ran.
  var ignoredFlags: (Instruction, PlainMachine) -> UInt64 = { _, _ in 0 }
  /// Stepped instructions are compared too, with the interpreter alone.
  var stepsToo = false
  private(set) var cases = 0
  private let memory: UnsafeMutablePointer<UInt8>
  private let before = UnsafeMutablePointer<UInt8>.allocate(capacity: Window.size)
  private let native = UnsafeMutablePointer<UInt8>.allocate(capacity: Window.size)
  private let code: UInt64

  enum Unavailable: Error { case noProcessor, noMemory }

  private static let mapped: Bool = oracle_map(Window.start, Window.size) == 0

  init(seed: UInt64) throws {
    guard oracle_available() != 0 else { throw Unavailable.noProcessor }
    code = oracle_code_address()
    guard Self.mapped, code != 0,
      let memory = UnsafeMutablePointer<UInt8>(bitPattern: UInt(Window.start))
    else { throw Unavailable.noMemory }
    self.memory = memory
    generator = Generator(state: seed)
  }

  /// A random state for `encoded`, on both sides; nil if they agree.
  mutating func check(_ encoded: Encoded) -> String? {
    var state = oracle_state()
    withUnsafeMutableBytes(of: &state) { raw in
      let words = raw.bindMemory(to: UInt64.self)
      for n in 0..<16 { words[n] = generator.value() }
      words[4] = Window.middle &+ 512 &+ UInt64(8 * generator.below(8))
      for (register, value) in encoded.pinned { words[Int(register)] = value }
      words[16] = generator.next() & 0xcd5
      for n in 17..<81 { words[n] = generator.next() }
    }
    let entropy: UInt8 = generator.chance(2) ? 0xff : 1
    memory.withMemoryRebound(to: UInt64.self, capacity: Window.size / 8) { words in
      // What instructions reach lies around the middle.
      for n in 700..<1400 {
        words[n] = generator.next() & UInt64(entropy) &* 0x0101_0101_0101_0101
      }
    }
    return compare(encoded.bytes, state)
  }

  /// The same from registers that are given, with vectors of them in memory.
  mutating func checkVector(_ encoded: Encoded, _ state: oracle_state) -> String? {
    let start = words(of: state)
    memory.withMemoryRebound(to: UInt64.self, capacity: Window.size / 8) { words in
      for n in 900..<1200 { words[n] = start[17 + (n &* 5 &+ 3) & 63] }
    }
    return compare(encoded.bytes, state)
  }

  /// The same from a state and memory that are given.
  mutating func compare(_ bytes: [UInt8], _ initial: oracle_state, touchesMemory: Bool = true)
    -> String?
  {
    cases += 1
    let instruction: Instruction
    do {
      instruction = try Decoder.decode(bytes, available: bytes.count, at: code)
    } catch {
      return "\(hexadecimal(bytes)): not decoded: \(error)"
    }
    guard Int(instruction.length) == bytes.count else {
      return "\(hexadecimal(bytes)): length \(instruction.length)"
    }
    let watched = touchesMemory ? Window.size : 0
    before.update(from: memory, count: watched)
    var state = initial
    var result = oracle_result()
    guard oracle_run(bytes, bytes.count, &state, &result) == 0 else { return "\(hexadecimal(bytes)): not run" }
    native.update(from: memory, count: watched)
    memory.update(from: before, count: watched)

    var machine = PlainMachine(window: Window.start..<Window.start + UInt64(Window.size))
    let start = words(of: initial)
    machine.gpr = Array(start[0..<16])
    machine.flags = start[16]
    for n in 0..<32 {
      machine.vectors[n] = EvaluatedVector(low: start[17 + 2 * n], high: start[18 + 2 * n])
    }
    var signal: Int32 = 0
    var address: UInt64 = 0
    do {
      try machine.execute(instruction)
    } catch .fault(let fault, let place) {
      (signal, address) = (Self.signal(of: fault), place)
    } catch {
      // Only the interpreter has its meaning: the processor's answer stands for the plain one's.
      guard stepsToo else { return "\(hexadecimal(bytes)): stepped" }
      let end = words(of: state)
      machine.gpr = Array(end[0..<16])
      machine.flags = end[16]
      for n in 0..<32 {
        machine.vectors[n] = EvaluatedVector(low: end[17 + 2 * n], high: end[18 + 2 * n])
      }
      memory.update(from: native, count: watched)
    }

    var differences: [String] = []
    // A stack access that is not canonical raises #SS, a SIGBUS.
    let canonical = UInt64(bitPattern: Int64(bitPattern: address << 16) >> 16) == address
    if result.signal == 7, signal == 11, !canonical { signal = 7 }
    if signal != result.signal {
      differences.append("signal \(signal), processor \(result.signal)")
    }
    // Not canonical addresses raise #GP, which tells no address.
    if signal == 11, result.signal == 11, result.address != 0,
      result.address & ~0xff != address & ~0xff
    {
      differences.append(
        "address \(hexadecimal(address)), processor \(hexadecimal(result.address))")
    }
    let end = words(of: state)
    for n in 0..<16 where machine.gpr[n] != end[n] {
      let (old, new) = (hexadecimal(start[n]), hexadecimal(machine.gpr[n]))
      differences.append("r\(n) \(old) → \(new), processor \(hexadecimal(end[n]))")
    }
    let checked = ~ignoredFlags(instruction, machine)
    if (machine.flags ^ end[16]) & checked != 0 {
      let (old, new) = (names(start[16]), names(machine.flags))
      differences.append("flags \(old) → \(new), processor \(names(end[16]))")
    }
    for n in 0..<32 where signal == 0 {
      let vector = machine.vectors[n]
      if vector.low != end[17 + 2 * n] || vector.high != end[18 + 2 * n] {
        let old = "\(hexadecimal(start[18 + 2 * n])).\(hexadecimal(start[17 + 2 * n]))"
        let new = "\(hexadecimal(vector.high)).\(hexadecimal(vector.low))"
        let processor = "\(hexadecimal(end[18 + 2 * n])).\(hexadecimal(end[17 + 2 * n]))"
        differences.append("ymm\(n / 2) half \(n & 1) \(old) → \(new), processor \(processor)")
      }
    }
    for n in 0..<watched where memory[n] != native[n] {
      differences.append("memory +\(n): \(memory[n]), processor \(native[n])")
      break
    }
    if signal == 0, differences.isEmpty {
      memory.update(from: before, count: watched)
      differences = interpreterDifferences(instruction, start, expected: machine, watched)
    }
    if differences.isEmpty { return nil }
    let inputs = [0, 1, 2, 3].map { hexadecimal(start[$0]) }.joined(separator: " ")
    let found = differences.joined(separator: "; ")
    return "\(hexadecimal(bytes)) [rax rcx rdx rbx = \(inputs)]: \(found)"
  }

  /// The artifact's own interpreter, against what the processor and the plain machine agree on. Only
  /// where nothing faults: it accesses memory without looking.
  private func interpreterDifferences(
    _ instruction: Instruction, _ start: [UInt64], expected: PlainMachine, _ watched: Int
  ) -> [String] {
    var vcpu = VCPU()
    withUnsafeMutableBytes(of: &vcpu) { raw in
      for n in 0..<16 {
        raw.storeBytes(of: start[n], toByteOffset: VCPUOffset.gpr(n), as: UInt64.self)
      }
      for (bit, offset) in Self.flagSlots {
        raw.storeBytes(of: UInt8(start[16] >> bit & 1), toByteOffset: offset, as: UInt8.self)
      }
      for n in 0..<64 {
        raw.storeBytes(of: start[17 + n], toByteOffset: VCPUOffset.ymm(0, half: 0) + 8 * n, as: UInt64.self)
      }
    }
    var differences: [String] = []
    withUnsafeMutablePointer(to: &vcpu) { pointer in
      var machine = InterpreterMachine(pointer)
      do {
        try machine.execute(instruction)
      } catch {
        differences.append("interpreter: \(error)")
      }
    }
    withUnsafeBytes(of: vcpu) { raw in
      for n in 0..<16 {
        let value = raw.load(fromByteOffset: VCPUOffset.gpr(n), as: UInt64.self)
        if value != expected.gpr[n] { differences.append("interpreter: r\(n)") }
      }
      for (bit, offset) in Self.flagSlots
      where UInt64(raw.load(fromByteOffset: offset, as: UInt8.self)) != expected.flags >> bit & 1 {
        differences.append("interpreter: flag \(bit)")
      }
      for n in 0..<64 {
        let value = raw.load(fromByteOffset: VCPUOffset.ymm(0, half: 0) + 8 * n, as: UInt64.self)
        let wanted = expected.vectors[n / 2]
        if value != (n & 1 == 0 ? wanted.low : wanted.high) {
          differences.append("interpreter: ymm\(n / 4) word \(n & 3) \(hexadecimal(value))")
        }
      }
    }
    for n in 0..<watched where memory[n] != native[n] {
      differences.append("interpreter: memory +\(n)")
      break
    }
    return differences
  }

  private static let flagSlots: [(UInt64, Int)] = [
    (0, VCPUOffset.cf), (2, VCPUOffset.pf), (4, VCPUOffset.af), (6, VCPUOffset.zf),
    (7, VCPUOffset.sf), (10, VCPUOffset.df), (11, VCPUOffset.of),
  ]

  static func signal(of fault: Fault) -> Int32 {
    switch fault {
    case .divideError, .floatingPoint: return 8
    case .invalidOpcode: return 4
    case .debug, .breakpoint: return 5
    case .overflow, .generalProtection, .pageFault: return 11
    }
  }

  private func words(of state: oracle_state) -> [UInt64] {
    withUnsafeBytes(of: state) { Array($0.bindMemory(to: UInt64.self)) }
  }
  private func hexadecimal(_ value: UInt64) -> String { String(value, radix: 16) }
  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { hexadecimal(UInt64($0 >> 4)) + hexadecimal(UInt64($0 & 15)) }
      .joined(separator: " ")
  }
  private func names(_ flags: UInt64) -> String {
    let all: [(UInt64, String)] = [
      (11, "OF"), (10, "DF"), (7, "SF"), (6, "ZF"), (4, "AF"), (2, "PF"), (0, "CF"),
    ]
    let set = all.filter { flags >> $0.0 & 1 == 1 }.map(\.1)
    return set.isEmpty ? "none" : set.joined(separator: " ")
  }
}
