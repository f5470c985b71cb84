// The stack's side of the x87 transcendental functions: operands, C2, pops and pushes.

import RuntimeABI
import Semantics
import X86

extension InterpreterMachine {
  func steppedTranscendental(_ i: Instruction) -> Bool {
    switch i.operation {
    case .f2xm1: unary { c, a in c.exponentialMinusOne(a) }
    case .fyl2x: binary { c, x, y in c.logarithm(x, times: y) }
    case .fyl2xp1: binary { c, x, y in c.logarithmPlusOne(x, times: y) }
    case .fpatan: binary { c, x, y in c.arctangent(y, x) }
    case .fsin, .fcos, .fsincos, .fptan: trigonometric(i.operation)
    default: return false
    }
    return true
  }

  /// Of ST(0) and ST(1), into ST(1); pops.
  private func binary(_ body: (inout SoftFloatContext, SoftFloat80, SoftFloat80) -> SoftFloat80) {
    if let x = st(0), let y = st(1) {
      var context = softContext
      let result = body(&context, x, y)
      note(context)
      setST(1, result)
    } else {
      setST(1, .indefinite)
    }
    pop()
  }

  /// An instruction that pushes onto a full stack: noted, and both results indefinite.
  func overflows() -> Bool {
    let top = (vcpu.pointee.x87Top &- 1) & 7
    if vcpu.pointee.x87Empty & (1 &<< top) != 0 { return false }
    note(SoftFloatContext.invalid | Self.stackFault | Self.c1)
    setST(0, .indefinite)
    vcpu.pointee.x87Top = top
    setST(0, .indefinite)
    return true
  }

  private func trigonometric(_ operation: Operation) {
    let pushes = operation == .fsincos || operation == .fptan
    guard let a = st(0) else {
      setST(0, .indefinite)
      if pushes {
        vcpu.pointee.x87Top = (vcpu.pointee.x87Top &- 1) & 7
        setST(0, .indefinite)
      }
      return
    }
    if pushes && overflows() { return }
    var context = softContext
    // Out of range: C2, and the operand stays.
    let finite = !a.isUnsupported && a.exponent != 0x7fff
    if finite && a.exponent >= 0x3fff &+ 63 {
      note(0)
      vcpu.pointee.x87Status |= Self.c2
      return
    }
    vcpu.pointee.x87Status &= ~Self.c2
    let first: SoftFloat80
    var second = SoftFloat80.one
    if let result = context.special(a, a) {
      (first, second) = (result, result)
    } else if a.isInfinity {
      first = context.invalidResult()
      second = first
    } else if a.isZero {
      first = operation == .fcos ? .one : a
    } else {
      let (sine, cosine) = SoftFloatContext.sineCosine(a)
      switch operation {
      case .fsin: first = context.round(sine.negative, sine.value)
      case .fcos: first = context.round(cosine.negative, cosine.value)
      case .fptan:
        first = context.round(sine.negative != cosine.negative, sine.value / cosine.value)
      default:
        first = context.round(sine.negative, sine.value)
        second = context.round(cosine.negative, cosine.value)
      }
    }
    note(context)
    setST(0, first)
    if pushes { push(second) }
  }
}
