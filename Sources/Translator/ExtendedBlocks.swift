// Extended basic blocks: what is known at the end of a block holds in those that nothing else leads to.

import LLVM

/// The blocks of a function as trees, where each hangs below the only one that leads to it.
struct ExtendedBlocks {
  private(set) var roots: [BasicBlock] = []
  private var children: [BasicBlock: [BasicBlock]] = [:]
  /// In an order where a block stands in front of all that hang below it: its own place, and the last one of these.
  private var places: [BasicBlock: (own: Int, last: Int)] = [:]

  /// - Parameter blocks: all of a function. Cycles that nothing leads to are in no tree.
  init(_ blocks: [BasicBlock]) {
    for block in blocks {
      let from = Set(block.users.map(\.block))
      if from.count == 1, let parent = from.first, parent != block {
        children[parent, default: []].append(block)
      } else {
        roots.append(block)
      }
    }
    var order: [BasicBlock] = []
    var work = roots
    while let block = work.popLast() {
      places[block] = (order.count, order.count)
      order.append(block)
      work += children(of: block)
    }
    for block in order.reversed() {
      places[block]!.last = children(of: block).reduce(places[block]!.own) { max($0, places[$1]!.last) }
    }
  }

  func children(of block: BasicBlock) -> [BasicBlock] { children[block] ?? [] }

  /// `block` hangs below `other`, at whatever depth.
  func isBelow(_ block: BasicBlock, _ other: BasicBlock) -> Bool {
    guard let place = places[block]?.own, let above = places[other] else { return false }
    return above.own < place && place <= above.last
  }
}
