// The code table: host code by guest address, for calls through pointers in translated code.
//
// Compilers put functions at multiples of 16, so a word for each 16 bytes of guest code finds nearly all of
// them by one load, without a comparison: the index is the address less the table's start, rotated
// right by four, which is out of range for addresses that are odd multiples of something smaller. A
// word is the distance of the host code from the table; where no function begins it is that of
// `TranslationUnit.finder`, which looks into the code map.

import LLVM
import RuntimeABI

struct CodeTable {
  static let symbol = "recast_code_table"

  /// Of the first word, a multiple of 64 KiB, so that a program that grows does not move it.
  let start: UInt64
  /// Rounded up to four significant bits, for the same reason.
  let count: UInt64

  /// Nil where the table would be much larger than the code map: functions are few and far between.
  init?(entries: [UInt64]) {
    guard let first = entries.min(), let last = entries.max() else { return nil }
    start = first & ~0xffff
    let needed = (last &- start) >> 4 + 1
    guard needed < UInt64(entries.count) * 64 + 0x4000 else { return nil }
    let unit = UInt64(1) << UInt64(max(0, 60 - needed.leadingZeroBitCount))
    count = (needed + unit - 1) / unit * unit
  }

  /// The word for a function at `entry`.
  func index(of entry: UInt64) -> Int? {
    let offset = entry &- start
    return offset & 15 == 0 && offset >> 4 < count ? Int(offset >> 4) : nil
  }
}

extension TranslationUnit {
  private var codeTableGlobal: Value {
    if let known = emission.module.global(named: CodeTable.symbol) { return known.value }
    let g = emission.module.addGlobal(CodeTable.symbol, emission.i32)
    g.visibility = LLVMHiddenVisibility
    return g.value
  }

  /// Leaves the builder in a new block of `function`.
  func lookup(_ target: Value, _ table: CodeTable, in function: Function) -> Value {
    let e = emission
    let b = e.builder
    let offset = b.sub(target, e.i64.constInt(table.start))
    let index = b.or(b.lshr(offset, e.i64.constInt(4)), b.shl(offset, e.i64.constInt(60)))
    let isOutside = b.icmp(LLVMIntUGE, index, e.i64.constInt(table.count))
    let from = b.insertBlock!
    let inside = function.appendBasicBlock(in: e.context)
    let found = function.appendBasicBlock(in: e.context)
    e.branchCold(isOutside, found, inside)
    b.positionAtEnd(inside)
    let start = codeTableGlobal
    let distance = b.load(
      e.i32, b.gep(e.i32, start, index), align: 4, kind: e.tbaaKind, tag: e.vcpuTag)
    let host = b.gep(e.i8, start, b.sext(distance, e.i64))
    b.br(found)
    b.positionAtEnd(found)
    let address = b.phi(e.ptr)
    address.addIncoming(finder.value, from: from)
    address.addIncoming(host, from: inside)
    return address
  }
}

extension StubEmitter {
  /// - Parameter hosts: what is in the code map, guest entry and host code.
  func emitCodeTable(_ table: CodeTable, _ hosts: [(entry: UInt64, host: Value)]) {
    let e = unit.emission
    let type = e.i32.array(Int(table.count))
    let global = e.module.addGlobal(CodeTable.symbol, type)
    let start = global.value.constPtrToInt(e.i64)
    func distance(_ host: Value) -> Value {
      host.constPtrToInt(e.i64).constSub(start).constTrunc(e.i32)
    }
    let miss = distance(unit.finder.value)
    var words = [Value](repeating: miss, count: Int(table.count))
    for (entry, host) in hosts {
      if let index = table.index(of: entry) { words[index] = distance(host) }
    }
    global.initializer = e.i32.constArray(words)
    global.isConstant = true
    global.visibility = LLVMHiddenVisibility
    global.alignment = 4
  }
}
