/// The host's floating-point environment, as far as arithmetic on bit patterns has to look at it and to
/// add to it. In the tool and its tests, which have no guest, it is the default one.
public enum HostFloat {
  #if hasFeature(Embedded)
    /// As MXCSR's RC: 0 nearest, 1 down, 2 up, 3 towards zero.
    @_extern(c, "recast_host_float_rounding") @usableFromInline
    static func hostRounding() -> UInt64
    @_extern(c, "recast_host_float_flushes") @usableFromInline
    static func hostFlushes() -> UInt64
    /// a × b + c on bit patterns.
    @_extern(c, "recast_host_fused_double")
    public static func fusedDouble(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64
    @_extern(c, "recast_host_fused_single")
    public static func fusedSingle(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64
    @_extern(c, "recast_host_float_raise_invalid") public static func raiseInvalid()
    @_extern(c, "recast_host_float_raise_inexact") public static func raiseInexact()
  #else
    @usableFromInline static func hostRounding() -> UInt64 { 0 }
    @usableFromInline static func hostFlushes() -> UInt64 { 0 }
    public static func fusedDouble(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
      Double(bitPattern: c).addingProduct(Double(bitPattern: a), Double(bitPattern: b)).bitPattern
    }
    public static func fusedSingle(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
      func single(_ word: UInt64) -> Float { Float(bitPattern: UInt32(truncatingIfNeeded: word)) }
      return UInt64(single(c).addingProduct(single(a), single(b)).bitPattern)
    }
    public static func raiseInvalid() {}
    public static func raiseInexact() {}
  #endif

  /// Subnormal operands are taken for zeroes (DAZ).
  @inlinable public static var flushesOperands: Bool { hostFlushes() != 0 }

  /// The mode, never `current`.
  @inlinable public static var rounding: FloatRounding {
    switch hostRounding() {
    case 0: .nearest
    case 1: .down
    case 2: .up
    default: .towardZero
    }
  }
}
