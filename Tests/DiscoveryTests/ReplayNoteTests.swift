import Discovery
import ELF
import Testing

/// push rbx; mov ebx, 10; loop: dec ebx; jnz loop; test eax, eax; jz out; pop rbx; ret; out: jmp exit; exit: ret
private let code: [UInt8] = [
  0x53, 0xbb, 10, 0, 0, 0, 0xff, 0xcb, 0x75, 0xfc, 0x85, 0xc0, 0x74, 0x02, 0x5b, 0xc3, 0xeb, 0x02,
  0x90, 0x90, 0xc3,
]
private let (loop, out, exit): (UInt64, UInt64, UInt64) = (0x401006, 0x401010, 0x401014)

private func program(_ note: [UInt8]) throws -> Program {
  var file = image(code: code, constants: note)
  file.replaceSubrange(120..<124, with: [4, 0, 0, 0])  // PT_NOTE
  return try Program(path: "test", file: file)
}

@Suite struct `A replay program's note` {
  let replay = Program.Replay(exit: exit, beginnings: [loop])

  @Test func `is read as it was written`() throws {
    #expect(try program(replay.note).replay == replay)
    #expect(try program([4, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0x47, 0x4e, 0x55, 0] + replay.note).replay == replay)
  }

  @Test func `gives a function that begins in the middle of the frame`() throws {
    let found = Discovery(try program(replay.note))
    let function = try #require(found.function(at: 0x401000))
    #expect(!function.isResume && function.blocks.contains { $0.start == loop })
    #expect(found.function(at: loop)?.isResume == true)
  }

  @Test func `gives an exit, which nothing goes through`() throws {
    let found = Discovery(try program(replay.note))
    let function = try #require(found.function(at: 0x401000))
    let last = try #require(function.blocks.first { $0.start == out })
    #expect(last.terminator == .undecodable(at: exit) && last.successors.isEmpty)
    #expect(found.exit == exit && found.function(at: exit)?.isResume == false)
    #expect(try discover(code).function(at: 0x401000)?.blocks.contains { $0.start == exit } == true)
  }

  @Test func `that is damaged is none, and the program is one all the same`() throws {
    let good = replay.note
    for place in good.indices {
      for value in [0, 1, 0x7f, 0xff, good[place] ^ 0x10] as [UInt8] {
        var bytes = good
        bytes[place] = value
        let one = try program(bytes)
        #expect(one.replay.map { one.isCode($0.exit) && $0.beginnings.allSatisfy(one.isCode) } ?? true)
        #expect(Discovery(one).function(at: 0x401000) != nil)
      }
      if place + 1 < good.count { #expect(try program(Array(good[...place])).replay == nil) }
    }
  }
}
