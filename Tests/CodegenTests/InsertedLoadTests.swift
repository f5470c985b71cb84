import LLVM
import Testing
import Translator

/// Bytes that are loaded into the low part of a value of 32 bits.
@Suite struct InsertedLoadTests {
  private func finished(_ mask: Int, for architecture: String) throws -> String {
    let text = """
      define i64 @f(i32 %x, ptr %p) {
        %byte = load i8, ptr %p
        %kept = and i32 %x, \(mask)
        %low = zext i8 %byte to i32
        %whole = or disjoint i32 %kept, %low
        %wide = zext i32 %whole to i64
        ret i64 %wide
      }
      """
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: architecture))
    try module.verify()
    return module.text
  }

  @Test func `x86 gets the byte by itself`() throws {
    #expect(try finished(-256, for: "x86_64").contains("freeze i8 %byte"))
  }

  @Test func `nothing else changes`() throws {
    #expect(!(try finished(-512, for: "x86_64").contains("freeze")))
    #expect(!(try finished(-256, for: "aarch64").contains("freeze")))
  }
}
