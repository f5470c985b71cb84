// Fused multiply-add, shifts lane by lane, and conversions of whole vectors.

import LLVM
import Semantics

private var e: Emission { Emission.current }
private var b: Builder { Emission.current.builder }

extension IRVector {
  // MARK: Fused multiply-add

  /// A sign that turns here must not turn a NaN, which is chosen from the operands as they were.
  private static func fuse(_ x: Value, _ y: Value, _ z: Value, _ form: FusedForm) -> Value {
    if e.isWide { return fusedOnHost(x, y, z, form) }
    var addend = z
    if form.subtractsEven && (form.subtractsOdd || !z.type.isVector) {
      addend = b.fneg(z)
    } else if form.subtractsEven != form.subtractsOdd {
      let (count, subtracted) = (z.type.vectorSize, form.subtractsEven ? 0 : 1)
      addend = b.shuffleVector(
        z, b.fneg(z), (0..<count).map { $0 & 1 == subtracted ? $0 + count : $0 })
    }
    let factor = form.negatesProduct ? b.fneg(x) : x
    let result = strict("fma", [factor, y, addend])
      ?? b.call(e.module.intrinsic("llvm.fma", [x.type]), [factor, y, addend])
    return withX86NaN(result, [x, y, z], always: true)
  }

  /// The guest's own instruction.
  private static func fusedOnHost(_ x: Value, _ y: Value, _ z: Value, _ form: FusedForm) -> Value {
    let sign =
      switch (form.subtractsEven, form.subtractsOdd) {
      case (false, false): "add"
      case (true, true): "sub"
      case (true, false): z.type.isVector ? "addsub" : "sub"
      case (false, true): z.type.isVector ? "subadd" : "add"
      }
    let (order, operands) =
      switch form.order {
      case ._132: ("132", [x, z, y])
      case ._213: ("213", [y, x, z])
      case ._231: ("231", [z, x, y])
      }
    let name = "vf\(form.negatesProduct ? "n" : "")m\(sign)\(order)\(suffix(x.type))"
    return instruction("\(name) $3, $2, $0", "=x,0,x,x", operands)
  }

  func fusedMultiplyAdd<W: Word>(
    _ factor: Self, _ addend: Self, _ form: FusedForm, lanes _: W.Type
  ) -> Self {
    Self(Self.fuse(floats(W.bits), factor.floats(W.bits), addend.floats(W.bits), form))
  }

  static func fusedMultiplyAdd<W: Word>(_ x: W, _ y: W, _ z: W, _ form: FusedForm) -> W
  where W.Carrier == Value, W.Flag == IRFlag {
    word(fuse(float(x), float(y), float(z), form))
  }

  // MARK: Shifts

  func shifted<W: Word>(_ shift: LaneShift, byEach counts: Self, lanes _: W.Type) -> Self
  where W.Carrier == Value, W.Flag == IRFlag {
    let type = Self.laneType(W.bits)
    let (x, count) = (lanes(W.bits), counts.lanes(W.bits))
    func splat(_ n: Int) -> Value {
      constVector([Value](repeating: type.elementType.constInt(UInt64(n)), count: type.vectorSize))
    }
    let fits = b.icmp(LLVMIntULT, count, splat(W.bits))
    let safe = b.select(fits, count, splat(shift == .rightArithmetic ? W.bits - 1 : 0))
    switch shift {
    case .left: return Self(b.select(fits, b.shl(x, safe), type.null))
    case .rightLogical: return Self(b.select(fits, b.lshr(x, safe), type.null))
    case .rightArithmetic: return Self(b.ashr(x, safe))
    }
  }

  // MARK: Conversions

  func hostWidenedHalves() -> Self? {
    guard e.isWide else { return nil }
    return Self(Self.instruction("vcvtph2ps $1, $0", "=x,x", [value], to: e.float.vector(4)))
  }

  func hostNarrowedSingles(_ rounding: FloatRounding) -> Self? {
    guard e.isWide else { return nil }
    let control = rounding == .current ? 4 : rounding.rawValue
    let text = "vcvtps2ph $$\(control), $1, $0"
    let halves = Self.instruction(text, "=x,x", [floats(32)], to: e.context.int(16).vector(8))
    return Self(b.zext(b.shuffleVector(halves, halves, [0, 1, 2, 3]), Self.laneType(32)))
  }

  /// The low lanes of 32 bits that a conversion to lanes of 64 takes.
  private func lowPair(_ value: Value) -> Value {
    b.shuffleVector(value, value.type.poison, [0, 1])
  }
  /// Two lanes of 32 bits with zeroes above.
  private static func padded(_ pair: Value) -> Self {
    Self(b.shuffleVector(pair, pair.type.null, [0, 1, 2, 3]))
  }

  func convertedToFloat<A: Word, B: Word>(signed _: A.Type, to _: B.Type) -> Self
  where A.Carrier == Value, A.Flag == IRFlag, B.Carrier == Value, B.Flag == IRFlag {
    let source = A.bits < B.bits ? lowPair(lanes(A.bits)) : lanes(A.bits)
    let type = Self.floatType(B.bits).vector(source.type.vectorSize)
    let result = Self.strict("sitofp", [source], to: type) ?? b.siToFP(source, type)
    return A.bits > B.bits ? Self.padded(result) : Self(result)
  }

  func convertedFloat<A: Word, B: Word>(from _: A.Type, to _: B.Type) -> Self
  where A.Carrier == Value, A.Flag == IRFlag, B.Carrier == Value, B.Flag == IRFlag {
    let widens = B.bits > A.bits
    let source = widens ? lowPair(floats(A.bits)) : floats(A.bits)
    let converted = widens
      ? Self.strict("fpext", [source], to: e.double.vector(2), isRounded: false)
        ?? b.fpExt(source, e.double.vector(2))
      : Self.strict("fptrunc", [source], to: e.float.vector(2))
        ?? b.fpTrunc(source, e.float.vector(2))
    // As in `convertFloat`.
    let result = e.target.convertsNaNs ? converted : NaNMarker.converted(converted, [source])
    return widens ? Self(result) : Self.padded(result)
  }

  /// By the host's conversion of scalars.
  private func convertedLanes<A: Word, B: Word>(from _: A.Type, to _: B.Type, _ rounding: FloatRounding) -> Self
  where A.Carrier == Value, A.Flag == IRFlag, B.Carrier == Value, B.Flag == IRFlag {
    (0..<128 / max(A.bits, B.bits)).reduce(.zero) {
      $0.replacing($1, with: Self.convertToSigned(lane($1, A.self), to: B.self, rounding))
    }
  }

  func convertedToSigned<A: Word, B: Word>(
    from _: A.Type, to _: B.Type, _ rounding: FloatRounding
  ) -> Self
  where A.Carrier == Value, A.Flag == IRFlag, B.Carrier == Value, B.Flag == IRFlag {
    let x = floats(A.bits)
    if e.target.isX86, B.bits == 32,
      rounding == .towardZero || rounding == .nearest || rounding == .current
    {
      let truncating = rounding == .towardZero ? "t" : ""
      let kind = A.bits == 32 ? "ps" : "pd"
      let name = "llvm.x86.sse2.cvt\(truncating)\(kind)2dq"
      return Self(b.call(e.module.intrinsic(name), [x]))
    }
    if !e.target.keepsLanes { return convertedLanes(from: A.self, to: B.self, rounding) }
    let source = A.bits < B.bits ? lowPair(x) : x
    let count = source.type.vectorSize
    let whole = rounding == .towardZero ? source : Self.round(rounding, source)
    let type = e.context.int(B.bits).vector(count)
    let saturated = b.call(e.module.intrinsic("llvm.fptosi.sat", [type, source.type]), [whole])
    let limit = (A.bits == 32 ? e.float : e.double)
      .constReal(B.bits == 64 ? 9223372036854775808.0 : 2147483648.0)
    let indefinite = e.context.int(B.bits).constInt(1 << UInt64(B.bits - 1))
    let fits = b.fcmp(LLVMRealOLT, whole, constVector([Value](repeating: limit, count: count)))
    let result = b.select(
      fits, saturated, constVector([Value](repeating: indefinite, count: count)))
    return A.bits > B.bits ? Self.padded(result) : Self(result)
  }
}
