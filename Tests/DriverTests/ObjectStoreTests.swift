import Codegen
import Foundation
import LLVM
import Testing

import Driver

/// A store in a folder of its own, which goes with it.
private final class Scratch {
  let folder = NSTemporaryDirectory() + "recast-store-\(UUID().uuidString)"
  func store(limit: Int = 1 << 20) -> ObjectStore { ObjectStore(folder: folder, limit: limit) }
  /// The entry's path.
  func path(_ key: String) -> String { "\(folder)/\(key.prefix(2))/\(key)" }
  deinit { try? FileManager.default.removeItem(atPath: folder) }
}

private let object: [UInt8] = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * $0) }

@Suite struct `An object store` {
  @Test func `has what was kept, and nothing else`() {
    let scratch = Scratch()
    #expect(scratch.store().object(for: "abc") == nil)
    scratch.store().keep(object, for: "abc")
    #expect(scratch.store().object(for: "abc") == object)
    #expect(scratch.store().object(for: "abd") == nil)
  }

  @Test func `has no damaged object, wherever the damage is`() throws {
    let scratch = Scratch()
    scratch.store().keep(object, for: "abc")
    let entry = try Data(contentsOf: URL(fileURLWithPath: scratch.path("abc")))
    for place in [0, 20, 79, 80, 500, entry.count - 1] {
      var damaged = entry
      damaged[place] ^= 1
      try damaged.write(to: URL(fileURLWithPath: scratch.path("abc")))
      #expect(scratch.store().object(for: "abc") == nil, "byte \(place)")
    }
    for size in [0, 16, 80, entry.count - 1] {
      try entry.prefix(size).write(to: URL(fileURLWithPath: scratch.path("abc")))
      #expect(scratch.store().object(for: "abc") == nil, "\(size) bytes")
    }
    scratch.store().keep(object, for: "abc")
    #expect(scratch.store().object(for: "abc") == object)
  }

  @Test func `forgets what was not used for longest`() throws {
    let scratch = Scratch()
    let store = scratch.store(limit: 5000)
    let keys = (0..<8).map { "\($0)\($0)" }
    for (n, key) in keys.enumerated() {
      store.keep(object, for: key)
      var times = [timeval](repeating: timeval(tv_sec: 1_000_000 + n, tv_usec: 0), count: 2)
      #expect(utimes(scratch.path(key), &times) == 0)
    }
    #expect(store.object(for: "00") == object)
    store.trim()
    let left = keys.filter { access(scratch.path($0), F_OK) == 0 }
    #expect(left == ["00", "55", "66", "77"])
    store.trim()
    #expect(keys.filter { access(scratch.path($0), F_OK) == 0 } == left)
  }

  @Test func `that cannot be written fails nothing`() {
    let store = ObjectStore(folder: "/dev/null/store", limit: 1)
    store.keep(object, for: "abc")
    store.trim()
    #expect(store.object(for: "abc") == nil)
  }
}

@Suite struct `An object's recipe` {
  private func module(adding constant: UInt64 = 1) -> Module {
    let c = LLVMContext()
    let module = Module("m", in: c)
    let f = module.addFunction("f", .function(c.i64, [c.i64]))
    let b = Builder(c)
    b.positionAtEnd(f.appendBasicBlock(in: c))
    b.ret(b.add(f.parameter(0), c.i64.constInt(constant)))
    return module
  }

  @Test func `has a key that changes with all that changes the object`() throws {
    let base = ObjectRecipe(target: try .named("x86_64"), level: .O2)
    var other = [base.key(of: module(adding: 2))]
    for change in [
      { $0.level = .O1 }, { $0.pipeline = "" }, { $0.target.cpu = "x" },
      { $0.target.features = "+a" }, { $0.target.abi = "a" }, { $0.target.triple = "t" },
      { $0.target.codeModel = LLVMCodeModelLarge },
    ] as [(inout ObjectRecipe) -> Void] {
      var recipe = base
      change(&recipe)
      other.append(recipe.key(of: module()))
    }
    #expect(Set(other + [base.key(of: module())]).count == other.count + 1)
    #expect(base.key(of: module()) == base.key(of: module()))
  }

  @Test func `makes the same bytes with a store and without`() throws {
    let scratch = Scratch()
    for target in TargetDescription.all {
      let recipe = ObjectRecipe(target: target, level: .O2)
      let plain = try recipe.make(from: module(), nil)
      let first = try recipe.make(from: module(), scratch.store())
      let second = try recipe.make(from: module(), scratch.store())
      #expect(first.bytes == plain.bytes && second.bytes == plain.bytes)
      #expect(!plain.isReused && !first.isReused && second.isReused)
    }
  }
}
