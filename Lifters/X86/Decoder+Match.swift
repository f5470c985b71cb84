// Choosing the table row. The key's bits are named at the top of Scripts/generate-table too.

enum RowFlags {
  static var modrm: UInt8 { 1 }
  static var lock: UInt8 { 2 }
  static var default64: UInt8 { 4 }
  static var forced64: UInt8 { 8 }
  static var registerOnly: UInt8 { 16 }
  static var condition: UInt8 { 32 }
  static var vvvv: UInt8 { 64 }
}

struct TableRow {
  var operation: Operation
  var flags: UInt8
  var size: UInt8
  var operandCodes: UInt64
}

extension Decoder {
  /// ModRM in bits 0…7, mod = 3, prefix class (two bits), W, operand size 16, address size 32,
  /// VEX.L, REX.B.
  @inline(__always)
  func key() -> UInt16 {
    var key = UInt16(modrm) | prefixClass &<< 9
    if modrm >= 0xc0 { key |= 1 &<< 8 }
    if rex & 8 != 0 { key |= 1 &<< 11 }
    if operandSize == 2 { key |= 1 &<< 12 }
    if prefixes.contains(.addressSize) { key |= 1 &<< 13 }
    if vectorSize == 32 { key |= 1 &<< 14 }
    if rex & 1 != 0 { key |= 1 &<< 15 }
    return key
  }

  /// Whether the opcode means anything at all.
  var hasRows: Bool { decodeIndex[map &<< 8 | Int(opcode)] != 0 }

  @inline(__always)
  func match() -> TableRow? {
    let entry = decodeIndex[map &<< 8 | Int(opcode)]
    var row = Int(entry &>> 8)
    let end = row &+ Int(entry & 0xff)
    let key = key()
    while row < end {
      let (first, operandCodes) = decodeRow(row)
      let mask = UInt16(truncatingIfNeeded: first)
      if key & mask == UInt16(truncatingIfNeeded: first &>> 16) {
        guard let operation = Operation(rawValue: UInt16(truncatingIfNeeded: first &>> 32)) else {
          return nil
        }
        return TableRow(
          operation: operation, flags: UInt8(truncatingIfNeeded: first &>> 48),
          size: UInt8(truncatingIfNeeded: first &>> 56), operandCodes: operandCodes)
      }
      row &+= 1
    }
    return nil
  }
}
