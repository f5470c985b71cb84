// Floating point: x86's results on every target.
//
// x86 hosts compute NaNs as the guest does. Elsewhere a marker (`NaNMarker`) stands where x86's choice
// may differ.

import LLVM
import Semantics

private var e: Emission { Emission.current }
private var b: Builder { Emission.current.builder }

extension IRVector {
  /// A NaN result becomes the one x86 gives for `operands`.
  static func withX86NaN(_ result: Value, _ operands: [Value], always: Bool = false) -> Value {
    e.target.hasX86NaN && !always ? result : NaNMarker.first(result, operands)
  }

  private static func compute(_ operation: FloatOperation, _ x: Value, _ y: Value) -> Value {
    switch operation {
    case .add: return inOrder("add", x, y) ?? withX86NaN(strict("fadd", [x, y]) ?? b.fadd(x, y), [x, y])
    case .subtract: return withX86NaN(strict("fsub", [x, y]) ?? b.fsub(x, y), [x, y])
    case .multiply: return inOrder("mul", x, y) ?? withX86NaN(strict("fmul", [x, y]) ?? b.fmul(x, y), [x, y])
    // Never folded: 0/0, which libraries make NaNs by, is negative on x86 and positive to LLVM.
    case .divide: return withX86NaN(constrained("fdiv", [x, y]), [x, y])
    // The second operand if either is NaN or both are zero: what a plain compare and select does.
    case .minimum: return inOrder("min", x, y) ?? b.select(compared(.less, x, y, signals: true), x, y)
    case .maximum: return inOrder("max", x, y) ?? b.select(compared(.less, y, x, signals: true), x, y)
    }
  }

  private static func root(_ x: Value) -> Value {
    withX86NaN(
      strict("sqrt", [x]) ?? b.call(e.module.intrinsic("llvm.sqrt", [x.type]), [x]), [x])
  }

  static func round(_ rounding: FloatRounding, _ x: Value, isSilent: Bool = false) -> Value {
    let name =
      switch rounding {
      case .nearest: "roundeven"
      // By the host's mode, which is the guest's.
      case .current: isSilent ? "nearbyint" : "rint"
      case .down: "floor"
      case .up: "ceil"
      case .towardZero: "trunc"
      }
    func rounded(_ x: Value) -> Value {
      e.isStrict
        ? constrained(name, [x], isRounded: rounding == .current)
        : b.call(e.module.intrinsic("llvm." + name, [x.type]), [x])
    }
    guard isSilent else {
      if let result = roundedOnHost(rounding, x) { return result }
      // Of all of them only `rint` tells of what is lost, and in line it compares on RISC-V.
      if rounding != .current { _ = strict("rint", [x]) }
      return rounding == .current && e.target.signalsForLess
        ? constrained(name, [x]) : rounded(x)
    }
    // Where such instructions, or what LLVM makes of them, tell all the same.
    guard let (save, restore) = e.target.exceptionFlags else { return rounded(x) }
    if x.type.isVector {
      return (0..<x.type.vectorSize).reduce(x) {
        b.insertElement($0, round(rounding, b.extractElement(x, $1), isSilent: true), $1)
      }
    }
    let saving = IRType.function(e.context.structType([e.i64, x.type]), [x.type])
    let before = b.call(b.inlineAsm(saving, save, constraints: "=r,=f,1"), saving, [x])
    let result = rounded(b.extractValue(before, 1))
    let restoring = IRType.function(x.type, [e.i64, x.type])
    return b.call(
      b.inlineAsm(restoring, restore, constraints: "=f,r,0"), restoring,
      [b.extractValue(before, 0), result])
  }

  // Lanes.
  func float<W: Word>(_ operation: FloatOperation, _ other: Self, lanes _: W.Type) -> Self {
    Self(Self.compute(operation, floats(W.bits), other.floats(W.bits)))
  }
  func subtractedOrAdded<W: Word>(_ other: Self, lanes _: W.Type) -> Self {
    let (x, y) = (floats(W.bits), other.floats(W.bits))
    if let result = Self.inOrder("addsub", x, y) { return Self(result) }
    let count = 128 / W.bits
    let addend = b.shuffleVector(b.fneg(y), y, (0..<count).map { $0 & 1 == 0 ? $0 : $0 + count })
    return Self(Self.withX86NaN(Self.strict("fadd", [x, addend]) ?? b.fadd(x, addend), [x, y]))
  }
  func squareRoot<W: Word>(lanes _: W.Type) -> Self { Self(Self.root(floats(W.bits))) }
  func compare<W: Word>(
    _ predicate: FloatPredicate, _ other: Self, lanes _: W.Type, signals: Bool
  ) -> Self {
    let (x, y) = (floats(W.bits), other.floats(W.bits))
    if let mask = Self.maskOnHost(predicate, x, y, signals: signals) { return Self(mask) }
    let flags = Self.compared(predicate, x, y, signals: signals)
    return Self(b.sext(flags, Self.laneType(W.bits)))
  }
  func rounded<W: Word>(_ rounding: FloatRounding, lanes _: W.Type, isSilent: Bool) -> Self {
    let x = floats(W.bits)
    return Self(Self.withX86NaN(Self.round(rounding, x, isSilent: isSilent), [x]))
  }

  // Scalars, as bit patterns.
  static func float<W: Word>(_ w: W) -> Value where W.Carrier == Value, W.Flag == IRFlag {
    b.bitCast(w.carrier, floatType(W.bits))
  }
  static func word<W: Word>(_ v: Value) -> W where W.Carrier == Value, W.Flag == IRFlag {
    wrap(b.bitCast(v, e.context.int(W.bits)))
  }

  static func float<W: Word>(_ operation: FloatOperation, _ x: W, _ y: W) -> W
  where W.Carrier == Value, W.Flag == IRFlag { word(compute(operation, float(x), float(y))) }
  static func squareRoot<W: Word>(_ x: W) -> W where W.Carrier == Value, W.Flag == IRFlag {
    word(root(float(x)))
  }
  static func rounded<W: Word>(_ rounding: FloatRounding, _ x: W, isSilent: Bool) -> W
  where W.Carrier == Value, W.Flag == IRFlag {
    let f = float(x)
    return word(withX86NaN(round(rounding, f, isSilent: isSilent), [f]))
  }
  static func related<W: Word>(_ x: W, _ y: W, signals: Bool) -> FloatRelation<IRFlag>
  where W.Carrier == Value, W.Flag == IRFlag {
    let (f, g) = (float(x), float(y))
    return FloatRelation(
      isUnordered: IRFlag(compared(.unordered, f, g, signals: signals)),
      isLess: IRFlag(related(.less, f, g, signals: signals)),
      isEqual: IRFlag(related(.equal, f, g, signals: signals)))
  }

  static func convertFloat<A: Word, B: Word>(_ x: A, to _: B.Type) -> B
  where A.Carrier == Value, A.Flag == IRFlag, B.Carrier == Value, B.Flag == IRFlag {
    let f = float(x)
    let result = B.bits > A.bits
      ? strict("fpext", [f], to: e.double, isRounded: false) ?? b.fpExt(f, e.double)
      : strict("fptrunc", [f], to: e.float) ?? b.fpTrunc(f, e.float)
    // Some hosts drop sign and payload.
    return word(e.target.convertsNaNs ? result : NaNMarker.converted(result, [f]))
  }

  static func convertToFloat<A: Word, B: Word>(signed x: A, to _: B.Type) -> B
  where A.Carrier == Value, A.Flag == IRFlag, B.Carrier == Value, B.Flag == IRFlag {
    let type = floatType(B.bits)
    if e.target.isX86 { return word(convertedByX86(x.carrier, to: type)) }
    return word(strict("sitofp", [x.carrier], to: type) ?? b.siToFP(x.carrier, type))
  }

  /// CVTSI2SD keeps the upper half of its destination, and so waits for what was in it. Where LLVM takes a register
  /// that this function has not used yet, it does not clear it first, and a loop around calls becomes one chain.
  private static func convertedByX86(_ x: Value, to type: IRType) -> Value {
    let name = "cvtsi2s\(type == e.double ? "d" : "s")\(x.type.intWidth == 64 ? "q" : "l")"
    let text = e.isWide ? "vxorps $0, $0, $0\n\tv\(name) $1, $0, $0" : "xorps $0, $0\n\t\(name) $1, $0"
    return instruction(text, "=&x,r", [x], to: type)
  }

  static func convertToSigned<A: Word, B: Word>(_ x: A, to _: B.Type, _ rounding: FloatRounding) -> B
  where A.Carrier == Value, A.Flag == IRFlag, B.Carrier == Value, B.Flag == IRFlag {
    var f = float(x)
    if e.target.isX86, rounding == .towardZero || rounding == .nearest || rounding == .current {
      let truncating = rounding == .towardZero ? "t" : ""
      if e.isStrict {
        // LLVM takes the intrinsic for a function without effects.
        let type = IRType.function(e.context.int(B.bits), [f.type])
        let text = "cvt\(truncating)s\(A.bits == 64 ? "d" : "s")2si $1, $0"
        return wrap(b.call(b.inlineAsm(type, text, constraints: "=r,x"), type, [f]))
      }
      let vector = floatType(A.bits).vector(128 / A.bits)
      let lanes = b.insertElement(vector.null, f, 0)
      let name = A.bits == 64
        ? "llvm.x86.sse2.cvt\(truncating)sd2si" : "llvm.x86.sse.cvt\(truncating)ss2si"
      return wrap(b.call(e.module.intrinsic(B.bits == 64 ? name + "64" : name), [lanes]))
    }
    let type = e.context.int(B.bits)
    // Whether an operand fits is told by its rounded value, which only the narrower integer needs to see.
    var rounding = rounding
    if rounding != .towardZero && (B.bits < A.bits || e.target.conversion(from: A.bits, to: B.bits, rounding) == nil) {
      f = round(rounding, f)
      rounding = .towardZero
    }
    let saturated: Value
    if let text = e.target.conversion(from: A.bits, to: B.bits, rounding) {
      saturated = e.target.convertsInFloatRegisters
        ? b.bitCast(instruction(text, "=f,f", [f], to: floatType(B.bits)), type)
        : instruction(text, "=r,f", [f], to: type)
    } else if e.isStrict {
      saturated = constrained("fptosi", [f], to: type, isRounded: false)
    } else {
      saturated = b.call(e.module.intrinsic("llvm.fptosi.sat", [type, f.type]), [f])
    }
    // Too small saturates to the integer indefinite by itself; too large and NaN do not.
    let limit = f.type.constReal(B.bits == 64 ? 9223372036854775808.0 : 2147483648.0)
    let indefinite = type.constInt(1 << UInt64(B.bits - 1))
    return wrap(b.select(b.fcmp(LLVMRealOLT, f, limit), saturated, indefinite))
  }
}
