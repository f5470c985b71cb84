// PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (SDM vol. 2, 4.1): the arithmetic, for the interpreter and
// for hosts without the instructions. `first` is operand 0, `second` operand 1 (or memory).

public struct StringComparison {
  /// The elements of the second string that matched: IntRes2.
  public var matches: UInt32
  /// Elements in a vector: 16 bytes or 8 words.
  public var count: Int
  public var control: UInt8
  public var cf: Bool
  public var zf: Bool
  public var sf: Bool
  public var of: Bool  // AF and PF become 0

  /// Strings that end at their first zero element.
  public init(first: EvaluatedVector, second: EvaluatedVector, control: UInt8) {
    self.init(
      first, Self.implicitLength(first, control), second, Self.implicitLength(second, control),
      control)
  }

  /// Strings of explicit length: RAX and RDX, or EAX and EDX sign-extended.
  public init(
    first: EvaluatedVector, length firstLength: Int64, second: EvaluatedVector,
    length secondLength: Int64, control: UInt8
  ) {
    self.init(
      first, Self.explicitLength(firstLength, control), second,
      Self.explicitLength(secondLength, control), control)
  }

  /// What PCMPxSTRI puts into ECX.
  public var index: UInt64 {
    if matches == 0 { return UInt64(truncatingIfNeeded: count) }
    let position = control & 0x40 == 0
      ? matches.trailingZeroBitCount : 31 &- matches.leadingZeroBitCount
    return UInt64(truncatingIfNeeded: position)
  }

  /// What PCMPxSTRM puts into XMM0.
  public var mask: EvaluatedVector {
    if control & 0x40 == 0 { return EvaluatedVector(low: UInt64(matches), high: 0) }
    var result = EvaluatedVector.zero
    for element in 0..<count where matches &>> UInt32(truncatingIfNeeded: element) & 1 == 1 {
      result.setNumber(element, bits: 128 / count, ~0)
    }
    return result
  }

  /// As many ones.
  private static func below(_ count: Int) -> UInt32 {
    (1 &<< UInt32(truncatingIfNeeded: count)) &- 1
  }

  static func elementCount(_ control: UInt8) -> Int { control & 1 == 0 ? 16 : 8 }

  static func implicitLength(_ v: EvaluatedVector, _ control: UInt8) -> Int {
    let count = elementCount(control)
    var length = 0
    while length < count && v.number(length, bits: 128 / count) != 0 { length &+= 1 }
    return length
  }

  static func explicitLength(_ length: Int64, _ control: UInt8) -> Int {
    let count = UInt64(truncatingIfNeeded: elementCount(control))
    return Int(truncatingIfNeeded: length.magnitude < count ? length.magnitude : count)
  }

  init(
    _ a: EvaluatedVector, _ aLength: Int, _ b: EvaluatedVector, _ bLength: Int, _ control: UInt8
  ) {
    let count = Self.elementCount(control)
    if let found = Self.byteMatches(a, aLength, b, bLength, control) {
      self.init(found, aLength, bLength, control)
      return
    }
    let bits = 128 / count
    func element(_ v: EvaluatedVector, _ index: Int) -> Int64 {
      let number = v.number(index, bits: bits)
      return control & 2 == 0
        ? Int64(bitPattern: number) : EvaluatedVector.signed(number, bits)
    }
    var found: UInt32 = 0
    for j in 0..<count {
      var match = false
      switch control &>> 2 & 3 {
      case 0:  // equal any
        if j < bLength {
          for i in 0..<aLength where element(a, i) == element(b, j) { match = true }
        }
      case 1:  // ranges
        if j < bLength {
          var i = 0
          while i &+ 1 < aLength {
            let value = element(b, j)
            if element(a, i) <= value && value <= element(a, i &+ 1) { match = true }
            i &+= 2
          }
        }
      case 2:  // equal each
        match =
          j < aLength && j < bLength
          ? element(a, j) == element(b, j) : j >= aLength && j >= bLength
      default:  // equal ordered: `first` as a substring, cut off at the end of the vector
        match = true
        var i = 0
        while i < aLength && i &+ j < count {
          if i &+ j >= bLength || element(a, i) != element(b, i &+ j) { match = false }
          i &+= 1
        }
      }
      if match { found |= 1 &<< UInt32(truncatingIfNeeded: j) }
    }
    self.init(found, aLength, bLength, control)
  }

  /// - Parameter found: IntRes1, one bit an element.
  private init(_ found: UInt32, _ aLength: Int, _ bLength: Int, _ control: UInt8) {
    let count = Self.elementCount(control)
    let all = Self.below(count)
    var result = found
    if control & 0x10 != 0 { result ^= control & 0x20 == 0 ? all : Self.below(bLength) }
    matches = result
    self.count = count
    self.control = control
    cf = result != 0
    zf = bLength < count
    sf = aLength < count
    of = result & 1 == 1
  }
}
