/// Loops that are in no other: the strongly connected components of a function's blocks (Tarjan, 1972).
struct OutermostLoops {
  private let successors: [[Int]]
  private var order: [Int]
  private var low: [Int]
  private var isOpen: [Bool]
  private var open: [Int] = []
  private var count = 0
  private var found: [[Int]] = []

  /// Positions of blocks, by loop.
  static func find(in function: GuestFunction) -> [[Int]] {
    var search = OutermostLoops(function)
    for block in function.blocks.indices where search.order[block] < 0 { search.visit(block) }
    return search.found
  }

  private init(_ function: GuestFunction) {
    let blocks = function.blocks
    successors = blocks.map { $0.successors.compactMap(function.position) }
    order = .init(repeating: -1, count: blocks.count)
    low = order
    isOpen = .init(repeating: false, count: blocks.count)
  }

  private mutating func enter(_ block: Int) {
    (order[block], low[block]) = (count, count)
    count += 1
    open.append(block)
    isOpen[block] = true
  }

  private mutating func visit(_ root: Int) {
    var path = [(block: root, next: 0)]
    enter(root)
    while let (block, next) = path.last {
      if next < successors[block].count {
        path[path.count - 1].next += 1
        let successor = successors[block][next]
        if order[successor] < 0 {
          enter(successor)
          path.append((successor, 0))
        } else if isOpen[successor] {
          low[block] = min(low[block], order[successor])
        }
        continue
      }
      path.removeLast()
      if let outer = path.last?.block { low[outer] = min(low[outer], low[block]) }
      if low[block] == order[block] { close(block) }
    }
  }

  private mutating func close(_ root: Int) {
    let first = open.lastIndex(of: root)!
    let members = Array(open[first...])
    open.removeSubrange(first...)
    for block in members { isOpen[block] = false }
    if members.count > 1 || successors[root].contains(root) { found.append(members.sorted()) }
  }
}
