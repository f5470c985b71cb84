// The x87 register stack and its control, status and tag words (SDM vol. 1, 8.1). An unmasked
// exception sets ES and B, and the next instruction that waits raises #MF.
// FIP, FDP and FOP are not kept and read as 0.

import RuntimeABI
import Semantics
import X86

extension InterpreterMachine {
  static var c0: UInt16 { 0x100 }
  static var c1: UInt16 { 0x200 }
  static var c2: UInt16 { 0x400 }
  static var c3: UInt16 { 0x4000 }
  static var stackFault: UInt16 { 0x40 }

  func physical(_ n: UInt8) -> Int { Int(truncatingIfNeeded: (vcpu.pointee.x87Top &+ n) & 7) }
  func isEmpty(_ n: UInt8) -> Bool { vcpu.pointee.x87Empty & (1 &<< UInt8(physical(n))) != 0 }

  func physicalValue(_ n: Int) -> SoftFloat80 {
    let offset = 680 &+ 16 &* n
    return SoftFloat80(
      raw.load(fromByteOffset: offset &+ 8, as: UInt16.self),
      raw.load(fromByteOffset: offset, as: UInt64.self))
  }
  func setPhysicalValue(_ n: Int, _ value: SoftFloat80) {
    let offset = 680 &+ 16 &* n
    raw.storeBytes(of: value.significand, toByteOffset: offset, as: UInt64.self)
    raw.storeBytes(
      of: UInt64(value.signExponent), toByteOffset: offset &+ 8, as: UInt64.self)
  }

  var softContext: SoftFloatContext { SoftFloatContext(control: vcpu.pointee.x87Control) }

  /// ST(n), or nil with the exception noted when it is empty.
  func st(_ n: UInt8) -> SoftFloat80? {
    if isEmpty(n) {
      note(SoftFloatContext.invalid | Self.stackFault)
      return nil
    }
    return physicalValue(physical(n))
  }

  func setST(_ n: UInt8, _ value: SoftFloat80) {
    let p = physical(n)
    setPhysicalValue(p, value)
    vcpu.pointee.x87Empty &= ~(1 &<< UInt8(p))
  }

  func push(_ value: SoftFloat80) {
    let top = (vcpu.pointee.x87Top &- 1) & 7
    if vcpu.pointee.x87Empty & (1 &<< top) == 0 {
      note(SoftFloatContext.invalid | Self.stackFault | Self.c1)
      vcpu.pointee.x87Top = top
      setST(0, .indefinite)
      return
    }
    vcpu.pointee.x87Top = top
    setST(0, value)
  }

  func pop() {
    vcpu.pointee.x87Empty |= 1 &<< UInt8(physical(0))
    vcpu.pointee.x87Top = (vcpu.pointee.x87Top &+ 1) & 7
  }

  /// FFREE: ST(n) becomes empty. The manual leaves C1 undefined; this processor clears it.
  func free(_ n: UInt8) {
    vcpu.pointee.x87Empty |= 1 &<< UInt8(physical(n))
    note(0)
  }

  /// Adds exception flags; C1 is as given, cleared otherwise.
  func note(_ flags: UInt16) {
    vcpu.pointee.x87Status = (vcpu.pointee.x87Status & ~Self.c1) | flags
    updateSummary()
  }

  func note(_ context: SoftFloatContext) {
    note(context.flags | (context.roundedUp ? Self.c1 : 0))
  }

  func updateSummary() {
    let unmasked = vcpu.pointee.x87Status & ~vcpu.pointee.x87Control & 0x3f != 0
    let status = vcpu.pointee.x87Status & ~0x8080
    vcpu.pointee.x87Status = unmasked ? status | 0x8080 : status
  }

  var statusWord: UInt16 {
    get { (vcpu.pointee.x87Status & ~0x3800) | (UInt16(vcpu.pointee.x87Top & 7) &<< 11) }
    nonmutating set {
      vcpu.pointee.x87Status = newValue & ~0x3800
      vcpu.pointee.x87Top = UInt8(truncatingIfNeeded: newValue &>> 11) & 7
      updateSummary()
    }
  }

  var tagWord: UInt16 {
    get {
      var tags: UInt16 = 0
      var n = 0
      while n < 8 {
        let value = physicalValue(n)
        var tag: UInt16 = 0
        if vcpu.pointee.x87Empty & (1 &<< UInt8(n)) != 0 {
          tag = 3
        } else if value.isZero {
          tag = 1
        } else if value.exponent == 0 || value.exponent == 0x7fff || value.isUnsupported {
          tag = 2
        }
        tags |= tag &<< UInt16(2 &* n)
        n &+= 1
      }
      return tags
    }
    nonmutating set {
      var empty: UInt8 = 0
      var n = 0
      while n < 8 {
        if (newValue &>> UInt16(2 &* n)) & 3 == 3 { empty |= 1 &<< UInt8(n) }
        n &+= 1
      }
      vcpu.pointee.x87Empty = empty
    }
  }

  func resetX87() {
    vcpu.pointee.x87Control = 0x37f
    vcpu.pointee.x87Status = 0
    vcpu.pointee.x87Top = 0
    vcpu.pointee.x87Empty = 0xff
  }

  // Memory in extended format.

  mutating func loadExtended(_ address: UInt64) throws(GuestFault) -> SoftFloat80 {
    let significand = try load(UInt64.self, at: address)
    return SoftFloat80(try load(UInt16.self, at: address &+ 8), significand)
  }
  mutating func storeExtended(_ value: SoftFloat80, _ address: UInt64) throws(GuestFault) {
    try store(value.signExponent, at: address &+ 8)
    try store(value.significand, at: address)
  }

  mutating func storeEnvironment(_ address: UInt64, small: Bool) throws(GuestFault) {
    let (control, status, tags) = (vcpu.pointee.x87Control, statusWord, tagWord)
    if small {
      try store(UInt64(control) | UInt64(status) &<< 16 | UInt64(tags) &<< 32, at: address)
      try store(UInt32(0), at: address &+ 8)
      try store(UInt16(0), at: address &+ 12)
    } else {
      try store(UInt32(control) | 0xffff_0000, at: address)
      try store(UInt32(status) | 0xffff_0000, at: address &+ 4)
      try store(UInt32(tags) | 0xffff_0000, at: address &+ 8)
      try store(UInt64(0), at: address &+ 12)
      try store(0xffff_0000_0000_0000 as UInt64, at: address &+ 20)
    }
  }

  mutating func loadEnvironment(_ address: UInt64, small: Bool) throws(GuestFault) {
    let stride: UInt64 = small ? 2 : 4
    let control = try load(UInt16.self, at: address)
    let status = try load(UInt16.self, at: address &+ stride)
    let tags = try load(UInt16.self, at: address &+ 2 &* stride)
    vcpu.pointee.x87Control = control | 0x40
    statusWord = status
    tagWord = tags
  }

  mutating func fxsave(_ address: UInt64) throws(GuestFault) {
    try fault(.generalProtection, if: address & 15 != 0)
    try saveX87(address)
    try store(currentMXCSR(), at: address &+ 24)
    try store(UInt32(0xffff), at: address &+ 28)
    try saveXMM(address)
  }

  mutating func fxrstor(_ address: UInt64) throws(GuestFault) {
    try fault(.generalProtection, if: address & 15 != 0)
    let mxcsr = try load(UInt32.self, at: address &+ 24)
    try fault(.generalProtection, if: mxcsr & ~0xffff != 0)
    try restoreX87(address)
    setMXCSR(mxcsr)
    var n: UInt8 = 0
    while n < 16 {
      setVector(n, half: 0, try loadVector(at: address &+ 160 &+ 16 &* UInt64(n)))
      n &+= 1
    }
  }

  // The parts of the FXSAVE area, which XSAVE shares (SDM vol. 1, 10.5.1).

  mutating func saveX87(_ address: UInt64) throws(GuestFault) {
    try store(UInt32(vcpu.pointee.x87Control) | UInt32(statusWord) &<< 16, at: address)
    try store(UInt32(~vcpu.pointee.x87Empty), at: address &+ 4)
    try store(UInt64(0), at: address &+ 8)
    try store(UInt64(0), at: address &+ 16)
    var n: UInt8 = 0
    while n < 8 {
      let value = physicalValue(physical(n))
      let place = address &+ 32 &+ 16 &* UInt64(n)
      try store(value.significand, at: place)
      try store(UInt64(value.signExponent), at: place &+ 8)
      n &+= 1
    }
  }

  mutating func saveXMM(_ address: UInt64) throws(GuestFault) {
    var n: UInt8 = 0
    while n < 16 {
      try storeVector(vector(n, half: 0), at: address &+ 160 &+ 16 &* UInt64(n))
      n &+= 1
    }
  }

  mutating func restoreX87(_ address: UInt64) throws(GuestFault) {
    let words = try load(UInt32.self, at: address)
    vcpu.pointee.x87Control = UInt16(truncatingIfNeeded: words) | 0x40
    statusWord = UInt16(truncatingIfNeeded: words &>> 16)
    vcpu.pointee.x87Empty = ~(try load(UInt8.self, at: address &+ 4))
    updateSummary()
    var n: UInt8 = 0
    while n < 8 {
      let value = try loadExtended(address &+ 32 &+ 16 &* UInt64(n))
      setPhysicalValue(physical(n), value)
      n &+= 1
    }
  }
}
