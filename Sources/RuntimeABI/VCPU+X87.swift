// The x87 registers as FXSAVE lays them out (SDM vol. 1, 10.5.1): control, status with TOP, the
// abridged tag byte, and from byte 32 on ST(0) to ST(7), 16 bytes each. FOP, FIP and FDP are 0.

extension VCPU {
  public static var x87ImageSize: Int { 160 }

  public func saveX87(to area: UnsafeMutableRawPointer) {
    let top = UInt64(x87Top & 7)
    let status = UInt64(x87Status & ~0x3800) | top &<< 11
    area.storeBytes(
      of: UInt64(x87Control) | status &<< 16 | UInt64(~x87Empty) &<< 32, as: UInt64.self)
    area.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
    area.storeBytes(of: 0, toByteOffset: 16, as: UInt64.self)
    var n = 0
    while n < 8 {
      let physical = 2 &* ((Int(truncatingIfNeeded: top) &+ n) & 7)
      area.storeBytes(of: x87[physical], toByteOffset: 32 &+ 16 &* n, as: UInt64.self)
      area.storeBytes(
        of: x87[physical &+ 1] & 0xffff, toByteOffset: 40 &+ 16 &* n, as: UInt64.self)
      n &+= 1
    }
  }

  public mutating func loadX87(from area: UnsafeRawPointer) {
    let head = area.loadUnaligned(as: UInt64.self)
    let status = UInt16(truncatingIfNeeded: head &>> 16)
    x87Control = UInt16(truncatingIfNeeded: head)
    x87Status = status & ~0x3800
    x87Top = UInt8(truncatingIfNeeded: status &>> 11) & 7
    x87Empty = ~UInt8(truncatingIfNeeded: head &>> 32)
    var n = 0
    while n < 8 {
      let physical = 2 &* ((Int(x87Top) &+ n) & 7)
      x87[physical] = area.loadUnaligned(fromByteOffset: 32 &+ 16 &* n, as: UInt64.self)
      x87[physical &+ 1] =
        area.loadUnaligned(fromByteOffset: 40 &+ 16 &* n, as: UInt64.self) & 0xffff
      n &+= 1
    }
  }
}
