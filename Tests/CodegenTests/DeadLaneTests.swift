import LLVM
import Testing
import Translator

/// Lanes of vectors that nobody looks at, or that loops only hand on.
@Suite struct DeadLaneTests {
  /// The text of a loop that adds to the lower lane of a vector, after `finish`.
  ///
  /// - Parameters:
  ///   - turn: what is handed on to the next turn; `%sum` is the lower lane's new value.
  ///   - end: what becomes of the vector behind the loop.
  private func finished(
    turn: String = "%next = insertelement <2 x double> %x, double %sum, i64 0", end: String,
    without passes: Set<OwnPass> = []
  ) throws -> String {
    let text = """
      define double @f(<2 x double> %start, double %step, i64 %count, ptr %to) {
        br label %loop
      loop:
        %x = phi <2 x double> [ %start, %0 ], [ %next, %loop ]
        %k = phi i64 [ 0, %0 ], [ %l, %loop ]
        %lower = extractelement <2 x double> %x, i64 0
        %sum = fadd double %lower, %step
        \(turn)
        %l = add i64 %k, 1
        %c = icmp eq i64 %l, %count
        br i1 %c, label %end, label %loop
      end:
        \(end)
        ret double %sum
      }
      """
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: "x86_64", disabled: passes))
    try module.verify()
    return module.text
  }

  @Test func `an insertion keeps nothing that nobody looks at`() throws {
    #expect(try finished(end: "").contains("%next = insertelement <2 x double> poison, double %sum, i64 0"))
  }

  @Test func `what a loop hands on is put together behind it`() throws {
    let text = try finished(end: "store <2 x double> %next, ptr %to")
    #expect(text.contains("%next = insertelement <2 x double> poison, double %sum, i64 0"))
    #expect(text.contains("shufflevector <2 x double> %next, <2 x double> %start, <2 x i32> <i32 0, i32 3>"))
  }

  @Test func `a loop may hand over by a phi of one value`() throws {
    let text = try finished(end: "%left = phi <2 x double> [ %next, %loop ]\nstore <2 x double> %left, ptr %to")
    #expect(text.contains("%next = insertelement <2 x double> poison, double %sum, i64 0"))
    #expect(text.contains("shufflevector <2 x double> %left, <2 x double> %start, <2 x i32> <i32 0, i32 3>"))
  }

  @Test func `a lane that is taken out comes from where it was made`() throws {
    let text = try finished(end: "%u = extractelement <2 x double> %next, i64 1\nstore double %u, ptr %to")
    #expect(text.contains("%next = insertelement <2 x double> poison, double %sum, i64 0"))
  }

  @Test func `lanes that change places are looked at`() throws {
    let swap = """
      %both = insertelement <2 x double> %x, double %sum, i64 0
        %next = shufflevector <2 x double> %both, <2 x double> poison, <2 x i32> <i32 1, i32 0>
      """
    #expect(try finished(turn: swap, end: "").contains("insertelement <2 x double> %x, double %sum, i64 0"))
  }

  /// A lane of two words is poison if one of them is.
  @Test func `a wider lane is looked at as a whole`() throws {
    let turn = """
      %words = bitcast <2 x double> %x to <4 x i32>
        %word = insertelement <4 x i32> %words, i32 7, i64 1
        %pairs = bitcast <4 x i32> %word to <2 x i64>
        %masked = and <2 x i64> %pairs, splat (i64 4294967295)
        %again = bitcast <2 x i64> %masked to <4 x i32>
        %low = extractelement <4 x i32> %again, i64 0
        store i32 %low, ptr %to
        %next = insertelement <2 x double> %x, double %sum, i64 0
      """
    #expect(try finished(turn: turn, end: "").contains("insertelement <4 x i32> %words, i32 7, i64 1"))
  }

  @Test func `only where it is wanted`() throws {
    #expect(try finished(end: "", without: [.deadLanes]).contains("%next = insertelement <2 x double> %x"))
  }
}
