// The evaluation loop: one block a call, so that the executor decides at every transfer where the
// guest goes on.

import RuntimeABI
import Semantics
import X86

public struct Interpreter {
  public var machine: InterpreterMachine
  public var cache: BlockCache
  private var last: BlockCache.BlockPointer? = nil
  private var lastGeneration: UInt64 = 0

  /// `memory`: for decoded blocks, see `BlockCache`.
  public init(
    _ vcpu: UnsafeMutablePointer<VCPU>, memory: UnsafeMutableRawPointer, size: Int
  ) {
    machine = InterpreterMachine(vcpu)
    cache = BlockCache(memory, size: size)
  }

  /// Evaluates from `vcpu.rip` to the next control transfer, or to where a block ends for another
  /// reason (`.none`). `vcpu.rip` is then where the guest goes on; after `.systemCall`, behind the
  /// instruction. When it throws, `vcpu.rip` is the faulting instruction and nothing of it has
  /// happened.
  public mutating func runBlock() throws(GuestFault) -> Transfer {
    let vcpu = machine.vcpu
    let block = try lookUp(vcpu.pointee.rip)
    let entries = BlockCache.entries(block)
    let count = block.pointee.count
    var copy = machine
    copy.transfer = .none
    var n = 0
    do throws(GuestFault) {
      while n < count {
        let entry = entries + n
        if try !copy.evaluateHot(entry) {
          vcpu.pointee.rip = entry.pointee.instruction.address
          copy.wanted = entry.pointee.wanted
          try copy.execute(entry.pointee.instruction)
        }
        n &+= 1
      }
    } catch {
      vcpu.pointee.interpreted &+= UInt64(truncatingIfNeeded: n)
      throw error
    }
    vcpu.pointee.interpreted &+= UInt64(truncatingIfNeeded: count)
    block.pointee.evaluations &+= 1
    let goesOn = copy.transfer == .none || copy.transfer == .systemCall
    vcpu.pointee.rip = goesOn ? block.pointee.end : copy.next
    return copy.transfer
  }

  @inline(__always)
  private mutating func lookUp(_ pc: UInt64) throws(GuestFault) -> BlockCache.BlockPointer {
    if let from = last, lastGeneration == cache.generation {
      if let to = from.pointee.chained, to.pointee.start == pc, cache.isCurrent(to) {
        last = to
        return to
      }
      if let to = from.pointee.chainedOther, to.pointee.start == pc, cache.isCurrent(to) {
        last = to
        return to
      }
    }
    return try lookUpSlowly(pc)
  }

  @inline(never)
  private mutating func lookUpSlowly(_ pc: UInt64) throws(GuestFault) -> BlockCache.BlockPointer {
    let block: BlockCache.BlockPointer
    if let found = cache.find(pc) { block = found } else { block = try cache.decode(pc) }
    if let from = last, lastGeneration == cache.generation {
      from.pointee.chainedOther = from.pointee.chained
      from.pointee.chained = block
    }
    last = block
    lastGeneration = cache.generation
    return block
  }

  /// Evaluates the one instruction at `pc`, which is stepped; `address` is its memory operand's.
  public mutating func stepOne(_ pc: UInt64, address: UInt64) throws(GuestFault) {
    machine.vcpu.pointee.rip = pc
    let block: BlockCache.BlockPointer
    if let found = cache.find(pc) { block = found } else { block = try cache.decode(pc) }
    machine.vcpu.pointee.stepped &+= 1
    block.pointee.steps &+= 1
    machine.wanted = ~0
    try machine.stepped(BlockCache.entries(block).pointee.instruction, address)
  }
}
