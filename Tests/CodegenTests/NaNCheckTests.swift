import LLVM
import Testing
import Translator

/// What is made of markers behind operations, on a host whose NaNs are not x86's.
@Suite struct NaNCheckTests {
  private static let marker = "declare double @recast.nan.first.2.f64.f64(double, double, double)\n"

  /// The text of a function with these lines after `finish`.
  private func finished(_ body: String, for architecture: String = "riscv64") throws -> String {
    let text = Self.marker + "define void @f(double %a, double %b, double %c, ptr %p) {\n" + body + "\n}\n"
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: architecture))
    try module.verify()
    return module.text
  }

  private func branches(_ text: String) -> Int { text.split(separator: "\n").count { $0.contains("br i1") } }

  private let product = """
      %x = fmul double %a, %b
      %m = call double @recast.nan.first.2.f64.f64(double %x, double %a, double %b)

    """
  private let sum = """
      %y = fadd double %m, %c
      %n = call double @recast.nan.first.2.f64.f64(double %y, double %m, double %c)

    """

  @Test func `a chain is checked at its end`() throws {
    let text = try finished(product + sum + "  store double %n, ptr %p\n  ret void")
    #expect(branches(text) == 1)
    #expect(!text.contains("recast.nan"))
    // Only the sum is the guest's behind the check: the product is added as the host has it.
    #expect(text.split(separator: "\n").count { $0.contains("phi double") } == 1)
  }

  @Test func `what is stored on the way is checked there`() throws {
    let text = try finished(product + "  store double %m, ptr %p\n" + sum + "  store double %n, ptr %p\n  ret void")
    #expect(branches(text) == 2)
  }

  @Test func `results that leave together share a check`() throws {
    let text = try finished(
      product + sum + "  store double %m, ptr %p\n  store double %n, ptr %p\n  ret void")
    #expect(branches(text) == 1)
  }

  @Test func `a chain goes on in blocks that nothing else leads to`() throws {
    let text = try finished(
      product + """
          %less = fcmp olt double %m, %c
          br i1 %less, label %below, label %end
        below:
        \(sum)
          store double %n, ptr %p
          br label %end
        end:
          ret void
        """)
    // The comparison's and one for a NaN, where the sum is.
    #expect(branches(text) == 2)
    #expect(!text.contains("fcmp uno double %x, %x\n  br"))
    #expect(text.split(separator: "\n").count { $0.contains("phi double") } == 1)
  }

  @Test func `both sides of a branch check what leaves there`() throws {
    let text = try finished(
      product + """
          %less = fcmp olt double %m, %c
          br i1 %less, label %below, label %above
        below:
          store double %m, ptr %p
          ret void
        above:
          %q = getelementptr i8, ptr %p, i64 8
          store double %m, ptr %q
          ret void
        """)
    #expect(branches(text) == 3)
  }

  @Test func `what other ways lead to is checked before`() throws {
    let text = try finished(
      product + """
          %less = fcmp olt double %m, %c
          br i1 %less, label %below, label %end
        below:
          br label %end
        end:
          store double %m, ptr %p
          ret void
        """)
    #expect(text.contains("phi double"))
    #expect(branches(text) == 2)
  }

  @Test func `results in vectors share a check at the end of their block`() throws {
    let text = try finished(
      product + """
          %v = insertelement <2 x double> poison, double %m, i64 0
        \(sum)
          %w = insertelement <2 x double> poison, double %n, i64 0
          br label %end
        end:
          store <2 x double> %v, ptr %p
          store <2 x double> %w, ptr %p
          ret void
        """)
    #expect(branches(text) == 1)
  }

  @Test func `comparisons and conversions need none`() throws {
    let text = try finished(
      product + """
          %less = fcmp olt double %m, %c
          %bit = zext i1 %less to i64
          store i64 %bit, ptr %p
          ret void
        """)
    #expect(branches(text) == 0)
  }

  @Test func `a value for another block is checked at the end of its own`() throws {
    let text = try finished(product + "  br label %next\nnext:\n  store double %m, ptr %p\n  ret void")
    #expect(branches(text) == 1)
  }

  @Test func `a value for the next turn of a loop is checked`() throws {
    let text = try finished(
      """
        br label %loop
      loop:
        %s = phi double [ %a, %0 ], [ %m, %loop ]
        %x = fadd double %s, %b
        %m = call double @recast.nan.first.2.f64.f64(double %x, double %s, double %b)
        %again = fcmp olt double %m, %c
        br i1 %again, label %loop, label %done
      done:
        ret void
      """)
    #expect(branches(text) == 2)
    #expect(!text.contains("[ %x, %loop ]"))
  }

  @Test func `markers without a use leave nothing`() throws {
    let text = try finished(product + "  ret void")
    #expect(branches(text) == 0)
    #expect(text.contains("fmul double %a, %b"))
  }
}
