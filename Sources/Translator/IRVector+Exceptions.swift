// How floating-point operations keep what LLVM would not: exception flags, the rounding mode at their
// place, and which of two NaNs comes out.

import LLVM
import Semantics

private var e: Emission { Emission.current }
private var b: Builder { Emission.current.builder }

extension IRVector {
  /// On x86 hosts the instruction itself: LLVM takes sums and products to be commutative, but of two NaNs the first
  /// operand's comes out; and it takes minima apart, which raise exceptions and see subnormal operands as DAZ has it.
  static func inOrder(_ operation: String, _ x: Value, _ y: Value) -> Value? {
    guard e.target.isX86 else { return nil }
    let name = operation + suffix(x.type)
    // The assembler exchanges operands for the shorter VEX prefix.
    return e.isWide
      ? instruction("{vex3} v\(name) $2, $1, $0", "=x,x,x", [x, y])
      : instruction("\(name) $2, $0", "=x,0,x", [x, y])
  }

  /// ROUNDxx itself on x86 hosts, which raises "inexact".
  static func roundedOnHost(_ rounding: FloatRounding, _ x: Value) -> Value? {
    guard e.target.isX86 else { return nil }
    let (name, control) = ("round" + suffix(x.type), rounding == .current ? 4 : rounding.rawValue)
    let first = e.isWide && !x.type.isVector ? "$1, " : ""
    return instruction("\(e.isWide ? "v" : "")\(name) $$\(control), $1, \(first)$0", "=x,x", [x])
  }

  /// CMPxx itself on x86 hosts. Only VEX encodings have all predicates both ways.
  static func maskOnHost(_ p: FloatPredicate, _ x: Value, _ y: Value, signals: Bool) -> Value? {
    guard e.target.isX86 else { return nil }
    let isUsual = signals == [.less, .lessOrEqual, .notLess, .notLessOrEqual].contains(p)
    guard isUsual || e.isWide else { return nil }
    let (name, control) = ("cmp" + suffix(x.type), isUsual ? p.rawValue : p.rawValue + 16)
    return e.isWide
      ? instruction("v\(name) $$\(control), $2, $1, $0", "=x,x,x", [x, y])
      : instruction("\(name) $$\(control), $2, $0", "=x,0,x", [x, y])
  }

  /// SS, SD, PS or PD.
  static func suffix(_ type: IRType) -> String {
    let element = type.isVector ? type.elementType : type
    return (type.isVector ? "p" : "s") + (element == e.float ? "s" : "d")
  }

  /// An instruction of the host on values of one type, as assembly. It has an effect, on exception flags, and
  /// touches no memory that LLVM knows of.
  static func instruction(
    _ text: String, _ constraints: String, _ operands: [Value], to result: IRType? = nil
  ) -> Value {
    let type = IRType.function(result ?? operands[0].type, operands.map(\.type))
    let call = b.call(b.inlineAsm(type, text, constraints: constraints), type, operands)
    for a in [e.context.attribute("nounwind"), e.context.attribute("willreturn"), e.inaccessibleMemory] {
      call.addCallAttribute(a)
    }
    return call
  }

  /// The constrained form of an arithmetic operation, which LLVM neither moves across changes of the
  /// rounding mode nor leaves out or executes early, so that exception flags are the guest's. Nil for
  /// lanes where the backend would take it apart, unless the function looks at flags or modes.
  static func strict(
    _ operation: String, _ operands: [Value], to result: IRType? = nil, isRounded: Bool = true
  ) -> Value? {
    guard e.isStrict || e.target.keepsLanes || !operands[0].type.isVector else { return nil }
    return constrained(operation, operands, to: result, isRounded: isRounded)
  }

  /// - Parameter isRounded: the result depends on the rounding mode.
  @discardableResult
  static func constrained(
    _ operation: String, _ operands: [Value], to result: IRType? = nil, isRounded: Bool = true
  ) -> Value {
    let types = (result.map { [$0] } ?? []) + [operands[0].type]
    let modes = (isRounded ? [e.dynamicRounding] : []) + [e.strictExceptions]
    let value = constrained(operation, types, operands + modes)
    if e.target.forgetsExceptions && !value.type.isVector {
      // LLVM 19 has no constrained instructions for it, and drops what has no use.
      let type = IRType.function(e.context.void, [value.type])
      b.call(b.inlineAsm(type, "", constraints: "f"), type, [value])
    }
    return value
  }

  static func constrained(_ operation: String, _ types: [IRType], _ operands: [Value])
    -> Value
  {
    let intrinsic = e.module.intrinsic("llvm.experimental.constrained.\(operation)", types)
    let call = b.call(intrinsic, operands)
    call.addCallAttribute(e.context.attribute("strictfp"))
    return call
  }

  /// A comparison. Scalars that signal always do; others have just their own exceptions where the function may look at
  /// flags.
  static func compared(_ p: FloatPredicate, _ x: Value, _ y: Value, signals: Bool) -> Value {
    if signals && !x.type.isVector {
      SignallingMarker.leave(x, y)
      return b.fcmp(predicate(p), x, y)
    }
    if !signals && e.target.signalsForLanes && x.type.isVector && (p == .ordered || p == .unordered) {
      let ordered = b.and(isNumber(x), isNumber(y))
      return p == .ordered ? ordered : b.not(ordered)
    }
    if signals && e.target.forgetsExceptions {
      for lane in 0..<x.type.vectorSize { SignallingMarker.leave(b.extractElement(x, lane), b.extractElement(y, lane)) }
    }
    guard e.isStrict else { return b.fcmp(predicate(p), x, y) }
    let name = ["oeq", "olt", "ole", "uno", "une", "uge", "ugt", "ord"][Int(p.rawValue)]
    return constrained(
      signals ? "fcmps" : "fcmp", [x.type],
      [x, y, e.context.value(of: e.context.mdString(name)), e.strictExceptions])
  }

  /// Lanes that are equal to themselves, by AArch64's quiet comparison: LLVM takes two that signal.
  private static func isNumber(_ x: Value) -> Value {
    let isSingle = x.type.elementType == e.float
    let lanes = isSingle ? "4s" : "2d"
    let mask = instruction("fcmeq $0.\(lanes), $1.\(lanes), $1.\(lanes)", "=w,w", [x], to: laneType(isSingle ? 32 : 64))
    return b.icmp(LLVMIntNE, mask, mask.type.null)
  }

  /// RISC-V's FLT raises "invalid" for quiet NaNs, too, and LLVM makes other comparisons of it, so that
  /// there only the constrained form is quiet.
  static func related(_ p: FloatPredicate, _ x: Value, _ y: Value, signals: Bool) -> Value {
    if signals || !e.target.signalsForLess { return b.fcmp(predicate(p), x, y) }
    let name = e.context.value(of: e.context.mdString(p == .less ? "olt" : "oeq"))
    return constrained("fcmp", [x.type], [x, y, name, e.unusedExceptions])
  }

  static func predicate(_ p: FloatPredicate) -> LLVMRealPredicate {
    switch p {
    case .equal: LLVMRealOEQ
    case .less: LLVMRealOLT
    case .lessOrEqual: LLVMRealOLE
    case .unordered: LLVMRealUNO
    case .notEqual: LLVMRealUNE
    case .notLess: LLVMRealUGE
    case .notLessOrEqual: LLVMRealUGT
    case .ordered: LLVMRealORD
    }
  }
}
