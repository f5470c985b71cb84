import LLVM
import Testing
import Translator

/// Guest frames that are addressed from below.
@Suite struct FrameBaseTests {
  /// The text of a function with sums of RSP in two blocks, after `finish`.
  private func finished(
    _ first: Int, _ second: Int, for architecture: String = "aarch64", without passes: Set<OwnPass> = []
  ) throws -> String {
    let text = """
      define preserve_nonecc i64 @f(i64 %target, i64 %rsp) {
        %a = add i64 %rsp, \(first)
        br label %later
      later:
        %p = inttoptr i64 %a to ptr
        %x = load i64, ptr %p
        %b = add i64 %rsp, \(second)
        %q = inttoptr i64 %b to ptr
        store i64 %rsp, ptr %q
        ret i64 %x
      }
      """
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: architecture, disabled: passes))
    try module.verify()
    return module.text
  }

  @Test func `a large frame has a base that is a multiple of 16`() throws {
    let text = try finished(-320, -600)
    #expect(text.contains("sub $0, $1, #600"))
    #expect(text.contains("add i64 %1, 280"))
    #expect(text.contains("add i64 %1, 0"))
    #expect(try finished(-320, -608).contains("sub $0, $1, #600"))
  }

  @Test func `a small one has RSP at its calls`() throws {
    #expect(try finished(-8, -32).contains("sub $0, $1, #32"))
  }

  @Test func `what is too near or too far is left alone`() throws {
    #expect(!(try finished(-8, -16)).contains("asm"))
    #expect(!(try finished(-5000, -6000)).contains("asm"))
    #expect(!(try finished(8, 16)).contains("asm"))
  }

  @Test func `only on aarch64 and where it is wanted`() throws {
    #expect(!(try finished(-320, -600, for: "riscv64")).contains("asm"))
    #expect(!(try finished(-320, -600, without: [.frameBase])).contains("asm"))
  }
}
