import LLVM
import Testing
import Translator

/// Indices of words in registers of 64 bits.
@Suite struct ShortExtensionTests {
  private func finished(_ body: String, without passes: Set<OwnPass> = []) throws -> String {
    let text = """
      define i64 @f(i64 %x, i64 %y) {
      \(body)
        ret i64 %r
      }
      """
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: "aarch64", disabled: passes))
    try module.verify()
    return module.text
  }

  private static let difference = """
      %s = shl i64 %x, 32
      %t = add i64 %s, -12884901888
      %r = ashr exact i64 %t, 30
    """

  @Test func `a sum that is shifted up and down is the extension of a sum`() throws {
    let text = try finished(Self.difference)
    #expect(text.contains("add i32 %1, -3"))
    #expect(text.contains("sext i32 %2 to i64"))
    #expect(text.contains("shl i64 %3, 2"))
    #expect(!(try finished(Self.difference, without: [.shortExtensions])).contains("sext"))
  }

  @Test func `what never leaves the signed range is not extended`() throws {
    let text = try finished(
      Self.difference.replacing("shl i64", with: "shl nsw i64").replacing("add i64", with: "add nsw i64"))
    #expect(text.contains("add i64 %x, -3"))
    #expect(text.contains("shl i64 %1, 2"))
  }

  @Test(arguments: [
    // One step may leave the range.
    ("%s = shl nsw i64 %x, 32\n%t = add i64 %s, -12884901888\n%r = ashr exact i64 %t, 30", "sext i32"),
    ("%s = shl i64 %x, 32\n%t = add nsw i64 %s, -12884901888\n%r = ashr exact i64 %t, 30", "sext i32"),
    ("%s = shl i64 %x, 32\n%r = ashr exact i64 %s, 29", "sext i32"),
    ("%s = shl i64 %x, 32\n%u = shl i64 %y, 32\n%t = sub i64 %s, %u\n%r = ashr exact i64 %t, 32", "sub i32"),
    ("%s = shl i64 %x, 48\n%t = sub i64 281474976710656, %s\n%r = lshr exact i64 %t, 47", "zext i16"),
    ("%s = shl i64 %x, 2\n%t = add i64 %s, -12\n%r = and i64 %t, 17179869180", "zext i32"),
    ("%s = shl i64 %x, 3\n%r = and i64 %s, 2040", "zext i8"),
  ])
  func `extensions of sums`(body: String, expected: String) throws {
    #expect(try finished(body).contains(expected))
  }

  @Test(arguments: [
    // The lowest bits are not zero.
    "%s = shl i64 %x, 32\n%t = add i64 %s, -12884901887\n%r = ashr i64 %t, 30",
    "%s = shl i64 %x, 1\n%r = and i64 %s, 17179869180",
    "%t = add i64 %x, -12\n%r = and i64 %t, 17179869180",
    // Others look at the sum.
    "%s = shl i64 %x, 32\n%t = add i64 %s, -12884901888\n%q = ashr exact i64 %t, 30\n%r = xor i64 %q, %t",
    // Not whole words, or more of the sum's lower bits gone than were shifted in.
    "%s = shl i64 %x, 40\n%r = ashr exact i64 %s, 38",
    "%s = shl i64 %x, 32\n%t = add i64 %s, -12884901888\n%r = ashr i64 %t, 34",
    "%s = shl i64 %x, 3\n%r = and i64 %s, 1016",
    "%s = shl i64 %x, %y\n%r = ashr i64 %s, %y",
    "%s = shl i64 %x, 32\n%r = ashr exact i64 %s, 32",
  ])
  func `everything else stays`(body: String) throws {
    #expect(!(try finished(body)).contains("ext i"))
  }

  /// A sum of `depth` levels whose parts are shifted up by `scale`, and the name that its value has.
  private func sum(
    scaledBy scale: Int, depth: Int, _ lines: inout [String], _ random: inout some RandomNumberGenerator
  ) -> String {
    if depth == 0 {
      if Int.random(in: 0..<3, using: &random) == 0 {
        return "\(Int64.random(in: -9...9, using: &random) << Int64(scale))"
      }
      let result = "%v\(lines.count)"
      lines.append("\(result) = shl i64 %\(Bool.random(using: &random) ? "x" : "y"), \(scale)")
      return result
    }
    let a = sum(scaledBy: scale, depth: depth - 1, &lines, &random)
    let b = sum(scaledBy: scale, depth: Int.random(in: 0..<depth, using: &random), &lines, &random)
    let result = "%v\(lines.count)"
    lines.append("\(result) = \(Bool.random(using: &random) ? "add" : "sub") i64 \(a), \(b)")
    return result
  }

  /// What a function without arguments returns, found by LLVM's own folding.
  private func result(_ lines: [String], x: Int64, y: Int64, without passes: Set<OwnPass> = []) throws -> String {
    let text = """
      @x = private constant i64 \(x)
      @y = private constant i64 \(y)
      define i64 @f() {
        %x = load i64, ptr @x
        %y = load i64, ptr @y
        \(lines.joined(separator: "\n"))
        ret i64 %r
      }
      """
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: "aarch64", disabled: passes))
    try module.runPasses("function(instcombine)")
    return try #require(module.text.split(separator: "\n").map(String.init).first { $0.contains("ret i64") })
  }

  @Test func `results are those of the shifts`() throws {
    var random = SystemRandomNumberGenerator()
    var changed = 0
    for _ in 0..<400 {
      let scale = [1, 2, 3, 32, 48, 56].randomElement(using: &random)!
      var lines: [String] = []
      let value = sum(scaledBy: scale, depth: Int.random(in: 0...2, using: &random), &lines, &random)
      guard value.hasPrefix("%") else { continue }
      if scale < 32 {
        let width = [8, 16, 32].randomElement(using: &random)!
        lines.append("%r = and i64 \(value), \(((1 << width) - 1) << scale)")
      } else {
        let down = Int.random(in: scale - 6...scale, using: &random)
        lines.append("%r = \(Bool.random(using: &random) ? "ashr" : "lshr") i64 \(value), \(down)")
      }
      let (x, y) = (Int64.random(in: .min ... .max, using: &random), Int64.random(in: -4...4, using: &random))
      let expected = try result(lines, x: x, y: y, without: [.shortExtensions])
      #expect(try result(lines, x: x, y: y) == expected, "\(lines) of \(x), \(y)")
      #expect(!expected.contains("%"))
      if try finished(lines.joined(separator: "\n")).contains("ext i") { changed += 1 }
    }
    #expect(changed > 100)
  }
}
