// How a region that does not return ends in a replay: a jump in the program's code, out to the
// driver. At a system call it takes the call's place. At a block it leads through a counter, which
// changes no flag and no register, and which runs the instructions that the jump covers.
import Discovery
import X86

package struct Patch {
  static let jumpSize = 5
  /// Where the jump goes.
  var address: UInt64
  var displaced: Range<UInt64>

  package init(address: UInt64, displaced: Range<UInt64>) {
    (self.address, self.displaced) = (address, displaced)
  }

  /// Instructions at the start of `block` that can be run elsewhere, enough of them for a jump.
  static func displaced(_ block: BasicBlock) -> Range<UInt64>? {
    var end = block.start
    var straight = block.instructions[...]
    if case .fallthrough = block.terminator {} else { straight = straight.dropLast() }
    for instruction in straight {
      guard instruction.base != Instruction.instructionPointer,
        instruction.operation != .syscall, instruction.operation != .cpuid
      else { return nil }
      end = instruction.next
      if end - block.start >= UInt64(jumpSize) { return block.start..<end }
    }
    return nil
  }

  /// `jmp` from `place` to `target`.
  package static func jump(from place: UInt64, to target: UInt64) -> [UInt8] {
    [0xe9] + relative(target, next: place + 5)
  }

  static func relative(_ target: UInt64, next: UInt64) -> [UInt8] {
    let distance = Int32(truncatingIfNeeded: Int64(bitPattern: target &- next))
    return withUnsafeBytes(of: distance.littleEndian) { Array($0) }
  }

  /// Code that only counts, for the run in which a region is cut out.
  func meter(
    at place: UInt64, code displacedBytes: [UInt8], counter: UInt64, saved: UInt64
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    func emit(_ opcode: [UInt8], _ target: UInt64) {
      bytes += opcode
      bytes += Patch.relative(target, next: place + UInt64(bytes.count) + 4)
    }
    emit([0x48, 0x89, 0x0d], saved)  // mov [saved], rcx
    emit([0x48, 0x8b, 0x0d], counter)  // mov rcx, [counter]
    bytes += [0x48, 0x8d, 0x49, 0x01]  // lea rcx, [rcx + 1]
    emit([0x48, 0x89, 0x0d], counter)  // mov [counter], rcx
    emit([0x48, 0x8b, 0x0d], saved)  // mov rcx, [saved]
    bytes += displacedBytes
    emit([0xe9], displaced.upperBound)
    return bytes
  }

  /// Where the displaced instructions stand in `stub`.
  package static let copyInStub: UInt64 = 34

  /// The counter's code, to stand at `place`. `counter` and `saved` are words of data.
  package func stub(
    at place: UInt64, code displacedBytes: [UInt8], counter: UInt64, saved: UInt64, exit: UInt64
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    func emit(_ opcode: [UInt8], _ target: UInt64) {
      bytes += opcode
      bytes += Patch.relative(target, next: place + UInt64(bytes.count) + 4)
    }
    emit([0x48, 0x89, 0x0d], saved)  // mov [saved], rcx
    emit([0x48, 0x8b, 0x0d], counter)  // mov rcx, [counter]
    bytes += [0x48, 0x8d, 0x49, 0xff]  // lea rcx, [rcx - 1]
    emit([0x48, 0x89, 0x0d], counter)  // mov [counter], rcx
    let rest = 7 + displacedBytes.count + Patch.jumpSize
    bytes += [0xe3, UInt8(rest)]  // jrcxz exit
    emit([0x48, 0x8b, 0x0d], saved)  // mov rcx, [saved]
    bytes += displacedBytes
    emit([0xe9], displaced.upperBound)
    emit([0x48, 0x8b, 0x0d], saved)
    emit([0xe9], exit)
    return bytes
  }
}
