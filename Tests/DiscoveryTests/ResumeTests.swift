import Discovery
import ELF
import Testing

/// A function with a loop, and a landing pad that leads into it.
///
///     push rbx; call f; 0: dec ebx; jnz 0b; pop rbx; ret; pad: mov ebx,eax; jmp 0b; f: ret
private let catcher: [UInt8] = [
  0x53, 0xe8, 0x0c, 0, 0, 0, 0xff, 0xcb, 0x75, 0xfc, 0x5b, 0xc3, 0x89, 0xc3, 0xeb, 0xf6, 0x90,
  0x90, 0xc3,
]
private let pad: UInt64 = 0x40100c
private let loop: UInt64 = 0x401006

/// The catcher's unwind information: an `.eh_frame_hdr` at 0x402000, then the tables, then what the
/// exception table says.
private struct Tables {
  var callSites: [UInt8] = [1, 5, UInt8(pad & 0xff), 1]
  var header: [UInt8] = [0xff, 0xff, 0x01]
  var length: UInt8?

  var bytes: [UInt8] {
    // version, eh_frame_ptr by udata4, no table.
    var all: [UInt8] = [1, 0x03, 0xff, 0xff] + word(0x402008)
    // CIE "zPLR": absolute pointers.
    let information: [UInt8] = [0, 0, 0, 0, 1] + Array("zPLR".utf8) + [0, 1, 0x78, 16, 7]
      + [0x03] + word(0x401012) + [0x03, 0x03]
    let padding = [UInt8](repeating: 0, count: (4 - information.count % 4) % 4)
    all += word(UInt32(information.count + padding.count)) + information + padding
    let distance = UInt32(all.count + 4 - 8)
    let table = 0x402000 + UInt32(all.count + 4 + 4 + 8 + 1 + 4 + 3 + 4)
    all += word(20) + word(distance) + word(0x401000) + word(18) + [4] + word(table) + [0, 0, 0]
    all += word(0)
    return all + header + [length ?? UInt8(callSites.count)] + callSites
  }

  private func word(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}

/// A program with `tables` at 0x402000, and a PT_GNU_EH_FRAME that points there.
private func program(_ code: [UInt8], _ tables: [UInt8]) throws -> Program {
  var file = image(code: code, constants: tables)
  file[56] = 3
  let entry = [UInt8](file[120..<176])
  file.replaceSubrange(176..<232, with: entry)
  file.replaceSubrange(176..<180, with: [0x50, 0xe5, 0x74, 0x64])
  return try Program(path: "test", file: file)
}

@Suite struct `Where control comes back` {
  @Test func `exceptions land where the table says`() throws {
    let program = try program(catcher, Tables().bytes)
    #expect(program.frames.map(\.start) == [0x401000])
    #expect(program.landingPads == [pad])
  }

  @Test func `the loop behind a landing pad is a function, and the catcher stays whole`() throws {
    let found = Discovery(try program(catcher, Tables().bytes))
    let plain = try #require(discover(catcher).function(at: 0x401000))
    let function = try #require(found.function(at: 0x401000))
    #expect(function.blocks.map(\.start) == plain.blocks.map(\.start))
    #expect(!function.isResume && !function.returnsByPads)
    let landing = try #require(found.function(at: pad))
    #expect(landing.isResume && landing.catcher == 0x401000)
    #expect(landing.blocks.map(\.start) == [pad] && landing.tailCalls == [loop])
    let rest = try #require(found.function(at: loop))
    #expect(rest.isResume && rest.evidence == .resume)
    #expect(rest.blocks.map(\.start) == [loop, 0x40100a])
  }

  @Test func `a function may return from its landing pads alone`() throws {
    // call f; ud2 …; pad: ret; f: ud2
    let code: [UInt8] = [0xe8, 0x0d, 0, 0, 0, 0x0f, 0x0b] + [UInt8](repeating: 0x90, count: 5)
      + [0xc3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x0f, 0x0b]
    let found = Discovery(try program(code, Tables().bytes))
    let function = try #require(found.function(at: 0x401000))
    #expect(function.returnsByPads && !function.neverReturns)
    #expect(try discover(code).function(at: 0x401000)?.neverReturns == true)
  }

  @Test func `damaged exception tables name no places, or places in code`() throws {
    var tables = Tables()
    tables.callSites = [1, 5, 0xff, 0xff, 0xff, 0xff, 0x7f, 1]
    #expect(try program(catcher, tables.bytes).landingPads.isEmpty)
    tables = Tables()
    tables.length = 200
    #expect(try program(catcher, tables.bytes).landingPads.isEmpty)
    tables = Tables()
    tables.header = [0x77, 0xff, 0x01]
    #expect(try program(catcher, tables.bytes).landingPads.isEmpty)
    tables.header = [0xff, 0xff, 0x02]
    #expect(try program(catcher, tables.bytes).landingPads.allSatisfy { $0 >= 0x401000 })
  }

  @Test func `any damage to the tables gives a program all the same`() throws {
    let good = Tables().bytes
    for place in good.indices {
      for value in [0, 1, 0x7f, 0x80, 0xff, good[place] ^ 0x10] as [UInt8] {
        var bytes = good
        bytes[place] = value
        let found = Discovery(try program(catcher, bytes))
        #expect(found.function(at: 0x401000) != nil)
      }
      #expect(try program(catcher, Array(good[...place])).landingPads.count <= 1)
    }
  }
}

@Suite struct `Functions that return twice` {
  /// call +N; (back:) dec eax; jnz back; ret, then `callee`.
  private func caller(_ callee: [UInt8]) throws -> Discovery {
    try discover([0xe8, 0x05, 0, 0, 0, 0xff, 0xc8, 0x75, 0xfc, 0xc3] + callee)
  }

  /// mov [rdi],rbx; mov [rdi+8],rbp; mov [rdi+16…40],r12…r15
  private static let stores: [UInt8] = [
    0x48, 0x89, 0x1f, 0x48, 0x89, 0x6f, 0x08, 0x4c, 0x89, 0x67, 0x10, 0x4c, 0x89, 0x6f, 0x18,
    0x4c, 0x89, 0x77, 0x20, 0x4c, 0x89, 0x7f, 0x28,
  ]

  @Test func `what stores the callee-saved registers returns twice`() throws {
    #expect(try caller(Self.stores + [0xc3]).function(at: 0x401005)?.isResume == true)
  }

  @Test func `so does what jumps there`() throws {
    // xor esi,esi; jmp +1; ret; stores
    let found = try caller([0x31, 0xf6, 0xe9, 0, 0, 0, 0] + Self.stores + [0xc3])
    #expect(found.function(at: 0x401005)?.isResume == true)
  }

  @Test func `what has changed one of them before does not`() throws {
    // xor ebx,ebx; stores
    #expect(try caller([0x31, 0xdb] + Self.stores + [0xc3]).function(at: 0x401005) == nil)
    #expect(try caller([0x31, 0xff] + Self.stores + [0xc3]).function(at: 0x401005) == nil)
  }
}
