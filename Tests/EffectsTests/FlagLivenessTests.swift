import Discovery
import Interpreter
import Testing
import X86

@Suite struct `Flags that the interpreter leaves out` {
  /// Over every opcode of the one- and two-byte maps with many ModRM bytes and prefixes.
  @Test func `are those that the meanings surely overwrite and do not read`() {
    var wrong: Set<String> = []
    var checked = 0
    for prefix in [[], [0x66], [0xf2], [0xf3], [0x48], [0x66, 0x0f, 0x38]] as [[UInt8]] {
      for escape in [[], [0x0f]] as [[UInt8]] {
        for opcode in UInt8.min...UInt8.max {
          for modrm in stride(from: UInt8(0), to: 255, by: 3) {
            for constant in [0, 1, 0x1f, 0x21] as [UInt8] {
              let bytes = prefix + escape + [opcode, modrm, constant, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]
              guard let i = try? Decoder.decode(bytes, available: bytes.count, at: 0x1000) else {
                continue
              }
              checked += 1
              let claimed = FlagEffects.of(i)
              let real = effects(of: i)
              let missed = real.readsFlags & 0x8d5 & ~claimed.reads
              // What is read stays live before the instruction, written or not.
              let invented = claimed.writes & ~real.writesFlags & ~claimed.reads
              if missed != 0 || invented != 0 { wrong.insert("\(i.operation) \(bytes.prefix(8))") }
            }
          }
        }
      }
    }
    #expect(checked > 100_000)
    #expect(wrong.isEmpty, "\(wrong.sorted().prefix(10))")
  }
}
