import RuntimeABI
import Testing

/// What translated code stores is what the runtime reads: `VCPUOffset` against the compiler's layout.
@Suite struct `The VCPU's layout` {
  private static var fields: [(PartialKeyPath<VCPU>, Int, String)] {
    [
      (\.gpr, VCPUOffset.gpr(0), "gpr"), (\.rip, VCPUOffset.rip, "rip"),
      (\.cf, VCPUOffset.cf, "cf"), (\.pf, VCPUOffset.pf, "pf"), (\.af, VCPUOffset.af, "af"),
      (\.zf, VCPUOffset.zf, "zf"), (\.sf, VCPUOffset.sf, "sf"), (\.of, VCPUOffset.of, "of"),
      (\.df, VCPUOffset.df, "df"), (\.unwinding, VCPUOffset.unwinding, "unwinding"),
      (\.pending, VCPUOffset.pending, "pending"), (\.mxcsr, VCPUOffset.mxcsr, "mxcsr"),
      (\.fsBase, VCPUOffset.fsBase, "fsBase"), (\.gsBase, VCPUOffset.gsBase, "gsBase"),
      (\.ymm, VCPUOffset.ymm(0, half: 0), "ymm"), (\.x87, VCPUOffset.x87(0), "x87"),
      (\.x87Control, VCPUOffset.x87Control, "x87Control"),
      (\.x87Status, VCPUOffset.x87Status, "x87Status"), (\.x87Top, VCPUOffset.x87Top, "x87Top"),
      (\.x87Empty, VCPUOffset.x87Empty, "x87Empty"), (\.thread, VCPUOffset.thread, "thread"),
      (\.hostStackLimit, VCPUOffset.hostStackLimit, "hostStackLimit"),
      (\.interpreted, VCPUOffset.interpreted, "interpreted"),
      (\.stepped, VCPUOffset.stepped, "stepped"), (\.address, VCPUOffset.address, "address"),
    ]
  }

  @Test func `is what VCPUOffset says`() {
    for (path, offset, name) in Self.fields {
      #expect(MemoryLayout<VCPU>.offset(of: path) == offset, "\(name)")
    }
    #expect(MemoryLayout<VCPU>.size == VCPUOffset.size)
  }

  @Test func `places the elements of its arrays`() {
    var vcpu = VCPU()
    for n in 0..<16 {
      vcpu.gpr[n] = UInt64(0x100 + n)
      vcpu.ymm[4 * n] = UInt64(0x200 + n)
      vcpu.ymm[4 * n + 2] = UInt64(0x300 + n)
    }
    for n in 0..<8 { vcpu.x87[2 * n] = UInt64(0x400 + n) }
    withUnsafeBytes(of: &vcpu) { bytes in
      func word(_ offset: Int) -> UInt64 {
        bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      }
      for n in 0..<16 {
        #expect(word(VCPUOffset.gpr(n)) == UInt64(0x100 + n))
        #expect(word(VCPUOffset.ymm(n, half: 0)) == UInt64(0x200 + n))
        #expect(word(VCPUOffset.ymm(n, half: 1)) == UInt64(0x300 + n))
      }
      for n in 0..<8 { #expect(word(VCPUOffset.x87(n)) == UInt64(0x400 + n)) }
    }
  }
}
