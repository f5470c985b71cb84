import Testing
import X86

import Discovery

private let rax: UInt16 = 1 << 0
private let rcx: UInt16 = 1 << 1
private let rdx: UInt16 = 1 << 2
private let rsp: UInt16 = 1 << 4
private let rsi: UInt16 = 1 << 6
private let rdi: UInt16 = 1 << 7
private let cf: UInt16 = 1 << 0
private let zf: UInt16 = 1 << 6
private let df: UInt16 = 1 << 10
private let status: UInt16 = 0x8d5

@Suite struct `Effects of an instruction` {
  private func decoded(_ bytes: [UInt8]) throws -> Effects {
    effects(of: try Decoder.decode(bytes, available: bytes.count, at: 0x40_0000))
  }

  @Test func `add reads both registers and sets every status flag`() throws {
    let e = try decoded([0x48, 0x01, 0xc8])  // add rax, rcx
    #expect(e.readsGPR == rax | rcx)
    #expect(e.writesGPR == rax)
    #expect(e.writesFlags == status)
    #expect(e.readsFlags == 0 && e.maybeGPR == 0 && !e.loads && !e.stores)
  }

  @Test func `xor of a register with itself reads nothing`() throws {
    let e = try decoded([0x31, 0xc0])
    #expect(e.readsGPR == 0 && e.writesGPR == rax && e.writesFlags == status)
  }

  @Test func `sbb of a register with itself reads only the carry`() throws {
    let e = try decoded([0x19, 0xc0])
    #expect(e.readsGPR == 0 && e.readsFlags == cf && e.writesGPR == rax)
  }

  @Test func `a partial write reads the rest of the register`() throws {
    let e = try decoded([0xb0, 1])  // mov al, 1
    #expect(e.readsGPR == rax && e.writesGPR == rax)
  }

  @Test func `a variable shift sets flags only perhaps, a constant one certainly`() throws {
    let variable = try decoded([0x48, 0xd3, 0xe0])
    #expect(variable.maybeFlags == status && variable.writesFlags == 0 && variable.readsFlags == 0)
    let constant = try decoded([0x48, 0xc1, 0xe0, 3])
    #expect(constant.writesFlags == status && constant.maybeFlags == 0)
  }

  @Test func `inc keeps the carry`() throws {
    #expect(try decoded([0xff, 0xc0]).writesFlags == status & ~cf)
  }

  @Test func `push, pop, call and ret move the stack pointer and touch memory`() throws {
    let push = try decoded([0x50])
    #expect(push.readsGPR == rax | rsp && push.writesGPR == rsp && push.stores && !push.loads)
    let pop = try decoded([0x58])
    #expect(pop.readsGPR == rsp && pop.writesGPR == rsp | rax && pop.loads && !pop.stores)
    let call = try decoded([0xe8, 0, 0, 0, 0])
    #expect(call.transfer == .callDirect && call.stores && call.writesGPR == rsp)
    let indirect = try decoded([0xff, 0xd0])
    #expect(indirect.transfer == .callIndirect && indirect.readsGPR == rax | rsp)
    #expect(try decoded([0xc3]).transfer == .ret)
  }

  @Test func `a repeated store perhaps moves its registers, a single one certainly`() throws {
    let repeated = try decoded([0xf3, 0xaa])
    #expect(repeated.readsGPR == rax | rcx | rdi && repeated.maybeGPR == rcx | rdi)
    #expect(repeated.writesGPR == 0 && repeated.readsFlags == df && repeated.stores)
    #expect(try decoded([0xa4]).writesGPR == rsi | rdi)
  }

  @Test func `div can fault and changes both registers`() throws {
    let e = try decoded([0x48, 0xf7, 0xf1])
    #expect(e.readsGPR == rax | rcx | rdx && e.changesGPR == rax | rdx && e.faults == 1)
  }

  @Test func `branches and conditional moves read their condition's flags`() throws {
    let branch = try decoded([0x74, 0])
    #expect(branch.transfer == .branch && branch.readsFlags == zf && branch.writesFlags == 0)
    let move = try decoded([0x48, 0x0f, 0x44, 0xc1])
    #expect(move.readsFlags == zf && move.readsGPR == rax | rcx && move.writesGPR == rax)
  }

  @Test func `thread-local loads use the FS base`() throws {
    let e = try decoded([0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0])
    #expect(e.readsSegments == 1 << 4 && e.loads && e.writesGPR == rax)
  }

  @Test func `cpuid is stepped`() throws {
    let e = try decoded([0x0f, 0xa2])
    #expect(e.stepped && e.readsGPR == rax | rcx && e.changesGPR == 0xf)
  }

  @Test func `locked instructions order memory`() throws {
    #expect(try decoded([0xf0, 0x48, 0xff, 0x00]).orders)
    #expect(try decoded([0x0f, 0xae, 0xf0]).orders)
  }
}
