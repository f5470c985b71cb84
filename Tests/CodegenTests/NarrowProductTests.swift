import LLVM
import Testing
import Translator

/// Products of 32-bit lanes that are put together of 64-bit ones.
@Suite struct NarrowProductTests {
  /// The text of what compilers make of `a * b`, after `finish`.
  ///
  /// - Parameters:
  ///   - odd: the factors of lanes 1 and 3, in the lower halves of 64-bit lanes.
  ///   - order: how the products' lower halves are put together.
  private func finished(
    odd: (String, String) = ("lshr <2 x i64> %a, splat(i64 32)", "lshr <2 x i64> %b, splat(i64 32)"),
    order: String = "<i32 0, i32 4, i32 1, i32 5>", without passes: Set<OwnPass> = []
  ) throws -> String {
    let text = """
      define <4 x i32> @f(<2 x i64> %a, <2 x i64> %b, <2 x i64> %c) {
        %a0 = and <2 x i64> %a, splat(i64 4294967295)
        %b0 = and <2 x i64> %b, splat(i64 4294967295)
        %even = mul <2 x i64> %a0, %b0
        %a1 = \(odd.0)
        %b1 = \(odd.1)
        %odd = mul <2 x i64> %a1, %b1
        %even4 = bitcast <2 x i64> %even to <4 x i32>
        %odd4 = bitcast <2 x i64> %odd to <4 x i32>
        %even2 = shufflevector <4 x i32> %even4, <4 x i32> poison, <4 x i32> <i32 0, i32 2, i32 poison, i32 poison>
        %odd2 = shufflevector <4 x i32> %odd4, <4 x i32> poison, <4 x i32> <i32 0, i32 2, i32 poison, i32 poison>
        %both = shufflevector <4 x i32> %even2, <4 x i32> %odd2, <4 x i32> \(order)
        ret <4 x i32> %both
      }
      """.replacing("splat(i64 32)", with: "<i64 32, i64 32>")
      .replacing("splat(i64 4294967295)", with: "<i64 4294967295, i64 4294967295>")
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: "x86_64", disabled: passes))
    try module.verify()
    return module.text
  }

  @Test func `two products of every other lane are one of all lanes`() throws {
    #expect(try finished().contains("mul <4 x i32>"))
    #expect(!(try finished(without: [.narrowProducts])).contains("mul <4 x i32>"))
  }

  @Test func `factors may change places`() throws {
    let text = try finished(odd: ("lshr <2 x i64> %b, splat(i64 32)", "lshr <2 x i64> %a, splat(i64 32)"))
    #expect(text.contains("mul <4 x i32>"))
  }

  @Test func `lanes in another order are shuffled first`() throws {
    let text = try finished(order: "<i32 4, i32 0, i32 5, i32 1>")
    #expect(text.contains("<4 x i32> <i32 1, i32 0, i32 3, i32 2>"))
    #expect(text.contains("mul <4 x i32>"))
  }

  @Test func `a third factor is none of the two`() throws {
    let text = try finished(odd: ("lshr <2 x i64> %a, splat(i64 32)", "lshr <2 x i64> %c, splat(i64 32)"))
    #expect(!text.contains("mul <4 x i32>"))
  }

  @Test func `halves by other shifts are no lanes`() throws {
    let text = try finished(odd: ("lshr <2 x i64> %a, <i64 31, i64 31>", "lshr <2 x i64> %b, splat(i64 32)"))
    #expect(!text.contains("mul <4 x i32>"))
  }
}
