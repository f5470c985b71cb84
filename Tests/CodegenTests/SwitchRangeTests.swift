import LLVM
import Testing
import Translator

/// Switches of jump tables whose values the guest has bounded itself.
@Suite struct SwitchRangeTests {
  /// The text of a switch over the values `cases` of `%x`, after `finish`.
  ///
  /// - Parameter before: the entry block's instructions, which make `%x` of `%a` and end in a branch to `table`.
  private func finished(_ before: String, cases: [Int], without passes: Set<OwnPass> = []) throws -> String {
    let text = """
      define i32 @f(i32 %a) {
      entry:
        \(before)
      table:
        switch i32 %x, label %other [
          \(cases.map { "i32 \($0), label %b\($0 % 3)" }.joined(separator: "\n"))
        ]
      b0:
        ret i32 10
      b1:
        br label %other
      b2:
        ret i32 12
      other:
        %r = phi i32 [ 1, %table ], [ 2, %b1 ]\(before.contains("%other") ? ", [ 3, %entry ]" : "")
        ret i32 %r
      }
      """
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: "aarch64", disabled: passes))
    try module.verify()
    return module.text
  }
  private static let masked = "%x = and i32 %a, 7\n br label %table"
  private static let compared = "%x = add i32 %a, 0\n %c = icmp ugt i32 %x, 5\n br i1 %c, label %other, label %table"

  @Test func `a mask with a case for each value leaves nothing else`() throws {
    let text = try finished(Self.masked, cases: Array(0..<8))
    #expect(text.contains("unreachable"))
    #expect(text.contains("phi i32 [ 2, %b1 ]"))
    #expect(!(try finished(Self.masked, cases: Array(0..<8), without: [.completeSwitches])).contains("unreachable"))
  }

  @Test func `values without a case get one`() throws {
    let text = try finished(Self.masked, cases: [0, 1, 2, 4, 5])
    #expect(text.contains("unreachable"))
    for value in [3, 6, 7] { #expect(text.contains("i32 \(value), label %other")) }
  }

  @Test func `a comparison on the way bounds, too`() throws {
    #expect(try finished(Self.compared, cases: Array(0..<6)).contains("unreachable"))
    #expect(try finished(Self.compared, cases: Array(0..<5)).contains("i32 5, label %other"))
  }

  @Test func `many values without a case, or any value, leave the switch as it is`() throws {
    #expect(!(try finished("%x = and i32 %a, 63\n br label %table", cases: Array(0..<8))).contains("unreachable"))
    #expect(!(try finished("%x = add i32 %a, 1\n br label %table", cases: Array(0..<8))).contains("unreachable"))
    #expect(!(try finished("%x = and i32 %a, 14\n br label %table", cases: Array(0..<8))).contains("unreachable"))
    #expect(
      !(try finished(
        "%x = add i32 %a, 0\n %c = icmp slt i32 %x, 8\n br i1 %c, label %table, label %other", cases: Array(0..<8)))
        .contains("unreachable"))
  }
}
