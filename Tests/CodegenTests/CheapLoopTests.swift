import Codegen
import LLVM
import Testing
import Translator

/// Loops whose counters a compiler has reduced already.
@Suite struct CheapLoopTests {
  /// The product of a row and a column, in a loop over columns: the addresses are the counters.
  private static let text = """
    define void @f(i64 %row, i64 %end, ptr %result) {
    start:
      br label %columns
    columns:
      %stop = phi i64 [ 5137120, %start ], [ %next, %done ]
      %top = add i64 %stop, -73728
      br label %terms
    terms:
      %sum = phi i64 [ 0, %columns ], [ %more, %terms ]
      %a = phi i64 [ %row, %columns ], [ %a1, %terms ]
      %b = phi i64 [ %top, %columns ], [ %b1, %terms ]
      %p = inttoptr i64 %a to ptr
      %x = load i64, ptr %p
      %q = inttoptr i64 %b to ptr
      %y = load i64, ptr %q
      %product = mul i64 %x, %y
      %b1 = add i64 %b, 768
      %a1 = add i64 %a, 8
      %more = add i64 %sum, %product
      %last = icmp eq i64 %b1, %stop
      br i1 %last, label %done, label %terms
    done:
      store volatile i64 %more, ptr %result
      %next = add i64 %b, 800
      %all = icmp eq i64 %b, 5137088
      br i1 %all, label %end.of.row, label %columns
    end.of.row:
      ret void
    }
    """

  private func module(_ text: String = text) throws -> Module {
    try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
  }

  /// Instructions of the inner loop, in a process of its own: the choice is for all of a process.
  private func instructions(keepingCheapLoops: Bool) throws -> Int {
    let answers = try ShardRunner(jobs: 1).run([()]) { _ in
      if keepingCheapLoops { TargetMachine.keepCheapLoops }
      let traits = TargetTraits(architecture: "x86_64", disabled: keepingCheapLoops ? [] : [.cheapLoops])
      return try emit(
        module(), for: .named("x86_64"), pipeline: "",
        finish: { module throws(LLVMError) in try finish(module, for: traits) }, fileType: LLVMAssemblyFile)
    }
    let lines = String(decoding: try #require(answers[0]), as: UTF8.self).split(separator: "\n")
    let product = try #require(lines.firstIndex { $0.contains("imulq") })
    let begin = try #require(lines[..<product].lastIndex { $0.hasPrefix(".L") || $0.hasPrefix("#") })
    let end = try #require(lines[product...].firstIndex { $0.hasPrefix("\tj") })
    return lines[begin...end].count { $0.hasPrefix("\t") && !$0.hasPrefix("\t.") && !$0.hasPrefix("\t#") }
  }

  @Test func `no counter is added to a loop that has what it needs`() throws {
    #expect(try instructions(keepingCheapLoops: true) < instructions(keepingCheapLoops: false))
  }

  private func finished(_ text: String = text) throws -> String {
    let module = try module(text)
    try finish(module, for: TargetTraits(architecture: "x86_64"))
    try module.verify()
    return module.text
  }

  @Test func `what stands behind a loop is made of the counter's last value`() throws {
    let text = try finished()
    #expect(text.contains("add i64 %b1, 32"))
    #expect(text.contains("icmp eq i64 %b1, 5137856"))
    let shifted = try finished(Self.text.replacing("%next = add i64 %b, 800", with: "%next = shl i64 %b, 1"))
    #expect(shifted.contains("sub i64 %b1, 768"))
    #expect(shifted.contains("shl i64 %0, 1"))
  }

  @Test(arguments: [
    // An order that wraps, and steps that are no sums.
    ("icmp eq i64 %b, 5137088", "icmp ult i64 %b, 5137088", "icmp ult i64 %1, 5137088"),
    ("%b1 = add i64 %b, 768", "%b1 = xor i64 %b, 768", "add i64 %b, 800"),
    ("%b1 = add i64 %b, 768", "%b1 = add i64 %b, %row", "add i64 %b, 800"),
  ])
  func `only equality is compared with another constant`(part: String, other: String, expected: String) throws {
    #expect(try finished(Self.text.replacing(part, with: other)).contains(expected))
  }

  @Test func `overflow of a last step that nothing looked at means nothing`() throws {
    #expect(!(try finished(Self.text.replacing("add i64 %b, 768", with: "add nuw nsw i64 %b, 768"))).contains("nsw"))
  }

  @Test func `other hosts have their loops reduced`() {
    #expect(TargetTraits(architecture: "x86_64").keepsCheapLoops)
    #expect(!TargetTraits(architecture: "x86_64", disabled: [.cheapLoops]).keepsCheapLoops)
    #expect(!TargetTraits(architecture: "aarch64").keepsCheapLoops)
  }
}
