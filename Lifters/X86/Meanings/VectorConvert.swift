// Conversions (SDM vol. 2: CVTxx2xx). A value that does not fit gives the integer indefinite.

import Semantics

extension X86Machine {
  @inlinable public mutating func cvtsi2ss(_ i: Instruction) throws(Failure) {
    try convertInteger(i, W32.self)
  }

  @inlinable public mutating func cvtsi2sd(_ i: Instruction) throws(Failure) {
    try convertInteger(i, W64.self)
  }

  @inlinable mutating func convertInteger<W: Word>(_ i: Instruction, _ to: W.Type) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag {
    let source = secondSource(i)
    let value: W
    if source.size == 8 {
      value = V.convertToFloat(signed: try read(source, i, W64.self), to: W.self)
    } else {
      value = V.convertToFloat(signed: try read(source, i, W32.self), to: W.self)
    }
    setResult(i, vector(firstSource(i).number, half: 0).replacing(0, with: value))
  }

  @inlinable public mutating func cvtss2si(_ i: Instruction) throws(Failure) {
    try convertToInteger(i, W32.self, .current)
  }

  @inlinable public mutating func cvttss2si(_ i: Instruction) throws(Failure) {
    try convertToInteger(i, W32.self, .towardZero)
  }

  @inlinable public mutating func cvtsd2si(_ i: Instruction) throws(Failure) {
    try convertToInteger(i, W64.self, .current)
  }

  @inlinable public mutating func cvttsd2si(_ i: Instruction) throws(Failure) {
    try convertToInteger(i, W64.self, .towardZero)
  }

  @inlinable mutating func convertToInteger<W: Word>(
    _ i: Instruction, _ from: W.Type, _ rounding: FloatRounding
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    let value = try readScalar(i.operands.1, i, W.self)
    if i.operands.0.size == 8 {
      setRegister(i.operands.0, V.convertToSigned(value, to: W64.self, rounding))
    } else {
      setRegister(i.operands.0, V.convertToSigned(value, to: W32.self, rounding))
    }
  }

  @inlinable public mutating func cvtss2sd(_ i: Instruction) throws(Failure) {
    let value = V.convertFloat(try readScalar(secondSource(i), i, W32.self), to: W64.self)
    setResult(i, vector(firstSource(i).number, half: 0).replacing(0, with: value))
  }

  @inlinable public mutating func cvtsd2ss(_ i: Instruction) throws(Failure) {
    let value = V.convertFloat(try readScalar(secondSource(i), i, W64.self), to: W32.self)
    setResult(i, vector(firstSource(i).number, half: 0).replacing(0, with: value))
  }

  @inlinable public mutating func cvtdq2ps(_ i: Instruction) throws(Failure) {
    try transform(i) { $0.convertedToFloat(signed: W32.self, to: W32.self) }
  }

  @inlinable public mutating func cvtps2dq(_ i: Instruction) throws(Failure) {
    try transform(i) { $0.convertedToSigned(from: W32.self, to: W32.self, .current) }
  }

  @inlinable public mutating func cvttps2dq(_ i: Instruction) throws(Failure) {
    try transform(i) { $0.convertedToSigned(from: W32.self, to: W32.self, .towardZero) }
  }

  @inlinable public mutating func cvtdq2pd(_ i: Instruction) throws(Failure) {
    try widen(i) { $0.convertedToFloat(signed: W32.self, to: W64.self) }
  }

  @inlinable public mutating func cvtps2pd(_ i: Instruction) throws(Failure) {
    try widen(i) { $0.convertedFloat(from: W32.self, to: W64.self) }
  }

  @inlinable public mutating func cvtpd2ps(_ i: Instruction) throws(Failure) {
    try narrow(i) { $0.convertedFloat(from: W64.self, to: W32.self) }
  }

  @inlinable public mutating func cvtpd2dq(_ i: Instruction) throws(Failure) {
    try narrow(i) { $0.convertedToSigned(from: W64.self, to: W32.self, .current) }
  }

  @inlinable public mutating func cvttpd2dq(_ i: Instruction) throws(Failure) {
    try narrow(i) { $0.convertedToSigned(from: W64.self, to: W32.self, .towardZero) }
  }

  /// From the low two 32-bit lanes, or all four of them to a YMM register.
  @inlinable mutating func widen(_ i: Instruction, _ body: (V) -> V) throws(Failure) {
    let source = try readSized(i.operands.1, i)
    if halves(i) == 1 { return setResult(i, body(source)) }
    let upper = source.shuffled(.zero, lanes: W64.self) { $0 == 0 ? 1 : -1 }
    setResult(i, body(source), body(upper))
  }

  /// To the low two 32-bit lanes, or from a YMM register to all four.
  @inlinable mutating func narrow(_ i: Instruction, _ body: (V) -> V) throws(Failure) {
    let source = try readHalves(i.operands.1, i)
    let low = body(source.low)
    if halves(i) == 1 { return setResult(i, low) }
    setResult(i, low.shuffled(body(source.high), lanes: W64.self) { $0 * 2 }, .zero)
  }
}
