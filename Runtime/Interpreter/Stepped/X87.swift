// x87 arithmetic and comparisons, and the dispatch of all x87 instructions (SDM vol. 1, chapter 8).

import RuntimeABI
import Semantics
import X86

extension InterpreterMachine {
  enum X87Arithmetic { case add, subtract, subtractReversed, multiply, divide, divideReversed }

  mutating func arithmetic(
    _ operation: X87Arithmetic, _ i: Instruction, _ address: UInt64, integer: Bool = false,
    pops: Bool = false
  ) throws(GuestFault) {
    var context = softContext
    let inMemory = i.operands.0.kind == .memory
    let target: UInt8 = inMemory ? 0 : i.operands.0.number
    let other = try x87Source(
      inMemory ? i.operands.0 : i.operands.1, address, integer: integer, &context)
    if let b = other, let a = st(target) {
      // A signalling operand in memory has been quieted, its exception noted.
      let result: SoftFloat80
      switch operation {
      case .add: result = context.add(a, b)
      case .subtract: result = context.add(a, b.isNaN ? b : b.negated)
      case .subtractReversed: result = context.add(b, a.isNaN ? a : a.negated)
      case .multiply: result = context.multiply(a, b)
      case .divide: result = context.divide(a, b)
      case .divideReversed: result = context.divide(b, a)
      }
      note(context)
      setST(target, result)
    } else {
      setST(target, .indefinite)
    }
    if pops { pop() }
  }

  mutating func compare(
    _ i: Instruction, _ address: UInt64, integer: Bool = false, quiet: Bool, pops: Int,
    toFlags: Bool = false
  ) throws(GuestFault) {
    var context = softContext
    var codes: UInt16 = 7
    let operand: Operand
    if i.operandCount == 0 {
      operand = Operand(.x87, 1)
    } else {
      operand = i.operands.0.kind == .memory ? i.operands.0 : i.operands.1
    }
    let other = try x87Source(operand, address, integer: integer, &context)
    if let b = other, let a = st(0) {
      codes = context.compare(a, b, quiet: quiet)
      if codes == 7 { context.flags &= ~SoftFloatContext.denormal }
      if toFlags {
        vcpu.pointee.x87Status |= context.flags
        updateSummary()
      } else {
        note(context)
      }
    }
    if toFlags {
      vcpu.pointee.zf = UInt8(truncatingIfNeeded: codes &>> 2) & 1
      vcpu.pointee.pf = UInt8(truncatingIfNeeded: codes &>> 1) & 1
      vcpu.pointee.cf = UInt8(truncatingIfNeeded: codes) & 1
      (vcpu.pointee.of, vcpu.pointee.sf, vcpu.pointee.af) = (0, 0, 0)
    } else {
      setComparison(codes)
    }
    var n = 0
    while n < pops {
      pop()
      n &+= 1
    }
  }

  func setComparison(_ codes: UInt16) {
    setConditionCodes(
      (codes & 1 != 0 ? Self.c0 : 0) | (codes & 2 != 0 ? Self.c2 : 0)
        | (codes & 4 != 0 ? Self.c3 : 0))
  }

  func unary(_ body: (inout SoftFloatContext, SoftFloat80) -> SoftFloat80) {
    guard let a = st(0) else { return setST(0, .indefinite) }
    var context = softContext
    let result = body(&context, a)
    note(context)
    setST(0, result)
  }

  func fprem(nearest: Bool) {
    guard let a = st(0), let b = st(1) else {
      vcpu.pointee.x87Status &= ~Self.c2
      return setST(0, .indefinite)
    }
    var context = softContext
    let (value, quotient, done) = context.remainder(a, b, nearest: nearest)
    context.roundedUp = false
    note(context)
    if value.exponent == 0x7fff {
      // No quotient: C0 and C3 stay.
      vcpu.pointee.x87Status &= ~Self.c2
      return setST(0, value)
    }
    var codes: UInt16 = 0
    if done {
      if quotient & 4 != 0 { codes |= Self.c0 }
      if quotient & 2 != 0 { codes |= Self.c3 }
      if quotient & 1 != 0 { codes |= Self.c1 }
    } else {
      codes = Self.c2
    }
    setConditionCodes(codes)
    setST(0, value)
  }

  func fxtract() {
    guard let a = st(0) else {
      setST(0, .indefinite)
      return push(.indefinite)
    }
    if overflows() { return }
    var context = softContext
    let parts = context.extract(a)
    note(context)
    setST(0, parts.exponent)
    push(parts.significand)
  }

  /// Answers false when `i` is not an x87 instruction with a meaning.
  mutating func steppedX87(_ i: Instruction, _ address: UInt64) throws(GuestFault) -> Bool {
    try fault(.floatingPoint, if: vcpu.pointee.x87Status & 0x80 != 0 && i.waitsForX87)
    if vcpu.pointee.x87Control & Self.beforeResult == Self.beforeResult {
      return try evaluateX87(i, address)
    }
    // An unmasked exception of these kinds leaves everything as it was but the status.
    let before = vcpu.pointee
    let isKnown = try evaluateX87(i, address)
    if vcpu.pointee.x87Status & ~vcpu.pointee.x87Control & Self.beforeResult != 0 {
      vcpu.pointee.x87 = before.x87
      (vcpu.pointee.x87Top, vcpu.pointee.x87Empty) = (before.x87Top, before.x87Empty)
      (vcpu.pointee.cf, vcpu.pointee.pf, vcpu.pointee.zf) = (before.cf, before.pf, before.zf)
      (vcpu.pointee.of, vcpu.pointee.sf, vcpu.pointee.af) = (before.of, before.sf, before.af)
    }
    return isKnown
  }

  /// Invalid operation, denormal operand, division by zero: found before there is a result (SDM
  /// vol. 1, 8.6).
  static var beforeResult: UInt16 { 7 }

  private mutating func evaluateX87(_ i: Instruction, _ address: UInt64) throws(GuestFault) -> Bool {
    let small = i.prefixes.contains(.operandSize)
    switch i.operation {
    case .fadd: try arithmetic(.add, i, address)
    case .faddp: try arithmetic(.add, i, address, pops: true)
    case .fiadd: try arithmetic(.add, i, address, integer: true)
    case .fmul: try arithmetic(.multiply, i, address)
    case .fmulp: try arithmetic(.multiply, i, address, pops: true)
    case .fimul: try arithmetic(.multiply, i, address, integer: true)
    case .fsub: try arithmetic(.subtract, i, address)
    case .fsubp: try arithmetic(.subtract, i, address, pops: true)
    case .fisub: try arithmetic(.subtract, i, address, integer: true)
    case .fsubr: try arithmetic(.subtractReversed, i, address)
    case .fsubrp: try arithmetic(.subtractReversed, i, address, pops: true)
    case .fisubr: try arithmetic(.subtractReversed, i, address, integer: true)
    case .fdiv: try arithmetic(.divide, i, address)
    case .fdivp: try arithmetic(.divide, i, address, pops: true)
    case .fidiv: try arithmetic(.divide, i, address, integer: true)
    case .fdivr: try arithmetic(.divideReversed, i, address)
    case .fdivrp: try arithmetic(.divideReversed, i, address, pops: true)
    case .fidivr: try arithmetic(.divideReversed, i, address, integer: true)
    case .fcom: try compare(i, address, quiet: false, pops: 0)
    case .fcomp: try compare(i, address, quiet: false, pops: 1)
    case .fcompp: try compare(i, address, quiet: false, pops: 2)
    case .fucom: try compare(i, address, quiet: true, pops: 0)
    case .fucomp: try compare(i, address, quiet: true, pops: 1)
    case .fucompp: try compare(i, address, quiet: true, pops: 2)
    case .ficom: try compare(i, address, integer: true, quiet: false, pops: 0)
    case .ficomp: try compare(i, address, integer: true, quiet: false, pops: 1)
    case .fcomi: try compare(i, address, quiet: false, pops: 0, toFlags: true)
    case .fcomip: try compare(i, address, quiet: false, pops: 1, toFlags: true)
    case .fucomi: try compare(i, address, quiet: true, pops: 0, toFlags: true)
    case .fucomip: try compare(i, address, quiet: true, pops: 1, toFlags: true)
    case .ftst:
      var codes: UInt16 = 7
      if let a = st(0) {
        var context = softContext
        codes = context.compare(a, .zero, quiet: false)
        note(context)
      }
      setComparison(codes)
    case .fxam: fxam()
    case .fld: try fld(i, address, integer: false)
    case .fild: try fld(i, address, integer: true)
    case .fst: try fst(i, address, pops: false)
    case .fstp: try fst(i, address, pops: true)
    case .fstpUnchecked:
      // Not in the manual; with ST(0) empty a processor copies nothing and raises nothing.
      if isEmpty(0) {
        note(0)
        pop()
      } else {
        try fst(i, address, pops: true)
      }
    case .fist: try fist(i, address, pops: false, truncating: false)
    case .fistp: try fist(i, address, pops: true, truncating: false)
    case .fisttp: try fist(i, address, pops: true, truncating: true)
    case .fbld: try fbld(address)
    case .fbstp: try fbstp(address)
    case .fxch: fxch(i.operands.1.number)
    case .fchs: unary { _, a in a.negated }
    case .fabs: unary { _, a in SoftFloat80(a.signExponent & 0x7fff, a.significand) }
    case .fsqrt: unary { c, a in c.squareRoot(a) }
    case .frndint: unary { c, a in c.roundToInteger(a) }
    case .fscale:
      let by = st(1)
      if let by { unary { c, a in c.scale(a, by: by) } } else { setST(0, .indefinite) }
    case .fxtract: fxtract()
    case .fprem: fprem(nearest: false)
    case .fprem1: fprem(nearest: true)
    case .fld1: pushConstant(0x3fff, 1 << 63, 0)
    case .fldz:
      note(0)
      push(.zero)
    case .fldpi: pushConstant(0x4000, 0xc90f_daa2_2168_c234, 0xc4c6_628b_80dc_1cd1)
    case .fldl2t: pushConstant(0x4000, 0xd49a_784b_cd1b_8afe, 0x492b_f6ff_4daf_db4c)
    case .fldl2e: pushConstant(0x3fff, 0xb8aa_3b29_5c17_f0bb, 0xbe87_fed0_691d_3e88)
    case .fldlg2: pushConstant(0x3ffd, 0x9a20_9a84_fbcf_f798, 0x8f89_59ac_0b7c_9178)
    case .fldln2: pushConstant(0x3ffe, 0xb172_17f7_d1cf_79ab, 0xc9e3_b398_03f2_f6af)
    case .fcmovb: fcmov(i.operands.1.number, flag(.cf))
    case .fcmovnb: fcmov(i.operands.1.number, !flag(.cf))
    case .fcmove: fcmov(i.operands.1.number, flag(.zf))
    case .fcmovne: fcmov(i.operands.1.number, !flag(.zf))
    case .fcmovbe: fcmov(i.operands.1.number, flag(.cf) || flag(.zf))
    case .fcmovnbe: fcmov(i.operands.1.number, !(flag(.cf) || flag(.zf)))
    case .fcmovu: fcmov(i.operands.1.number, flag(.pf))
    case .fcmovnu: fcmov(i.operands.1.number, !flag(.pf))
    case .ffree: free(i.operands.0.number)
    case .ffreep:
      free(i.operands.0.number)
      pop()
    case .fincstp:
      vcpu.pointee.x87Top = (vcpu.pointee.x87Top &+ 1) & 7
      note(0)
    case .fdecstp:
      vcpu.pointee.x87Top = (vcpu.pointee.x87Top &- 1) & 7
      note(0)
    case .fnop, .fwait: break
    case .fninit: resetX87()
    case .fnclex: vcpu.pointee.x87Status &= ~0x80ff
    case .fnstcw: try store(vcpu.pointee.x87Control, at: address)
    case .fldcw:
      vcpu.pointee.x87Control = (try load(UInt16.self, at: address)) | 0x40
      updateSummary()
    case .fnstsw:
      if i.operands.0.kind == .memory {
        try store(statusWord, at: address)
      } else {
        self[.rax] = (self[.rax] & ~0xffff) | UInt64(statusWord)
      }
    case .fnstenv:
      try storeEnvironment(address, small: small)
      vcpu.pointee.x87Control |= 0x3f
      updateSummary()
    case .fldenv: try loadEnvironment(address, small: small)
    case .fnsave:
      try storeEnvironment(address, small: small)
      var n: UInt8 = 0
      while n < 8 {
        let place = address &+ (small ? 14 : 28) &+ 10 &* UInt64(n)
        try storeExtended(physicalValue(physical(n)), place)
        n &+= 1
      }
      resetX87()
    case .frstor:
      try loadEnvironment(address, small: small)
      var n: UInt8 = 0
      while n < 8 {
        let value = try loadExtended(address &+ (small ? 14 : 28) &+ 10 &* UInt64(n))
        setPhysicalValue(physical(n), value)
        n &+= 1
      }
    default: return steppedTranscendental(i)
    }
    return true
  }
}

extension Instruction {
  /// An unmasked exception that is pending is raised by the next x87 or MMX instruction, unless it is
  /// of those that do not wait (SDM vol. 1, 8.3.12 and 8.7).
  var waitsForX87: Bool {
    switch operation {
    case .fninit, .fnclex, .fnstcw, .fnstsw, .fnstenv, .fnsave: false
    default: isNamedAsX87 && immediate != 0
    }
  }
}
