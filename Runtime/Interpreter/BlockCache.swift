// Decoded blocks by guest PC, in memory that the executor hands over: the hash table first, blocks
// one after the other behind it. When it is full everything is dropped.
//
// A block is valid while its `start` is the PC it was decoded at and its bytes are what they were.
// Outside the stable range, which is the guest's own read-only code, they are compared every time
// the block is entered: code may be written by this process, by a system call, or through another
// mapping, and none of that has to be noticed otherwise. A block that changes itself while it is
// evaluated is evaluated to its end as it was.

import RuntimeABI
import Semantics
import X86

struct DecodedInstruction {
  var instruction: Instruction
  /// Flags that are read before they are written again.
  var wanted: UInt16
  var shape: HotShape
}

struct DecodedBlock {
  var start: UInt64
  /// One past the last instruction's last byte.
  var end: UInt64
  var count: Int
  /// Bytes in the arena: header, instructions, a copy of the code.
  var extent: Int
  var isStable: Bool
  var evaluations: UInt64 = 0
  /// How often translated code has had the first instruction stepped.
  var steps: UInt64 = 0
  var collision: UnsafeMutablePointer<DecodedBlock>?
  /// Where the block went the last two times (taken and not taken, mostly).
  var chained: UnsafeMutablePointer<DecodedBlock>?
  var chainedOther: UnsafeMutablePointer<DecodedBlock>?
  static var invalid: UInt64 { 0x8000_0000_0000_0001 }
  static var longest: Int { 64 }
}

public struct BlockCache {
  typealias BlockPointer = UnsafeMutablePointer<DecodedBlock>
  let slots: UnsafeMutablePointer<BlockPointer?>
  let slotMask: UInt64
  let arena: UnsafeMutableRawPointer
  let size: Int
  var used = 0
  /// Counts flushes: pointers to blocks of an earlier generation are dead.
  public private(set) var generation: UInt64 = 0
  /// Guest code that does not change.
  public private(set) var stable: Range<UInt64> = 0..<0

  /// `size` is at least 64 KiB of zeroed memory, 16-byte aligned; up to a sixteenth of it becomes the
  /// hash table.
  public init(_ memory: UnsafeMutableRawPointer, size: Int) {
    var count = 1024
    while count &* 2 &* 8 <= size &>> 4 && count < 32768 { count &*= 2 }
    slots = memory.bindMemory(to: BlockPointer?.self, capacity: count)
    slotMask = UInt64(truncatingIfNeeded: count &- 1)
    arena = memory + count &* 8
    self.size = size &- count &* 8
  }

  private func clearSlots() {
    var n = 0
    while n <= Int(truncatingIfNeeded: slotMask) {
      slots[n] = nil
      n &+= 1
    }
  }

  @inline(__always) func slot(_ pc: UInt64) -> Int {
    Int(truncatingIfNeeded: (pc ^ (pc &>> 13)) & slotMask)
  }

  static var header: Int { (MemoryLayout<DecodedBlock>.stride &+ 15) & ~15 }
  @inline(__always)
  static func entries(_ block: BlockPointer) -> UnsafeMutablePointer<DecodedInstruction> {
    (UnsafeMutableRawPointer(block) + header).assumingMemoryBound(to: DecodedInstruction.self)
  }
  static func bytes(_ count: Int) -> Int {
    (header &+ count &* MemoryLayout<DecodedInstruction>.stride &+ 15) & ~15
  }

  /// The block at `pc`, if its bytes are still the same; one that has changed is dropped.
  func find(_ pc: UInt64) -> BlockPointer? {
    let place = slots + slot(pc)
    var before: BlockPointer? = nil
    var block = place.pointee
    while let b = block {
      if b.pointee.start == pc {
        if isCurrent(b) { return b }
        b.pointee.start = DecodedBlock.invalid
        if let before {
          before.pointee.collision = b.pointee.collision
        } else {
          place.pointee = b.pointee.collision
        }
        return nil
      }
      before = b
      block = b.pointee.collision
    }
    return nil
  }

  /// Are the guest's bytes those that the block was decoded from?
  @inline(__always) func isCurrent(_ block: BlockPointer) -> Bool {
    block.pointee.isStable || isUnchanged(block)
  }

  @inline(never) private func isUnchanged(_ block: BlockPointer) -> Bool {
    let code = UnsafeRawPointer(bitPattern: UInt(block.pointee.start)).unsafelyUnwrapped
    let copy = Self.copy(block)
    let length = Int(truncatingIfNeeded: block.pointee.end &- block.pointee.start)
    var n = 0
    while n &+ 8 <= length {
      if code.loadUnaligned(fromByteOffset: n, as: UInt64.self)
        != copy.loadUnaligned(fromByteOffset: n, as: UInt64.self)
      {
        return false
      }
      n &+= 8
    }
    while n < length {
      if code.load(fromByteOffset: n, as: UInt8.self)
        != copy.load(fromByteOffset: n, as: UInt8.self)
      {
        return false
      }
      n &+= 1
    }
    return true
  }

  static func copy(_ block: BlockPointer) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(block) + bytes(block.pointee.count)
  }

  /// From now on code in `range` is taken not to change; what was decoded before is dropped.
  public mutating func setStable(_ range: Range<UInt64>) {
    flush()
    stable = range
  }

  /// Calls `body` with every block's PC, the number of instructions evaluated in it, and that of steps.
  public func forEachBlock(_ body: (UInt64, UInt64, UInt64) -> Void) {
    forEach { block in
      let count = UInt64(truncatingIfNeeded: block.pointee.count)
      body(block.pointee.start, block.pointee.evaluations &* count, block.pointee.steps)
    }
  }

  public func forgetCounts() {
    forEach { block in
      block.pointee.evaluations = 0
      block.pointee.steps = 0
    }
  }

  private func forEach(_ body: (BlockPointer) -> Void) {
    var offset = 0
    while offset < used {
      let block = (arena + offset).assumingMemoryBound(to: DecodedBlock.self)
      if block.pointee.start != DecodedBlock.invalid { body(block) }
      offset &+= block.pointee.extent
    }
  }

  public mutating func flush() {
    used = 0
    generation &+= 1
    clearSlots()
  }

  /// Decodes the block at `pc`. Bytes that cannot be read raise SIGSEGV in the host.
  mutating func decode(_ pc: UInt64) throws(GuestFault) -> BlockPointer {
    if used &+ Self.bytes(DecodedBlock.longest) &+ 16 &* DecodedBlock.longest > size { flush() }
    let block = (arena + used).bindMemory(to: DecodedBlock.self, capacity: 1)
    let entries = Self.entries(block)
    var count = 0
    var address = pc
    while count < DecodedBlock.longest {
      guard let i = try instruction(at: address, first: count == 0) else { break }
      (entries + count).initialize(
        to: DecodedInstruction(instruction: i, wanted: 0xffff, shape: .of(i)))
      count &+= 1
      address = i.next
      if i.endsBlock || (address ^ pc) & ~4095 != 0 { break }
    }
    let place = slot(pc)
    let isStable = stable.contains(pc) && address <= stable.upperBound
    let length = isStable ? 0 : Int(truncatingIfNeeded: address &- pc)
    let extent = Self.bytes(count) &+ ((length &+ 15) & ~15)
    block.initialize(
      to: DecodedBlock(
        start: pc, end: address, count: count, extent: extent, isStable: isStable,
        collision: slots[place], chained: nil, chainedOther: nil))
    if !isStable {
      let code = UnsafeRawPointer(bitPattern: UInt(pc)).unsafelyUnwrapped
      let copy = Self.copy(block)
      var n = 0
      while n < length {
        copy.storeBytes(
          of: code.load(fromByteOffset: n, as: UInt8.self), toByteOffset: n, as: UInt8.self)
        n &+= 1
      }
    }
    markFlags(entries, count)
    slots[place] = block
    used &+= extent
    return block
  }

  private func instruction(at address: UInt64, first: Bool) throws(GuestFault) -> Instruction? {
    let bytes = UnsafePointer<UInt8>(bitPattern: UInt(truncatingIfNeeded: address))
    guard let bytes else { throw GuestFault(.pageFault, address: address) }
    let inPage = Int(truncatingIfNeeded: 4096 &- (address & 4095))
    do throws(DecodeError) {
      return try Decoder.decode(bytes, available: inPage, at: address)
    } catch {
      if !first { return nil }
      if error == .truncated && inPage < 15 {
        do throws(DecodeError) {
          return try Decoder.decode(bytes, available: 15, at: address)
        } catch {
          throw GuestFault(.invalidOpcode, address: address)
        }
      }
      throw GuestFault(error == .tooLong ? .generalProtection : .invalidOpcode, address: address)
    }
  }

  private func markFlags(_ entries: UnsafeMutablePointer<DecodedInstruction>, _ count: Int) {
    var live: UInt16 = 0xffff
    var n = count &- 1
    while n >= 0 {
      let effects = FlagEffects.of(entries[n].instruction)
      entries[n].wanted = live
      live = (live & ~effects.writes) | effects.reads
      n &-= 1
    }
  }
}
