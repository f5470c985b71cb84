import LLVM
import Testing
import Translator

/// What is computed from RSP behind a call.
@Suite struct ReturnedRSPTests {
  private static let result = "{ i64, i64, i64, i64, i64, i64, i64, i64, i64, <2 x i64>, <2 x i64>, i64 }"
  private static let parameters = (0..<19).map { "\($0 < 11 ? "i64" : "<2 x i64>") %\($0)" }

  /// The text of a function that calls another one with each of `offsets` added to RSP, and then stores to
  /// its own frame, after `finish`.
  private func finished(calls offsets: [Int], without passes: Set<OwnPass> = []) throws -> String {
    let arguments = Self.parameters.joined(separator: ", ")
    let calls = offsets.enumerated().map { n, offset in
      let operands = Self.parameters.enumerated().map { $0 == 9 ? "i64 %sp\(n)" : $1 }.joined(separator: ", ")
      return """
          %sp\(n) = add i64 %9, \(offset)
          %r\(n) = call x86_regcallcc \(Self.result) @g(\(operands))
        """
    }
    let text = """
      declare x86_regcallcc \(Self.result) @g(\(arguments))
      define x86_regcallcc \(Self.result) @f(\(arguments)) {
      \(calls.joined(separator: "\n"))
        %slot = add i64 %9, -16
        %p = inttoptr i64 %slot to ptr
        store i64 %0, ptr %p
        %v = insertvalue \(Self.result) poison, i64 %9, 11
        ret \(Self.result) %v
      }
      """
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: "x86_64", disabled: passes))
    try module.verify()
    return module.text
  }

  @Test func `a call's RSP is what comes back`() throws {
    let text = try finished(calls: [-40])
    let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    let returned = try #require(lines.firstIndex { $0.contains("extractvalue") && $0.hasSuffix("%r0, 11") })
    // The frame's slot is 24 above the call's RSP, and the function's own RSP 40.
    #expect(lines[returned...].contains { $0.contains(" = add i64 ") && $0.hasSuffix(", 24") })
    #expect(lines[returned...].contains { $0.contains(" = add i64 ") && $0.hasSuffix(", 40") })
    #expect(!lines[returned...].contains { $0.contains("%9") })
  }

  @Test func `most calls take the base as it is`() throws {
    let text = try finished(calls: [-40, -56, -40])
    #expect(text.components(separatedBy: ", 11\n").count == 5)
    // To the second call and back from it.
    #expect(text.contains(", -16\n") && text.contains(", 16\n"))
  }

  /// Edges from one block to another bring phis one value.
  @Test func `a switch with several edges to one block`() throws {
    let arguments = Self.parameters.joined(separator: ", ")
    let operands = Self.parameters.enumerated().map { $0 == 9 ? "i64 %sp" : $1 }.joined(separator: ", ")
    let text = """
      declare x86_regcallcc \(Self.result) @g(\(arguments))
      define x86_regcallcc \(Self.result) @f(\(arguments)) {
      start:
        %sp = add i64 %9, -40
        %r = call x86_regcallcc \(Self.result) @g(\(operands))
        %slot = add i64 %9, -16
        switch i64 %0, label %other [ i64 1, label %end i64 2, label %end ]
      other:
        br label %end
      end:
        %x = phi i64 [ %slot, %start ], [ %slot, %start ], [ %1, %other ]
        %v = insertvalue \(Self.result) poison, i64 %x, 1
        ret \(Self.result) %v
      }
      """
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: "x86_64"))
    try module.verify()
    #expect(module.text.contains("add i64 %"))
  }

  @Test func `only where calls give it back`() throws {
    #expect(!(try finished(calls: [-40], without: [.returnedRSP])).contains("extractvalue"))
  }
}
