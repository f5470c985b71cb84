import Foundation
import Interpreter
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
    #expect(one.isEqual((free, ~0xff, 0), native: false))
    for bit in 0..<16 where free >> UInt64(bit) & 1 == 0 {
      #expect(!one.isEqual((1 << UInt64(bit), 0, 0), native: false))
    }
    #expect(!one.isEqual((0, 1, 0), native: false))
    #expect(!one.isEqual((0, 0, 1), native: false))
  }
  @Test func `does not hold a translation to results that no caller looks at`() {
    var one = invocation(.return)
    one.results = (0b1, 0b11)
    #expect(one.isEqual((0b100, ~0b11, 0), native: false))
    #expect(!one.isEqual((0b1, 0, 0), native: false))
    #expect(!one.isEqual((0, 0b10, 0), native: false))
    #expect(!one.isEqual((1 << 3, 0, 0), native: false))
    #expect(!one.isEqual((0b100, 0, 0), native: true))
  }
  @Test func `at a system call does not say what rcx and r11 were`() {
    let one = invocation(.systemCall(address: 0))
    #expect(one.isEqual((0x802, 0, 0), native: true))
    #expect(!one.isEqual((0x801, 0, 0), native: true))
  }
  @Test func `inside of a function is memory and the stack pointer, once it is translated`() {
    let one = invocation(.block(address: 0, count: 1))
    #expect(one.isEqual((~(1 << 4), ~0, 0), native: false))
    #expect(!one.isEqual((1 << 4, 0, 0), native: false))
    #expect(!one.isEqual((0, 0, 1), native: false))
    #expect(!one.isEqual((1, 0, 0), native: true))
  }
}

@Suite struct `Vector registers` {
  /// The word at each place is its number.
  let area = (0..<96).flatMap { n in withUnsafeBytes(of: UInt64(n).littleEndian) { Array($0) } }

  @Test func `are four words each, the upper halves from behind FXSAVE's area`() {
    let words = Invocation.words(ofVectors: area)
    #expect(words.count == 64)
    #expect(words[0..<4] == [20, 21, 64, 65])
    #expect(words[60..<64] == [50, 51, 94, 95])
  }
  @Test func `are wide when an upper half holds something at either end`() {
    let zero = [UInt8](repeating: 0, count: 768)
    var low = zero
    low[160] = 1
    var high = zero
    high[767] = 1
    for (begin, end, expected) in [(low, low, false), (high, low, true), (low, high, true)] {
      let one = Invocation(
        region: 0, entry: 0, registers: GuestRegisters(), vectors: begin, pages: [], end: .return,
        endRegisters: GuestRegisters(), endVectors: end, stackLow: 0)
      #expect(one.isWide == expected)
    }
  }
}

@Suite struct `The processor that programs are shown while they are cut` {
  @Test func `has AVX2, and nothing that only some targets have`() {
    let all = GuestProcessor.everywhere
    let seven = all.identify(leaf: 7, subleaf: 0)
    #expect(seven.b & (1 << 5 | 1 << 3 | 1 << 8) == 1 << 5 | 1 << 3 | 1 << 8)  // AVX2, BMI1, BMI2
    #expect(seven.b & (1 << 16 | 1 << 29) == 0 && seven.c == 0)  // AVX512F, SHA; GFNI, VAES
    let one = all.identify(leaf: 1, subleaf: 0).c
    #expect(one & (1 << 28 | 1 << 12) == 1 << 28 | 1 << 12 && one & (1 << 25) == 0)  // AVX, FMA; AES
  }
  @Test func `has no AVX where the machine lacks a part of level 3`() {
    let one = GuestProcessor.baseline.identify(leaf: 1, subleaf: 0).c
    #expect(one & (1 << 26 | 1 << 27 | 1 << 28 | 1 << 12) == 0 && one & 1 << 20 != 0)
    let flags = "flags : fpu sse4_2 avx avx2 bmi1 bmi2 f16c fma abm movbe xsave\n"
    #expect(SourceProcessor.has(level3: "processor : 0\n" + flags))
    #expect(!SourceProcessor.has(level3: flags.replacingOccurrences(of: "avx2 ", with: "")))
    #expect(!SourceProcessor.has(level3: ""))
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
    #expect(bytes[Int(Patch.copyInStub)...].prefix(7).allSatisfy { $0 == 0x90 })
    #expect(bytes[25] == 0xe3 && Int(bytes[26]) == 7 + 7 + 5)
    let back = bytes[42..<46].enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << (8 * UInt32($1.offset)) }
    #expect(UInt64(bitPattern: Int64(0x10_8000 + 46) + Int64(Int32(bitPattern: back))) == 0x40_1007)
  }
}
