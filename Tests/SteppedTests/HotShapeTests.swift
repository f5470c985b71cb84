import Interpreter
import RuntimeABI
import Testing
import X86

/// Blocks recognise some shapes (Runtime/Interpreter/HotShape.swift); here both ways are compared.
@Suite(.serialized) struct `Hot shapes` {
  /// [rbx+rcx*4+16] where there is memory; SYSCALL ends the block and wants every flag.
  private func forms() -> [[UInt8]] {
    var forms: [[UInt8]] = []
    let memory: [UInt8] = [0x44, 0x8b, 0x10]
    for prefix: [UInt8] in [[], [0x48], [0x4c], [0x49]] {
      for digit in UInt8(0)..<8 {
        let opcode = digit << 3
        forms += [
          prefix + [opcode | 1, 0xd0], prefix + [opcode | 3, 0xd0], prefix + [opcode | 3] + memory,
          prefix + [0x83, 0xc0 | digit << 3 | 2, 0xf3],
          prefix + [0x81, 0xc0 | digit << 3 | 6, 0x12, 0x34, 0x56, 0x87],
        ]
      }
      forms += [
        prefix + [0x85, 0xd0], prefix + [0x89, 0xd0], prefix + [0x8b] + memory,
        prefix + [0x89] + memory, prefix + [0x8d] + memory, prefix + [0xc7, 0xc2, 1, 2, 3, 0x84],
        prefix + [0xf7, 0xc2, 1, 2, 3, 0x84], prefix + [0x29, 0xd2], prefix + [0x31, 0xd2],
      ]
    }
    return forms + (UInt8(0)..<16).map { [0x70 | $0, 0x20] }
  }

  @Test func `do what the meanings do`() throws {
    var generator = Generator(state: UInt64(setting("RECAST_SEED", 1)))
    let code = UnsafeMutablePointer<UInt8>.allocate(capacity: 64)
    let data = UnsafeMutablePointer<UInt64>.allocate(capacity: 64)
    let cache = UnsafeMutableRawPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer {
      code.deallocate()
      data.deallocate()
      cache.deallocate()
    }
    let start = UInt64(UInt(bitPattern: code))
    for bytes in forms() {
      for (n, byte) in (bytes + [0x0f, 0x05]).enumerated() { code[n] = byte }
      let instruction = try Decoder.decode(code, available: 64, at: start)
      #expect(Int(instruction.length) == bytes.count)
      for _ in 0..<setting("RECAST_CASES", 300) / 10 {
        var before = VCPU()
        for n in 0..<16 { before.gpr[n] = generator.next() >> UInt64(generator.below(64)) }
        before.gpr[3] = UInt64(UInt(bitPattern: data))
        before.gpr[11] = before.gpr[3]
        before.gpr[1] = UInt64(generator.below(32))
        let flags = generator.next()
        (before.cf, before.pf) = (UInt8(flags & 1), UInt8(flags >> 1 & 1))
        (before.af, before.zf) = (UInt8(flags >> 2 & 1), UInt8(flags >> 3 & 1))
        (before.sf, before.of) = (UInt8(flags >> 4 & 1), UInt8(flags >> 5 & 1))
        before.rip = start
        let contents = (0..<64).map { _ in generator.next() }

        var (block, plain) = (before, before)
        for n in 0..<64 { data[n] = contents[n] }
        let went = try withUnsafeMutablePointer(to: &block) { pointer in
          cache.initializeMemory(as: UInt8.self, repeating: 0, count: 1 << 16)
          var interpreter = Interpreter(pointer, memory: cache, size: 1 << 16)
          return try interpreter.runBlock()
        }
        let written = (0..<64).map { data[$0] }
        for n in 0..<64 { data[n] = contents[n] }
        let (transfer, next) = try withUnsafeMutablePointer(to: &plain) { pointer in
          var machine = InterpreterMachine(pointer)
          try machine.execute(instruction)
          if instruction.operation != .jcc {
            let address = instruction.next
            let last = try Decoder.decode(code + bytes.count, available: 2, at: address)
            try machine.execute(last)
          }
          return (machine.transfer, machine.next)
        }
        let name = bytes.map { String($0, radix: 16) }.joined(separator: " ")
        #expect((0..<16).allSatisfy { block.gpr[$0] == plain.gpr[$0] }, "\(name)")
        #expect(
          [block.cf, block.pf, block.af, block.zf, block.sf, block.of]
            == [plain.cf, plain.pf, plain.af, plain.zf, plain.sf, plain.of], "\(name)")
        #expect(written == (0..<64).map { data[$0] }, "\(name)")
        // A jump that is taken ends the block; anything else reaches the end of a block.
        if transfer == .jump {
          #expect(went == .jump && block.rip == next, "\(name)")
        } else {
          #expect(went == .none || went == .systemCall, "\(name)")
        }
      }
    }
  }
}
