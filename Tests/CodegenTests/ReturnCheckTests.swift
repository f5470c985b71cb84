import LLVM
import Testing
import Translator

/// Comparisons of the PC that a call comes back with.
@Suite struct ReturnCheckTests {
  /// The text of a function that calls and compares with `address`, after `finish`.
  private func finished(
    _ address: UInt64, result: Int = 0, for architecture: String = "aarch64", without passes: Set<OwnPass> = []
  ) throws -> String {
    let text = """
      declare { i64, i64 } @g()
      define i1 @f() {
        %x = call { i64, i64 } @g()
        %pc = extractvalue { i64, i64 } %x, \(result)
        %differs = icmp ne i64 %pc, \(address)
        ret i1 %differs
      }
      """
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: architecture, disabled: passes))
    try module.verify()
    return module.text
  }

  @Test func `an address of 24 bits is compared in two parts`() throws {
    let text = try finished(0x401_6cb)
    #expect(text.contains("sub $0, $1, #1025, lsl #12"))
    #expect(text.contains("icmp ne i64 %1, 1739"))
  }

  @Test func `others are left alone`() throws {
    #expect(!(try finished(0x40_0401_6cb)).contains("asm"))
    #expect(!(try finished(0xabc)).contains("asm"))
    #expect(!(try finished(0x401_6cb, result: 1)).contains("asm"))
  }

  @Test func `a stored return address is hidden from constant hoisting`() throws {
    let text = """
      declare { i64, i64 } @g()
      define i1 @f(ptr %stack) {
        store i64 4200139, ptr %stack
        store i64 4200140, ptr %stack
        %x = call { i64, i64 } @g()
        %pc = extractvalue { i64, i64 } %x, 0
        %differs = icmp ne i64 %pc, 4200139
        ret i1 %differs
      }
      """
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: "aarch64"))
    try module.verify()
    #expect(module.text.contains("launder.invariant.group.p0(ptr inttoptr (i64 4200139 to ptr))"))
    #expect(module.text.contains("store i64 4200140"))
  }

  @Test func `only on aarch64 and where it is wanted`() throws {
    #expect(!(try finished(0x401_6cb, for: "riscv64")).contains("asm"))
    #expect(!(try finished(0x401_6cb, without: [.returnChecks])).contains("asm"))
  }
}
