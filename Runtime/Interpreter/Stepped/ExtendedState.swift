// XSAVE, XSAVEOPT, XSAVEC, XRSTOR, XGETBV (SDM vol. 1, chapter 13) with the components x87, SSE and
// AVX. No component is ever tracked as being in its initial state, which the manual allows (13.6): all
// that is asked for is written. The compacted form puts AVX where the standard form does.

import RuntimeABI
import Semantics
import X86

extension InterpreterMachine {
  /// XCR0: x87, SSE, AVX.
  static var extendedComponents: UInt64 { 7 }
  private static var header: UInt64 { 512 }
  private static var upperHalves: UInt64 { 576 }

  private var requested: UInt64 {
    (self[.rdx] &<< 32 | self[.rax] & 0xffff_ffff) & Self.extendedComponents
  }

  mutating func xgetbv() throws(GuestFault) {
    try fault(.generalProtection, if: self[.rcx] & 0xffff_ffff > 1)
    self[.rax] = Self.extendedComponents
    self[.rdx] = 0
  }

  mutating func xsave(_ address: UInt64, compacted: Bool) throws(GuestFault) {
    try fault(.generalProtection, if: address & 63 != 0)
    let components = requested
    let old = compacted ? 0 : try load(UInt64.self, at: address &+ Self.header)
    if components & 1 != 0 { try saveX87(address) }
    if components & 6 != 0 && !(compacted && components & 2 == 0) {
      try store(currentMXCSR(), at: address &+ 24)
      try store(UInt32(0xffff), at: address &+ 28)
    }
    if components & 2 != 0 { try saveXMM(address) }
    if components & 4 != 0 {
      var n: UInt8 = 0
      while n < 16 {
        let place = address &+ Self.upperHalves &+ 16 &* UInt64(n)
        try storeVector(vector(n, half: 1), at: place)
        n &+= 1
      }
    }
    let present = compacted ? components : (old & ~components) | components
    try store(present, at: address &+ Self.header)
    if compacted { try store(components | 1 &<< 63, at: address &+ Self.header &+ 8) }
  }

  mutating func xrstor(_ address: UInt64) throws(GuestFault) {
    try fault(.generalProtection, if: address & 63 != 0)
    let components = requested
    let present = try load(UInt64.self, at: address &+ Self.header)
    let layout = try load(UInt64.self, at: address &+ Self.header &+ 8)
    let reserved = try load(UInt64.self, at: address &+ Self.header &+ 16)
    let compacted = layout &>> 63 == 1
    let allowed = compacted ? layout & Self.extendedComponents : Self.extendedComponents
    try fault(.generalProtection, if: present & ~allowed != 0 || reserved != 0)
    try fault(
      .generalProtection,
      if: compacted ? layout & ~(1 &<< 63 | Self.extendedComponents) != 0 : layout != 0)
    let mxcsr = try load(UInt32.self, at: address &+ 24)
    let loaded = components & present
    let loadsMXCSR = compacted ? loaded & 2 != 0 : components & 6 != 0
    try fault(.generalProtection, if: loadsMXCSR && mxcsr & ~0xffff != 0)

    if loaded & 1 != 0 {
      try restoreX87(address)
    } else if components & 1 != 0 {
      resetX87()
      var n = 0
      while n < 8 {
        setPhysicalValue(n, .zero)
        n &+= 1
      }
    }
    if loadsMXCSR {
      setMXCSR(mxcsr)
    } else if compacted && components & 2 != 0 {
      setMXCSR(0x1f80)
    }
    var n: UInt8 = 0
    while n < 16 {
      let place = address &+ 16 &* UInt64(n)
      if loaded & 2 != 0 {
        setVector(n, half: 0, try loadVector(at: place &+ 160))
      } else if components & 2 != 0 {
        setVector(n, half: 0, .zero)
      }
      if loaded & 4 != 0 {
        setVector(n, half: 1, try loadVector(at: place &+ Self.upperHalves))
      } else if components & 4 != 0 {
        setVector(n, half: 1, .zero)
      }
      n &+= 1
    }
  }
}
