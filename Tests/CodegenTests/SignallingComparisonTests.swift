import Foundation
import LLVM
import Testing
import Translator

/// What is made of a marker beside comparisons when the passes are through.
@Suite struct SignallingComparisonTests {
  private func finished(_ body: String, for architecture: String) throws -> String {
    let text =
      "declare void @recast.signals.f64(double, double)\n"
      + "define i1 @f(double %a, double %b) {\n  call void @recast.signals.f64(double %a, double %b)\n"
      + body + "\n}\n"
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: architecture))
    try module.verify()
    #expect(!module.text.contains("recast.signals"))
    return String(module.text.drop { $0 != "{" })
  }

  private let above = "  %above = fcmp ogt double %b, %a\n"

  @Test func `the comparison signals`() throws {
    let text = try finished(above + "  ret i1 %above", for: "aarch64")
    #expect(text.contains("constrained.fcmps.f64(double %b, double %a, metadata !\"ogt\""))
    #expect(!text.contains(" fcmp "))
  }

  @Test func `one of two signals`() throws {
    let text = try finished(
      above + "  %equal = fcmp oeq double %a, %b\n  %or = or i1 %above, %equal\n  ret i1 %or", for: "x86_64")
    #expect(text.components(separatedBy: "call i1 @llvm.experimental.constrained.fcmps").count == 2)
    #expect(text.contains("fcmp oeq"))
  }

  @Test func `a comparison elsewhere stays, and one signals here`() throws {
    let text = try finished("  br label %next\nnext:\n" + above + "  ret i1 %above", for: "x86_64")
    #expect(text.contains("metadata !\"olt\""))
    #expect(text.contains("fcmp ogt"))
  }

  @Test func `hosts without the form compare beside`() throws {
    let text = try finished(above + "  ret i1 %above", for: "loongarch64")
    #expect(text.contains("fcmp.saf.d"))
    #expect(text.contains("fcmp ogt"))
  }
}
