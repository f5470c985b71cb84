import Discovery
import ELF
import Testing
import X86

func discover(_ code: [UInt8]) throws -> Discovery {
  Discovery(try Program(path: "test", file: image(code: code)))
}

@Suite struct `Discovery of functions` {
  @Test func `a branch target splits the block`() throws {
    // xor eax,eax; inc eax; cmp eax,3; jne -7; ret
    let found = try discover([0x31, 0xc0, 0xff, 0xc0, 0x83, 0xf8, 0x03, 0x75, 0xf9, 0xc3])
    let function = try #require(found.function(at: 0x401000))
    #expect(function.blocks.map(\.start) == [0x401000, 0x401002, 0x401009])
    #expect(function.blocks[0].terminator == .fallthrough(to: 0x401002))
    #expect(function.blocks[1].terminator == .branch(taken: 0x401002, next: 0x401009))
    #expect(function.blocks[2].terminator == .ret)
    #expect(found.coveredBytes == 10)
  }

  @Test func `a call that never returns has no successor`() throws {
    // call +1; ret; ud2
    let found = try discover([0xe8, 0x01, 0x00, 0x00, 0x00, 0xc3, 0x0f, 0x0b])
    let function = try #require(found.function(at: 0x401000))
    #expect(function.blocks.count == 1)
    #expect(function.blocks[0].terminator == .call(to: 0x401006, next: nil))
    #expect(function.neverReturns)
    #expect(found.function(at: 0x401006)?.neverReturns == true)
  }

  @Test func `a jump to a called function is a tail call`() throws {
    // call f; jmp f; f: ret
    let found = try discover([0xe8, 0x02, 0x00, 0x00, 0x00, 0xeb, 0x00, 0xc3])
    let function = try #require(found.function(at: 0x401000))
    #expect(function.tailCalls == [0x401007])
    #expect(function.callees == [0x401007])
    #expect(!function.neverReturns)
  }

  @Test func `what cannot be decoded after a call ends the block only`() throws {
    // call f; (06: invalid); f: ret
    let found = try discover([0xe8, 0x01, 0x00, 0x00, 0x00, 0x06, 0xc3])
    let function = try #require(found.function(at: 0x401000))
    #expect(function.blocks[0].terminator == .call(to: 0x401006, next: 0x401005))
    #expect(function.blocks[0].successors.isEmpty)
  }

  @Test func `a bounded absolute table gives its targets`() throws {
    // cmp edi,1; ja +7; jmp [rdi*8+0x401018]; ret; ret; pad; table
    var code: [UInt8] = [0x83, 0xff, 0x01, 0x77, 0x07, 0xff, 0x24, 0xfd, 0x18, 0x10, 0x40, 0x00]
    code += [0xc3, 0xc3]
    code += [UInt8](repeating: 0x90, count: 0x18 - code.count)
    code += [0x0c, 0x10, 0x40, 0, 0, 0, 0, 0, 0x0d, 0x10, 0x40, 0, 0, 0, 0, 0]
    let found = try discover(code)
    let function = try #require(found.function(at: 0x401000))
    let table = function.blocks.compactMap { block -> JumpTable? in
      if case .jumpTable(let table) = block.terminator { return table }
      return nil
    }.first
    #expect(table?.targets == [0x40100c, 0x40100d])
    #expect(table?.isBounded == true)
    #expect(table?.index == 7)
  }

  @Test func `a block ends at what always faults, and what is behind counts as translated`() throws {
    // kmovd eax, k0; test eax, eax; je +1; ret; ret
    let found = try discover([0xc5, 0xfb, 0x93, 0xc0, 0x85, 0xc0, 0x74, 0x01, 0xc3, 0xc3])
    let function = try #require(found.function(at: 0x401000))
    #expect(function.blocks.count == 1)
    #expect(function.blocks[0].instructions.map(\.operation) == [.kmovd])
    #expect(function.blocks[0].terminator == .fault)
    #expect(function.neverReturns)
    #expect(found.coveredBytes == 10 && found.behindFaultsBytes == 6)
  }

  @Test func `a row of equal pieces of code is a table`() throws {
    // lea r9,[rip+0x0c]; and ecx,1; shl ecx,3; add rcx,r9; jmp rcx; nop; ret; 7 × nop; ret
    var code: [UInt8] = [0x4c, 0x8d, 0x0d, 0x0c, 0, 0, 0, 0x83, 0xe1, 0x01, 0xc1, 0xe1, 0x03]
    code += [0x4c, 0x01, 0xc9, 0xff, 0xe1, 0x90, 0xc3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3]
    let found = try discover(code)
    let function = try #require(found.function(at: 0x401000))
    guard case .jumpTable(let table) = function.blocks[0].terminator else {
      Issue.record("no table")
      return
    }
    #expect(table.targets == [0x401013, 0x40101b] && table.form == .strided)
    #expect(found.coveredBytes == 20 && found.paddingBytes == 8)
  }

  @Test func `a jump goes to the labels that the function puts into its register`() throws {
    // lea r14,[rip+a]; test edi,edi; je 1f; lea r14,[rip+b]; 1: jmp r14; a: lea r14,[rip+a2]; jmp 1b; a2: ret; b: ret;
    // c: ret, whose address is in another register
    var code: [UInt8] = [0x4c, 0x8d, 0x35, 0x15, 0, 0, 0, 0x85, 0xff, 0x74, 0x0e]
    code += [0x4c, 0x8d, 0x35, 0x14, 0, 0, 0, 0x4c, 0x8d, 0x1d, 0x0e, 0, 0, 0, 0x41, 0xff, 0xe6]
    code += [0x4c, 0x8d, 0x35, 0x02, 0, 0, 0, 0xeb, 0xf4, 0xc3, 0xc3, 0xc3]
    let found = try discover(code)
    let function = try #require(found.function(at: 0x401000))
    let tables = function.blocks.compactMap { block -> JumpTable? in
      if case .jumpTable(let table) = block.terminator { return table }
      return nil
    }
    #expect(tables.map(\.targets) == [[0x40101c, 0x401025, 0x401026]])
    #expect(tables.first?.form == .labels && found.unresolvedJumps.isEmpty)
  }

  @Test func `a table whose first path comes by a call that ends is found in the second look`() throws {
    // test esi,esi; jne 1f; lea rbx,[rip+table]; 0: cmp edi,1; ja 2f; movsxd rax,[rbx+rdi*4];
    // add rax,rbx; jmp rax; 1: call 3f; test eax,eax; je 0b; 2: ret; 3: hlt; a: ret; b: ret
    var code: [UInt8] = [0x85, 0xf6, 0x75, 0x15, 0x48, 0x8d, 0x1d, 0xf5, 0x0f, 0, 0]
    code += [0x83, 0xff, 0x01, 0x77, 0x12, 0x48, 0x63, 0x04, 0xbb, 0x48, 0x01, 0xd8, 0xff, 0xe0]
    code += [0xe8, 0x05, 0, 0, 0, 0x85, 0xc0, 0x74, 0xe9, 0xc3, 0xf4, 0xc3, 0xc3]
    let table: [UInt8] = [0x24, 0xf0, 0xff, 0xff, 0x25, 0xf0, 0xff, 0xff]
    let found = Discovery(
      try Program(path: "test", file: image(code: code, constants: table)))
    let function = try #require(found.function(at: 0x401000))
    #expect(found.unresolvedJumps.isEmpty)
    let tables = function.blocks.compactMap { block -> [UInt64]? in
      if case .jumpTable(let table) = block.terminator { return table.targets }
      return nil
    }
    #expect(tables == [[0x401024, 0x401025]])
  }

  @Test func `overlapping instructions live side by side`() throws {
    // jz +1; lock cmpxchg [rdi],ecx; ret: the branch skips the prefix
    let found = try discover([0x74, 0x01, 0xf0, 0x0f, 0xb1, 0x0f, 0xc3])
    let function = try #require(found.function(at: 0x401000))
    #expect(function.blocks.map(\.start) == [0x401000, 0x401002, 0x401003, 0x401006])
  }

  @Test func `discovery twice gives the same`() throws {
    let code: [UInt8] = [0xe8, 0x02, 0x00, 0x00, 0x00, 0xeb, 0x00, 0xc3]
    let first = try discover(code)
    let second = try discover(code)
    #expect(first.functions.map(\.entry) == second.functions.map(\.entry))
    #expect(first.leftovers == second.leftovers)
  }
}
