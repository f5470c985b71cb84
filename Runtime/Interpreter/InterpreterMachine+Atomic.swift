// Atomic read-modify-write on host atomics of 64 bits or less. x86 allows any alignment, most hosts
// none: an access that lies inside an aligned 8-byte word exchanges that word; one that straddles
// two (a split lock) is done in two halves and is not atomic, nor is one of 16 bytes (docs/QUIRKS.md).

import Semantics
import Synchronization

extension InterpreterMachine {
  /// Replaces `bits` at `address` by what `change` makes of them; answers what was there. `nil`
  /// leaves memory as it is.
  @usableFromInline mutating func exchange(
    at address: UInt64, bits: Int, _ change: (UInt64) -> UInt64?
  ) -> UInt64 {
    let bytes = UInt64(truncatingIfNeeded: bits &>> 3)
    let mask: UInt64 = ~0 &>> UInt64(truncatingIfNeeded: 64 &- bits)
    let inside = address & 7
    if inside &+ bytes <= 8 {
      let shift = inside &* 8
      let cell = Self.host(address & ~7).assumingMemoryBound(to: Atomic<UInt64>.self)
      var seen = cell.pointee.load(ordering: .relaxed)
      while true {
        let old = (seen.littleEndian &>> shift) & mask
        guard let new = change(old) else {
          // The processor writes back what it read: a page without write access faults.
          let (done, now) = cell.pointee.compareExchange(
            expected: seen, desired: seen, ordering: .sequentiallyConsistent)
          if done { return old }
          seen = now
          continue
        }
        let word = (seen.littleEndian & ~(mask &<< shift)) | ((new & mask) &<< shift)
        let (done, now) = cell.pointee.compareExchange(
          expected: seen, desired: word.littleEndian, ordering: .sequentiallyConsistent)
        if done { return old }
        seen = now
      }
    }
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    let p = Self.host(address)
    var old: UInt64 = 0
    switch bits {
    case 16: old = UInt64(UInt16(littleEndian: p.loadUnaligned(as: UInt16.self)))
    case 32: old = UInt64(UInt32(littleEndian: p.loadUnaligned(as: UInt32.self)))
    default: old = UInt64(littleEndian: p.loadUnaligned(as: UInt64.self))
    }
    let new = change(old) ?? old
    switch bits {
    case 16: p.storeBytes(of: UInt16(truncatingIfNeeded: new).littleEndian, as: UInt16.self)
    case 32: p.storeBytes(of: UInt32(truncatingIfNeeded: new).littleEndian, as: UInt32.self)
    default: p.storeBytes(of: new.littleEndian, as: UInt64.self)
    }
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    return old
  }

  @inlinable public mutating func atomic<W: Word>(
    _ operation: AtomicOperation, _ operand: W, at address: UInt64
  ) throws(GuestFault) -> W where W.Carrier == UInt128, W.Flag == Bool {
    let value = UInt64(truncating: operand)
    let old = exchange(at: address, bits: W.bits) { old in
      switch operation {
      case .exchange: return value
      case .add: return old &+ value
      case .subtract: return old &- value
      case .and: return old & value
      case .or: return old | value
      case .xor: return old ^ value
      }
    }
    return W(zeroExtending: old)
  }

  @inlinable public mutating func compareExchange<W: Word>(
    expected: W, desired: W, at address: UInt64
  ) throws(GuestFault) -> W where W.Carrier == UInt128, W.Flag == Bool {
    if W.bits == 128 {
      try fence()
      let old = try load(UInt128.self, at: address)
      try store(old == expected.carrier ? desired.carrier : old, at: address)
      try fence()
      return W(zeroExtending: old)
    }
    let (from, to) = (UInt64(truncating: expected), UInt64(truncating: desired))
    return W(zeroExtending: exchange(at: address, bits: W.bits) { $0 == from ? to : nil })
  }

  @inlinable public mutating func fence() throws(GuestFault) {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
  }
}
