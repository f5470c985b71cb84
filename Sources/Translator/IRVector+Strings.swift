// PCMPISTRI: the processor's own where it has it, elsewhere a function of the runtime without effects,
// of whose several calls LLVM leaves one.

import LLVM
import RuntimeABI
import Semantics

private var e: Emission { Emission.current }
private var b: Builder { Emission.current.builder }

extension IRVector {
  func comparedStrings(_ other: Self, control: UInt8, _ answer: StringAnswer) -> W32 {
    if e.target.hasStringComparison {
      let suffix = ["i", "ic", "iz", "is", "io"][Int(answer.rawValue)]
      let name = "llvm.x86.sse42.pcmpistr\(suffix)128"
      return W32(
        value: b.call(
          e.module.intrinsic(name), [lanes(8), other.lanes(8), e.i8.constInt(UInt64(control))]))
    }
    let halves = [self, other].flatMap { v in (0..<2).map { b.extractElement(v.canonical, $0) } }
    let type = IRType.function(e.i64, [IRType](repeating: e.i64, count: 5))
    let all = b.call(
      Self.comparison(type).value, type, halves + [e.i64.constInt(UInt64(control))])
    if answer == .index { return W32(value: b.trunc(all, e.i32)) }
    let shift = UInt64(31 + answer.rawValue)
    return W32(value: b.and(b.trunc(b.lshr(all, e.i64.constInt(shift)), e.i32), e.i32.constInt(1)))
  }

  private static func comparison(_ type: IRType) -> Function {
    if let known = e.module.function(named: Symbol.compareStrings) { return known }
    let f = e.module.addFunction(Symbol.compareStrings, type)
    f.visibility = LLVMHiddenVisibility
    for name in ["nounwind", "willreturn", "nofree", "nosync"] {
      f.addAttribute(e.context.attribute(name))
    }
    f.addAttribute(e.context.attribute("memory"))
    return f
  }
}
