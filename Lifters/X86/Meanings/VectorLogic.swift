// Bitwise logic and PTEST (SDM vol. 2: ANDPS, PAND, …).

import Semantics

extension X86Machine {
  @inlinable public mutating func andps(_ i: Instruction) throws(Failure) {
    try combine(i) { $0 & $1 }
  }

  @inlinable public mutating func andpd(_ i: Instruction) throws(Failure) {
    try combine(i) { $0 & $1 }
  }

  @inlinable public mutating func pand(_ i: Instruction) throws(Failure) {
    try combine(i) { $0 & $1 }
  }

  @inlinable public mutating func andnps(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { ~$0 & $1 }
  }

  @inlinable public mutating func andnpd(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { ~$0 & $1 }
  }

  @inlinable public mutating func pandn(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { ~$0 & $1 }
  }

  @inlinable public mutating func orps(_ i: Instruction) throws(Failure) {
    try combine(i) { $0 | $1 }
  }

  @inlinable public mutating func orpd(_ i: Instruction) throws(Failure) {
    try combine(i) { $0 | $1 }
  }

  @inlinable public mutating func por(_ i: Instruction) throws(Failure) {
    try combine(i) { $0 | $1 }
  }

  @inlinable public mutating func xorps(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0 ^ $1 }
  }

  @inlinable public mutating func xorpd(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0 ^ $1 }
  }

  @inlinable public mutating func pxor(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0 ^ $1 }
  }

  @inlinable public mutating func ptest(_ i: Instruction) throws(Failure) {
    let a = try readHalves(i.operands.0, i)
    let b = try readHalves(i.operands.1, i)
    var common = a.low & b.low
    var missing = ~a.low & b.low
    if halves(i) == 2 {
      common = common | (a.high & b.high)
      missing = missing | (~a.high & b.high)
    }
    set(.zf, common.bits.isZero)
    set(.cf, missing.bits.isZero)
    set(.of, Flag(false))
    set(.sf, Flag(false))
    set(.af, Flag(false))
    set(.pf, Flag(false))
  }
}
