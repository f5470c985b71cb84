import Foundation
import Testing

import Slices

@Suite struct `A replay's output` {
  @Test func `is times and differences of each invocation`() throws {
    let text = "I 0\nT 10\nT 20\nR 0 0 0\nI 1\nT ff\nT fe\nR 802 3 0\n"
    let output = try #require(ReplayOutput(text))
    #expect(output.entries[0]?.times == [16, 32])
    #expect(output.entries[1]?.differences?.registers == 0x802)
  }
  @Test(arguments: ["T 1\n", "I 0\nT x\n", "I 0\nX 1\n", "hello\n", "I 0\nR 1 2\n"])
  func `that is something else is none`(text: String) { #expect(ReplayOutput(text) == nil) }
}

@Suite struct `The end of an invocation` {
  func invocation(_ end: RegionEnd) -> Invocation {
    Invocation(
      region: 0, entry: 0, registers: GuestRegisters(), vectors: [], pages: [], end: end,
      endRegisters: GuestRegisters(), endVectors: [], stackLow: 0)
  }
  @Test func `is the same natively only when every register is`() {
    let one = invocation(.return)
    #expect(one.isEqual((0, 0, 0), native: true))
    for differences in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] as [(UInt64, UInt64, UInt64)] {
      #expect(!one.isEqual(differences, native: true))
    }
  }
  @Test func `is the same translated when results, preserved registers and memory are`() {
    let one = invocation(.return)
    let free: UInt64 = 0b0000_1111_1100_0010  // rcx rsi rdi r8…r11
    #expect(one.isEqual((free, ~0b1111, 0), native: false))
    for bit in 0..<16 where free >> UInt64(bit) & 1 == 0 {
      #expect(!one.isEqual((1 << UInt64(bit), 0, 0), native: false))
    }
    #expect(!one.isEqual((0, 1, 0), native: false))
    #expect(!one.isEqual((0, 0, 1), native: false))
  }
  @Test func `at a system call does not say what rcx and r11 were`() {
    let one = invocation(.systemCall(address: 0))
    #expect(one.isEqual((0x802, 0, 0), native: true))
    #expect(!one.isEqual((0x801, 0, 0), native: true))
  }
}

@Suite struct `A jump out of code` {
  @Test func `is a near jump with its distance`() {
    #expect(Patch.jump(from: 0x1000, to: 0x1005) == [0xe9, 0, 0, 0, 0])
    #expect(Patch.jump(from: 0x1000, to: 0x1000) == [0xe9, 0xfb, 0xff, 0xff, 0xff])
  }
  @Test func `through a counter leaves at its last count and goes back before`() {
    let patch = Patch(address: 0x40_1000, displaced: 0x40_1000..<0x40_1007)
    let bytes = patch.stub(
      at: 0x10_8000, code: [UInt8](repeating: 0x90, count: 7), counter: 0x11_4008,
      saved: 0x11_4000, exit: 0x10_0200)
    // mov, mov, lea, mov, jrcxz, mov, code, jmp, mov, jmp
    #expect(bytes.count == 7 + 7 + 4 + 7 + 2 + 7 + 7 + 5 + 7 + 5)
    #expect(bytes[25] == 0xe3 && Int(bytes[26]) == 7 + 7 + 5)
    let back = bytes[42..<46].enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << (8 * UInt32($1.offset)) }
    #expect(UInt64(bitPattern: Int64(0x10_8000 + 46) + Int64(Int32(bitPattern: back))) == 0x40_1007)
  }
}
