import Codegen
import LLVM
import Testing

/// Two functions at `base`: the first stores a return address, calls the second and one elsewhere,
/// and compares what comes back with the address.
private func module(at base: UInt64, elsewhere: UInt64 = 0x50_0000) -> Module {
  let c = LLVMContext()
  let module = Module("m", in: c)
  func declare(_ entry: UInt64) -> Function {
    module.addFunction("f_" + String(entry, radix: 16), .function(c.i64, [c.ptr]))
  }
  let (first, second, other) = (declare(base), declare(base + 0x40), declare(elsewhere))
  let b = Builder(c)
  b.positionAtEnd(first.appendBasicBlock(in: c))
  let back = c.i64.constInt(base + 0x15)
  b.store(back, first.parameter(0), align: 8)
  let pc = b.call(second.value, second.functionType, [first.parameter(0)])
  b.call(other.value, other.functionType, [first.parameter(0)])
  b.ret(b.select(b.icmp(LLVMIntEQ, pc, back), c.i64.constInt(7), c.i64.constInt(9)))
  b.positionAtEnd(second.appendBasicBlock(in: c))
  b.ret(c.i64.constInt(base + 0x44))
  return module
}

private func placement(_ module: Module, at base: UInt64) -> Placement {
  Placement(takenFrom: module, prefix: "f_", own: base..<base + 0x80) {
    (base..<base + 0x80).contains($0)
  }
}

/// The contents of the sections with code.
private func code(_ object: [UInt8]) -> [UInt8] {
  func word(_ at: Int, _ size: Int) -> Int {
    (0..<size).reduce(0) { $0 | Int(object[at + $1]) << (8 * $1) }
  }
  return (0..<word(60, 2)).flatMap { n -> ArraySlice<UInt8> in
    let at = word(40, 8) + 64 * n
    let isCode = word(at + 4, 4) == 1 && word(at + 8, 8) & 4 != 0
    return isCode ? object[word(at + 24, 8)..<word(at + 24, 8) + word(at + 32, 8)] : []
  }
}

private func contains(_ object: [UInt8], _ text: String) -> Bool {
  let wanted = [0] + Array(text.utf8) + [0]
  return object.indices.dropLast(wanted.count - 1).contains {
    object[$0..<$0 + wanted.count].elementsEqual(wanted)
  }
}

@Suite struct `Guest addresses` {
  @Test func `are not in a module that they were taken from`() {
    let (one, other) = (module(at: 0x40_1000), module(at: 0x7f_0030, elsewhere: 0x66_6666))
    #expect(one.bitcode != other.bitcode)
    _ = (placement(one, at: 0x40_1000), placement(other, at: 0x7f_0030))
    #expect(one.bitcode == other.bitcode)
  }

  @Test func `that move against each other make another module`() {
    // The number stays while the functions move: it was not an address of theirs.
    func made(at base: UInt64, number: UInt64) -> [UInt8] {
      let m = module(at: base)
      let c = m.context
      let f = m.addFunction("f_" + String(base + 0x60, radix: 16), .function(c.i64, []))
      let b = Builder(c)
      b.positionAtEnd(f.appendBasicBlock(in: c))
      b.ret(c.i64.constInt(number))
      _ = placement(m, at: base)
      return m.bitcode
    }
    #expect(made(at: 0x40_1000, number: 0x40_1010) == made(at: 0x40_1010, number: 0x40_1020))
    #expect(made(at: 0x40_1000, number: 0x40_1010) != made(at: 0x40_1010, number: 0x40_1010))
    #expect(made(at: 0x40_1000, number: 0x40_1010) != made(at: 0x41_1000, number: 0x40_1010))
  }

  @Test func `come back into the code as immediate operands`() throws {
    let target = try TargetDescription.named("x86_64")
    for base in [0x40_1000, 0x7fff_f000] as [UInt64] {
      let plain = try emit(module(at: base), for: target)
      let m = module(at: base)
      let places = placement(m, at: base)
      let object = try emit(m, for: target)
      #expect(code(object) != code(plain))
      let placed = try places.place(object)
      #expect(code(placed) == code(plain))
      for entry in [base, base + 0x40, 0x50_0000] {
        #expect(contains(placed, "f_" + String(entry, radix: 16)))
      }
    }
  }

  @Test func `beyond two gigabytes are refused`() throws {
    let target = try TargetDescription.named("x86_64")
    let base: UInt64 = 0x7fff_fff0
    let m = module(at: base)
    let places = placement(m, at: base)
    let object = try emit(m, for: target)
    #expect(throws: NoPlace.self) { try places.place(object) }
  }

  @Test(arguments: ["aarch64", "riscv64", "loongarch64"])
  func `stay elsewhere, where only names are taken out`(name: String) throws {
    let target = try TargetDescription.named(name)
    let base: UInt64 = 0x40_1000
    let plain = try emit(module(at: base), for: target)
    let m = module(at: base)
    let places = Placement(takenFrom: m, prefix: "f_", own: base..<base + 0x80) { _ in false }
    let placed = try places.place(emit(m, for: target))
    #expect(code(placed) == code(plain) && contains(placed, "f_401000"))
  }
}
