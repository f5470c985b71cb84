// What LLVM calls for `llvm.fma` where the target has no such instruction (`--features=-fma`).

#if hasFeature(Embedded)
  import Semantics

  @_cdecl("fma")
  public func fusedMultiplyAdd(_ a: Double, _ b: Double, _ c: Double) -> Double {
    Double(
      bitPattern: Double.fusedMultiplyAdd(
        a.bitPattern, b.bitPattern, c.bitPattern, negatesProduct: false, negatesAddend: false))
  }

  @_cdecl("fmaf")
  public func fusedMultiplyAddSingle(_ a: Float, _ b: Float, _ c: Float) -> Float {
    Float(
      bitPattern: Float.fusedMultiplyAdd(
        a.bitPattern, b.bitPattern, c.bitPattern, negatesProduct: false, negatesAddend: false))
  }
#endif
