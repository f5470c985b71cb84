import Semantics
import Testing
import X86

/// What the oracle cannot run, because it leaves the straight way: expectations from the manual.
@Suite(.serialized) struct `Control transfers` {
  private let here: UInt64 = 0x40_0000

  /// Runs one instruction with `rsp` in the middle of a small stack of its own.
  private func run(
    _ bytes: [UInt8], _ prepare: (inout PlainMachine) -> Void = { _ in }
  ) throws -> (machine: PlainMachine, pushed: UInt64) {
    let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: 64)
    defer { memory.deallocate() }
    for n in 0..<64 { memory[n] = UInt64(n) }
    let start = UInt64(UInt(bitPattern: memory))
    var machine = PlainMachine(window: start..<start + 512)
    machine.gpr[4] = start + 256
    prepare(&machine)
    let i = try Decoder.decode(bytes, available: bytes.count, at: here)
    try machine.execute(i)
    return (machine, memory[31])
  }

  @Test func `call pushes the next address`() throws {
    let (machine, pushed) = try run([0xe8, 0x10, 0, 0, 0])
    #expect(machine.transfer == .call(here + 0x15))
    #expect(pushed == here + 5)
  }

  @Test func `call through rsp uses the old value`() throws {
    let (machine, pushed) = try run([0xff, 0xd4])
    #expect(pushed == here + 2)
    #expect(machine.transfer == .call(machine.gpr[4] + 8))
  }

  @Test func `ret pops the target, and releases arguments`() throws {
    let (machine, _) = try run([0xc3])
    #expect(machine.transfer == .ret(32))
    let (releasing, _) = try run([0xc2, 0x10, 0])
    #expect(releasing.gpr[4] == releasing.window.lowerBound + 256 + 8 + 16)
  }

  @Test func `loop counts rcx down to zero`() throws {
    let (on, _) = try run([0xe2, 0xfe]) { $0.gpr[1] = 2 }
    #expect(on.transfer == .to(here) && on.gpr[1] == 1)
    let (out, _) = try run([0xe2, 0xfe]) { $0.gpr[1] = 1 }
    #expect(out.transfer == .none && out.gpr[1] == 0)
    let (wrapped, _) = try run([0xe2, 0xfe]) { $0.gpr[1] = 0 }
    #expect(wrapped.transfer == .to(here) && wrapped.gpr[1] == ~0)
  }

  @Test func `loop with 67 counts ecx`() throws {
    let (machine, _) = try run([0x67, 0xe2, 0xfd]) { $0.gpr[1] = 0x1_0000_0001 }
    #expect(machine.transfer == .none && machine.gpr[1] == 0)
  }

  @Test func `loope and loopne look at ZF`() throws {
    let zf: UInt64 = 1 << 6
    #expect(try run([0xe1, 0xfe]) { $0.gpr[1] = 5; $0.flags = zf }.machine.transfer == .to(here))
    #expect(try run([0xe1, 0xfe]) { $0.gpr[1] = 5 }.machine.transfer == .none)
    #expect(try run([0xe0, 0xfe]) { $0.gpr[1] = 5 }.machine.transfer == .to(here))
    #expect(try run([0xe0, 0xfe]) { $0.gpr[1] = 5; $0.flags = zf }.machine.transfer == .none)
  }

  @Test func `jrcxz looks at rcx, jecxz at ecx`() throws {
    #expect(try run([0xe3, 0x7f]).machine.transfer == .to(here + 0x81))
    let high: (inout PlainMachine) -> Void = { $0.gpr[1] = 1 << 32 }
    #expect(try run([0xe3, 0x7f], high).machine.transfer == .none)
    #expect(try run([0x67, 0xe3, 0x7f], high).machine.transfer == .to(here + 0x82))
  }

  @Test(arguments: UInt8(0)..<16) func `jcc agrees with setcc`(condition: UInt8) throws {
    for flags in 0..<UInt64(0x1000) where flags & ~0x8d5 == 0 {
      let jump = try run([0x70 | condition, 0x10]) { $0.flags = flags }.machine
      let set = try run([0x0f, 0x90 | condition, 0xc0]) { $0.flags = flags }.machine
      #expect((jump.transfer == .to(here + 0x12)) == (set.gpr[0] == 1))
    }
  }

  @Test func `syscall leaves the next address and the flags`() throws {
    let (machine, _) = try run([0x0f, 0x05]) { $0.flags = 0x8d5 }
    #expect(machine.transfer == .systemCall)
    #expect(machine.gpr[1] == here + 2 && machine.gpr[11] == 0xad7)
  }

  @Test func `popf takes status and direction only`() throws {
    let (machine, _) = try run([0x9d]) { $0.flags = 0xcd5 }
    #expect(machine.flags == 32 & 0xcd5)
  }

  @Test(arguments: [
    ([0xcc], Fault.breakpoint), ([0xf1], .debug), ([0x0f, 0x0b], .invalidOpcode),
    ([0xf4], .generalProtection), ([0xcd, 0x80], .generalProtection), ([0xec], .generalProtection),
  ] as [([UInt8], Fault)])
  func `faults are the manual's`(code: [UInt8], fault: Fault) {
    #expect(throws: PlainMachine.Stop.fault(fault, address: 0)) { _ = try run(code) }
  }

  @Test func `cmpxchg16b wants an aligned address`() {
    #expect(throws: PlainMachine.Stop.fault(.generalProtection, address: 0)) {
      _ = try run([0xf0, 0x48, 0x0f, 0xc7, 0x0f]) { $0.gpr[7] = $0.window.lowerBound + 8 }
    }
  }
}
