import LLVM
import Testing
import Translator

/// Comparisons of scalars that choose vectors, on a host that compares lanes for it.
@Suite struct QuietSelectTests {
  private func finished(_ body: String, for architecture: String = "aarch64") throws -> String {
    let text = "define <2 x i64> @f(float %x, <2 x i64> %a, <2 x i64> %b) {\n" + body + "\n}\n"
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: architecture))
    try module.verify()
    return module.text
  }

  private let selection = """
      %c = fcmp ueq float %x, 0.0
      %r = select i1 %c, <2 x i64> %a, <2 x i64> %b
      ret <2 x i64> %r
    """
  private let branches = """
      %c = fcmp uno float %x, 0.0
      br i1 %c, label %yes, label %end
    yes:
      br label %end
    end:
      %r = phi <2 x i64> [ %a, %0 ], [ %b, %yes ]
      ret <2 x i64> %r
    """

  @Test func `a selection of vectors`() throws {
    #expect(try finished(selection).contains("constrained.fcmp.f32(float %x, float 0.000000e+00, metadata !\"ueq\""))
  }

  @Test func `branches that the code generator makes a selection of`() throws {
    #expect(try finished(branches).contains("constrained.fcmp.f32(float %x, float 0.000000e+00, metadata !\"uno\""))
  }

  @Test func `other hosts compare scalars`() throws {
    #expect(!(try finished(branches, for: "riscv64")).contains("constrained"))
  }

  @Test func `scalars are compared as such`() throws {
    let text = try finished("""
        %c = fcmp uno float %x, 0.0
        br i1 %c, label %yes, label %end
      yes:
        ret <2 x i64> %a
      end:
        ret <2 x i64> %b
      """)
    #expect(!text.contains("constrained"))
  }
}
