/// Reads little-endian fields and DWARF's numbers out of bytes that nobody vouches for: every read
/// is bounds-checked, and a short read is an error, never a trap.
///
/// DWARF 5, 7.6 (LEB128); LSB Core 5.0, 10.5 and 10.6 (pointer encodings of `.eh_frame`).
struct ByteCursor {
  struct Short: Error {}

  let bytes: UnsafeRawBufferPointer
  /// Guest address of `bytes[0]`.
  let address: UInt64
  var offset: Int
  var end: Int

  init(_ bytes: UnsafeRawBufferPointer, address: UInt64, offset: Int = 0) {
    self.bytes = bytes
    self.address = address
    self.offset = offset
    end = bytes.count
  }

  var here: UInt64 { address &+ UInt64(offset) }

  /// Moves to a guest address; false when it is outside.
  mutating func seek(to target: UInt64) -> Bool {
    let distance = target &- address
    guard distance < UInt64(bytes.count) else { return false }
    offset = Int(distance)
    end = bytes.count
    return true
  }

  mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(Short) -> T {
    let size = MemoryLayout<T>.size
    guard offset >= 0, end <= bytes.count, offset <= end - size else { throw Short() }
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
    offset += size
    return T(littleEndian: value)
  }

  mutating func skip(_ count: UInt64) throws(Short) {
    guard count <= UInt64(max(0, end - offset)) else { throw Short() }
    offset += Int(count)
  }

  mutating func uleb() throws(Short) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try integer(UInt8.self)
      if shift < 64 { value |= UInt64(byte & 0x7f) << shift }
      if byte & 0x80 == 0 { return value }
      shift += 7
      if shift > 140 { throw Short() }
    }
  }

  mutating func sleb() throws(Short) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try integer(UInt8.self)
      if shift < 64 { value |= UInt64(byte & 0x7f) << shift }
      shift += 7
      if byte & 0x80 == 0 {
        if shift < 64, byte & 0x40 != 0 { value |= ~0 << shift }
        return value
      }
      if shift > 140 { throw Short() }
    }
  }

  /// A pointer in one of DWARF's encodings; nil for "omitted". Values behind `DW_EH_PE_indirect`
  /// (personality routines) are returned as they stand, not followed.
  mutating func pointer(_ encoding: UInt8, dataBase: UInt64 = 0, functionBase: UInt64 = 0)
    throws(Short) -> UInt64?
  {
    if encoding == 0xff { return nil }
    let place = here
    var value: UInt64
    switch encoding & 0x0f {
    case 0x00, 0x04, 0x0c: value = try integer(UInt64.self)
    case 0x01: value = try uleb()
    case 0x02: value = UInt64(try integer(UInt16.self))
    case 0x03: value = UInt64(try integer(UInt32.self))
    case 0x09: value = try sleb()
    case 0x0a: value = UInt64(bitPattern: Int64(try integer(Int16.self)))
    case 0x0b: value = UInt64(bitPattern: Int64(try integer(Int32.self)))
    default: throw Short()
    }
    if value == 0 { return 0 }
    switch encoding & 0x70 {
    case 0x00: break
    case 0x10: value = value &+ place
    case 0x30: value = value &+ dataBase
    case 0x40: value = value &+ functionBase
    default: throw Short()
    }
    return value
  }
}
