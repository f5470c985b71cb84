// Lane-wise integer arithmetic and comparison of equal lanes (SDM vol. 2: PADDx, PSUBx, PAVGx,
// PMINxx, PMAXxx, PCMPEQx, PCMPGTx).

import Semantics

extension X86Machine {
  @inlinable public mutating func paddb(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.add, $1, lanes: W8.self) }
  }

  @inlinable public mutating func paddw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.add, $1, lanes: W16.self) }
  }

  @inlinable public mutating func paddd(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.add, $1, lanes: W32.self) }
  }

  @inlinable public mutating func paddq(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.add, $1, lanes: W64.self) }
  }

  @inlinable public mutating func psubb(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0.combined(.subtract, $1, lanes: W8.self) }
  }

  @inlinable public mutating func psubw(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0.combined(.subtract, $1, lanes: W16.self) }
  }

  @inlinable public mutating func psubd(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0.combined(.subtract, $1, lanes: W32.self) }
  }

  @inlinable public mutating func psubq(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0.combined(.subtract, $1, lanes: W64.self) }
  }

  @inlinable public mutating func paddsb(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.addSaturatingSigned, $1, lanes: W8.self) }
  }

  @inlinable public mutating func paddusb(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.addSaturatingUnsigned, $1, lanes: W8.self) }
  }

  @inlinable public mutating func psubsb(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.subtractSaturatingSigned, $1, lanes: W8.self) }
  }

  @inlinable public mutating func psubusb(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.subtractSaturatingUnsigned, $1, lanes: W8.self) }
  }

  @inlinable public mutating func pavgb(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.averageUnsigned, $1, lanes: W8.self) }
  }

  @inlinable public mutating func paddsw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.addSaturatingSigned, $1, lanes: W16.self) }
  }

  @inlinable public mutating func paddusw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.addSaturatingUnsigned, $1, lanes: W16.self) }
  }

  @inlinable public mutating func psubsw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.subtractSaturatingSigned, $1, lanes: W16.self) }
  }

  @inlinable public mutating func psubusw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.subtractSaturatingUnsigned, $1, lanes: W16.self) }
  }

  @inlinable public mutating func pavgw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.averageUnsigned, $1, lanes: W16.self) }
  }

  @inlinable public mutating func pminsb(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.minimumSigned, $1, lanes: W8.self) }
  }

  @inlinable public mutating func pminsw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.minimumSigned, $1, lanes: W16.self) }
  }

  @inlinable public mutating func pminsd(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.minimumSigned, $1, lanes: W32.self) }
  }

  @inlinable public mutating func pminub(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.minimumUnsigned, $1, lanes: W8.self) }
  }

  @inlinable public mutating func pminuw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.minimumUnsigned, $1, lanes: W16.self) }
  }

  @inlinable public mutating func pminud(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.minimumUnsigned, $1, lanes: W32.self) }
  }

  @inlinable public mutating func pmaxsb(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.maximumSigned, $1, lanes: W8.self) }
  }

  @inlinable public mutating func pmaxsw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.maximumSigned, $1, lanes: W16.self) }
  }

  @inlinable public mutating func pmaxsd(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.maximumSigned, $1, lanes: W32.self) }
  }

  @inlinable public mutating func pmaxub(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.maximumUnsigned, $1, lanes: W8.self) }
  }

  @inlinable public mutating func pmaxuw(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.maximumUnsigned, $1, lanes: W16.self) }
  }

  @inlinable public mutating func pmaxud(_ i: Instruction) throws(Failure) {
    try combine(i) { $0.combined(.maximumUnsigned, $1, lanes: W32.self) }
  }

  @inlinable public mutating func pcmpeqb(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0.combined(.equal, $1, lanes: W8.self) }
  }

  @inlinable public mutating func pcmpgtb(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0.combined(.greaterSigned, $1, lanes: W8.self) }
  }

  @inlinable public mutating func pcmpeqw(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0.combined(.equal, $1, lanes: W16.self) }
  }

  @inlinable public mutating func pcmpgtw(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0.combined(.greaterSigned, $1, lanes: W16.self) }
  }

  @inlinable public mutating func pcmpeqd(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0.combined(.equal, $1, lanes: W32.self) }
  }

  @inlinable public mutating func pcmpgtd(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0.combined(.greaterSigned, $1, lanes: W32.self) }
  }

  @inlinable public mutating func pcmpeqq(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0.combined(.equal, $1, lanes: W64.self) }
  }

  @inlinable public mutating func pcmpgtq(_ i: Instruction) throws(Failure) {
    try combineDistinct(i) { $0.combined(.greaterSigned, $1, lanes: W64.self) }
  }
}
