// Decoded blocks by guest PC, in memory that the executor hands over: the hash table first, blocks
// one after the other behind it. When it is full everything is dropped.
//
// A block is valid while its `start` is the PC it was decoded at; `invalidate` only changes that
// word, so that it may run in a signal handler while the block itself is being evaluated.

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

  /// `size` is at least 64 KiB of memory, 16-byte aligned; a sixteenth of it becomes the hash table.
  public init(_ memory: UnsafeMutableRawPointer, size: Int) {
    var count = 1024
    while count &* 2 &* 8 <= size &>> 4 { count &*= 2 }
    slots = memory.bindMemory(to: BlockPointer?.self, capacity: count)
    slotMask = UInt64(truncatingIfNeeded: count &- 1)
    arena = memory + count &* 8
    self.size = size &- count &* 8
    clearSlots()
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

  @inline(__always) func find(_ pc: UInt64) -> BlockPointer? {
    var block = slots[slot(pc)]
    while let b = block {
      if b.pointee.start == pc { return b }
      block = b.pointee.collision
    }
    return nil
  }

  public mutating func flush() {
    used = 0
    generation &+= 1
    clearSlots()
  }

  /// Forgets what was decoded from guest bytes in `low ..< high`.
  public func invalidate(_ low: UInt64, _ high: UInt64) {
    var offset = 0
    while offset < used {
      let block = (arena + offset).assumingMemoryBound(to: DecodedBlock.self)
      let start = block.pointee.start
      if start < high && block.pointee.end > low { block.pointee.start = DecodedBlock.invalid }
      offset &+= Self.bytes(block.pointee.count)
    }
  }

  /// Decodes the block at `pc`. Bytes that cannot be read raise SIGSEGV in the host.
  mutating func decode(_ pc: UInt64) throws(GuestFault) -> BlockPointer {
    if used &+ Self.bytes(DecodedBlock.longest) > size { flush() }
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
    block.initialize(
      to: DecodedBlock(
        start: pc, end: address, count: count, collision: slots[place], chained: nil,
        chainedOther: nil))
    markFlags(entries, count)
    slots[place] = block
    used &+= Self.bytes(count)
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
