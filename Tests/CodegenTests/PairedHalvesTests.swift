import LLVM
import RuntimeABI
import Testing
import Translator

/// Both halves of 32-byte vectors, computed at once on x86 hosts.
@Suite struct PairedHalvesTests {
  private static let tags = """
    !0 = !{!"recast"}
    !1 = !{!"guest", !0, i64 0}
    !2 = !{!"half", !1, i64 0}
    !3 = !{!1, !1, i64 0}
    !4 = !{!2, !2, i64 0}
    """

  /// The text of a function after `finish`; `half` and `guest` in `body` stand for what kind of memory it is.
  private func finished(
    _ head: String, _ body: String, features: String = "+avx,+avx2", without passes: Set<OwnPass> = []
  ) throws -> String {
    let text = """
      declare void @unknown()
      define \(head) "target-features"="\(features)" {
      \(body.replacing(" half", with: " !tbaa !4").replacing(" guest", with: " !tbaa !3"))
      }
      \(Self.tags)
      """
    let module = try Module(bytes: Array(text.utf8), name: "test", in: LLVMContext(discardValueNames: false))
    try finish(module, for: TargetTraits(architecture: "x86_64", disabled: passes))
    try module.verify()
    return module.text
  }

  private func copied(
    between: String = "", tag: String = "half", features: String = "+avx,+avx2", without passes: Set<OwnPass> = []
  ) throws -> String {
    try finished(
      "void @f(i64 %from, i64 %to, <16 x i8> %x, <16 x i8> %y)",
      """
      %from1 = add i64 %from, 16
      %p0 = inttoptr i64 %from to ptr
      %p1 = inttoptr i64 %from1 to ptr
      %to1 = add i64 %to, 16
      %q0 = inttoptr i64 %to to ptr
      %q1 = inttoptr i64 %to1 to ptr
      %low = load <16 x i8>, ptr %p0, align 1, \(tag)
      \(between)
      %high = load <16 x i8>, ptr %p1, align 1, \(tag)
      %a = add <16 x i8> %low, %x
      %b = add <16 x i8> %high, %y
      store <16 x i8> %a, ptr %q0, align 1, \(tag)
      store <16 x i8> %b, ptr %q1, align 1, \(tag)
      ret void
      """, features: features, without: passes)
  }

  @Test func `halves that are loaded, added and stored side by side are one vector`() throws {
    let text = try copied()
    #expect(text.contains("load <32 x i8>"))
    #expect(text.contains("add <32 x i8>"))
    #expect(text.contains("store <32 x i8>"))
    #expect(!text.contains("load <16 x i8>"))
  }

  @Test func `not without the pass, nor where the guest has no AVX2, nor for other vectors side by side`() throws {
    #expect(!(try copied(without: [.pairedHalves])).contains("<32 x i8>"))
    #expect(!(try copied(features: "+sse4.2")).contains("<32 x i8>"))
    #expect(!(try copied(tag: "guest")).contains("<32 x i8>"))
  }

  @Test func `a load does not pass stores and calls`() throws {
    let text = try copied(between: "store i8 0, ptr %q0, align 1, guest")
    #expect(text.contains("load <16 x i8>"))
    #expect(!text.contains("load <32 x i8>"))
    #expect(!(try copied(between: "call void @unknown()")).contains("load <32 x i8>"))
  }

  @Test func `a load passes a store next to it`() throws {
    let text = try copied(
      between: """
        %beside = add i64 %from, 32
        %r = inttoptr i64 %beside to ptr
        store i8 0, ptr %r, align 1, guest
        """)
    #expect(text.contains("load <32 x i8>"))
  }

  @Test func `who looks at the lower half before the upper is there keeps both apart`() throws {
    let text = try copied(between: "store <16 x i8> %low, ptr %q0, align 1, guest")
    #expect(!text.contains("load <32 x i8>"))
  }

  @Test func `signs of both halves in one word are one mask`() throws {
    for addend in [false, true] {
      let text = try finished(
        "i32 @f(<16 x i8> %a, <16 x i8> %b, <16 x i8> %c, <16 x i8> %d)",
        """
        %low = icmp eq <16 x i8> %a, %c
        %high = icmp eq <16 x i8> %b, %d
        %i = bitcast <16 x i1> %low to i16
        %j = bitcast <16 x i1> %high to i16
        %x = zext i16 %i to i32
        %y = zext i16 %j to i32
        %z = shl nuw i32 %y, 16
        \(addend ? "%one = add i32 %x, 1\n%word = add i32 %z, %one" : "%word = or disjoint i32 %z, %x")
        ret i32 %word
        """)
      #expect(text.contains("icmp eq <32 x i8>"))
      #expect(text.contains("bitcast <32 x i1>"))
      #expect(!text.contains("shl"))
      #expect(text.contains("add i32") == addend)
    }
  }

  /// - Parameter mask: lanes of the upper half's shuffle.
  private func shuffled(_ mask: String) throws -> String {
    try finished(
      "void @f(<4 x i32> %a, <4 x i32> %b, <4 x i32> %c, <4 x i32> %d, i64 %to)",
      """
      %to1 = add i64 %to, 16
      %q0 = inttoptr i64 %to to ptr
      %q1 = inttoptr i64 %to1 to ptr
      %low = shufflevector <4 x i32> %a, <4 x i32> %b, <4 x i32> <i32 0, i32 4, i32 1, i32 5>
      %high = shufflevector <4 x i32> %c, <4 x i32> %d, <4 x i32> <\(mask)>
      %s = mul <4 x i32> %low, %a
      %t = mul <4 x i32> %high, %c
      store <4 x i32> %s, ptr %q0, align 1, half
      store <4 x i32> %t, ptr %q1, align 1, half
      ret void
      """)
  }

  @Test func `halves are shuffled alike`() throws {
    let text = try shuffled("i32 0, i32 4, i32 1, i32 5")
    #expect(text.contains("<8 x i32> <i32 0, i32 8, i32 1, i32 9, i32 4, i32 12, i32 5, i32 13>"))
    #expect(!(try shuffled("i32 1, i32 4, i32 1, i32 5")).contains("i32 13>"))
  }

  @Test func `what a loop carries in halves is carried whole`() throws {
    let text = try finished(
      "<2 x double> @f(i64 %from, i64 %count)",
      """
      entry:
        br label %loop
      loop:
        %i = phi i64 [ 0, %entry ], [ %next, %loop ]
        %low = phi <2 x double> [ zeroinitializer, %entry ], [ %low1, %loop ]
        %high = phi <2 x double> [ zeroinitializer, %entry ], [ %high1, %loop ]
        %at = add i64 %from, %i
        %at1 = add i64 %at, 16
        %p = inttoptr i64 %at to ptr
        %q = inttoptr i64 %at1 to ptr
        %a = load <2 x double>, ptr %p, align 1, half
        %b = load <2 x double>, ptr %q, align 1, half
        %low1 = call <2 x double> asm sideeffect "{vex3} vaddpd $2, $1, $0", "=x,x,x"(<2 x double> %low, <2 x double> %a) nounwind
        %high1 = call <2 x double> asm sideeffect "{vex3} vaddpd $2, $1, $0", "=x,x,x"(<2 x double> %high, <2 x double> %b) nounwind
        %next = add i64 %i, 32
        %again = icmp ult i64 %next, %count
        br i1 %again, label %loop, label %end
      end:
        %sum = fadd <2 x double> %low1, %high1
        ret <2 x double> %sum
      """)
    #expect(text.contains("phi <4 x double>"))
    #expect(text.contains("call <4 x double> asm"))
    #expect(!text.contains("phi <2 x double>"))
    #expect(text.contains("fadd <2 x double>"))
  }

  @Test func `a register's halves go to its VCPU slot at once, two registers' do not`() throws {
    func stored(_ first: Int) throws -> String {
      try finished(
        "void @f(ptr %vcpu, i64 %from)",
        """
        %from1 = add i64 %from, 16
        %p0 = inttoptr i64 %from to ptr
        %p1 = inttoptr i64 %from1 to ptr
        %a = load <2 x i64>, ptr %p0, align 1, half
        %b = load <2 x i64>, ptr %p1, align 1, half
        %x = xor <2 x i64> %a, <i64 1, i64 2>
        %y = xor <2 x i64> %b, <i64 3, i64 4>
        %p = getelementptr inbounds i8, ptr %vcpu, i64 \(first)
        %q = getelementptr inbounds i8, ptr %vcpu, i64 \(first + 16)
        store <2 x i64> %x, ptr %p, align 8, !tbaa !6
        store <2 x i64> %y, ptr %q, align 8, !tbaa !6
        ret void
        }
        !5 = !{!"vcpu", !0, i64 0}
        !6 = !{!5, !5, i64 0}
        define void @g() {
        ret void
        """)
    }
    let text = try stored(VCPUOffset.ymm(3, half: 0))
    #expect(text.contains("store <4 x i64>"))
    #expect(text.contains("<i64 1, i64 2, i64 3, i64 4>"))
    #expect(!(try stored(VCPUOffset.ymm(3, half: 1))).contains("<4 x i64>"))
  }
}
