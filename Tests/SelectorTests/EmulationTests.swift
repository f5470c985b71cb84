import Foundation
import Testing

import Selector
import Slices

@Suite struct `Counted instructions` {
  func invocation() -> Invocation {
    Invocation(
      region: 0, entry: 0, registers: GuestRegisters(), vectors: [], pages: [], end: .return,
      endRegisters: GuestRegisters(), endVectors: [], stackLow: 0)
  }

  /// Stands for an emulator with its plugin; of record n it says that it took 10n + 1 instructions.
  func emulator(hangingAt record: Int) throws -> String {
    let path = NSTemporaryDirectory() + "recast-emulator-\(UUID().uuidString)"
    let script = """
      #!/bin/sh
      out=${2#*out=} out=${out%%,*} i=$4 n=0
      while [ $i -le $5 ]; do
        printf 'I %x\\n' $i
        [ $i = \(record) ] && exec sleep 1000
        for k in 1 2 3 4; do n=$((n + 10 * i + 1)); echo "113 $n"; done >> "$out"
        printf 'T 1\\nT 1\\nR 0 0 0\\n'
        i=$((i + 1))
      done

      """
    #expect(FileManager.default.createFile(
      atPath: path, contents: Data(script.utf8), attributes: [.posixPermissions: 0o700]))
    return path
  }

  @Test(arguments: [1, 2, 3, 4])
  func `are there of the others when a replay does not end`(record: Int) throws {
    let path = try emulator(hangingAt: record)
    defer { unlink(path) }
    let counts = try Emulation(plugin: "none").count(
      "replay", [path], target: "aarch64", invocations: [invocation(), invocation(), invocation()],
      native: false, limit: 8)
    let expected = (1...3).map { n in
      Emulation.Count(instructions: n == record ? 1 : Double(10 * n), isRight: n != record)
    }
    #expect(counts == expected)
  }
  @Test func `are not there when nothing ends`() throws {
    let path = try emulator(hangingAt: 0)
    defer { unlink(path) }
    #expect(throws: SystemFailure.self) {
      try Emulation(plugin: "none").count(
        "replay", [path], target: "aarch64", invocations: [invocation()], native: false, limit: 2)
    }
  }
}
