import ELF
import Testing

/// A small valid program: one executable segment with `code` at 0x401000.
/// One executable segment at 0x401000, and one of constants at 0x402000 when there are any.
func image(
  code: [UInt8], type: UInt16 = 2, segmentType: UInt32 = 1, constants: [UInt8] = []
) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: 0x1000)
  func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    withUnsafeBytes(of: value.littleEndian) {
      for (n, byte) in $0.enumerated() { bytes[offset + n] = byte }
    }
  }
  bytes.replaceSubrange(0..<8, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0])
  put(type, at: 16)
  put(UInt16(62), at: 18)
  put(UInt32(1), at: 20)
  put(UInt64(0x401000), at: 24)
  put(UInt64(64), at: 32)
  put(UInt16(64), at: 52)
  put(UInt16(56), at: 54)
  put(UInt16(1), at: 56)
  put(segmentType, at: 64)
  put(UInt32(5), at: 68)
  put(UInt64(0x1000), at: 72)
  put(UInt64(0x401000), at: 80)
  put(UInt64(code.count), at: 96)
  put(UInt64(code.count), at: 104)
  put(UInt64(0x1000), at: 112)
  if constants.isEmpty { return bytes + code }
  put(UInt16(2), at: 56)
  put(UInt32(1), at: 120)
  put(UInt32(4), at: 124)
  put(UInt64(0x2000), at: 128)
  put(UInt64(0x402000), at: 136)
  put(UInt64(constants.count), at: 152)
  put(UInt64(constants.count), at: 160)
  put(UInt64(0x1000), at: 168)
  return bytes + code + [UInt8](repeating: 0, count: 0x1000 - code.count) + constants
}

func kind(_ change: (inout [UInt8]) -> Void) -> ELFError.Kind? {
  var bytes = image(code: [0xc3])
  change(&bytes)
  do throws(ELFError) {
    _ = try Program(path: "test", file: bytes)
    return nil
  } catch { return error.kind }
}

@Suite struct `ELF headers` {
  @Test func `a small program loads`() throws {
    let program = try Program(path: "test", file: image(code: [0xc3]))
    #expect(program.entry == 0x401000)
    #expect(program.segments.count == 1)
    #expect(program.low == 0x401000)
    #expect(program.high == 0x402000)
    #expect(!program.hasSectionHeaders)
  }

  @Test func `what is not a program is the input's fault`() {
    #expect(kind { $0 = [] } == .input)
    #expect(kind { $0[0] = 0x23 } == .input)
    #expect(kind { $0 = Array($0.prefix(40)) } == .input)
    #expect(kind { $0[4] = 1 } == .input)
    #expect(kind { $0[5] = 2 } == .input)
    #expect(kind { $0[18] = 183 } == .input)
    #expect(kind { $0[16] = 1 } == .input)
    #expect(kind { $0[16] = 4 } == .input)
  }

  @Test func `damaged segments are refused`() {
    #expect(kind { $0.removeLast() } == .input)
    #expect(kind { $0[32] = 0xff; $0[39] = 0xff } == .input)
    #expect(kind { $0[54] = 32 } == .input)
    #expect(kind { $0[72] = 1 } == .input)
    #expect(kind { $0[112] = 3 } == .input)
    #expect(kind { $0[24] = 0x80 } == .input)
    #expect(kind { $0[68] = 4 } == .input)
    #expect(kind { $0[87] = 0x80 } == .input)
    #expect(kind { $0[104] = 0 } == .input)
    #expect(kind { $0[110] = 1 } == .limit)
  }

  @Test func `dynamic programs are for later`() {
    #expect(kind { $0[64] = 3 } == .unsupported)
  }

  @Test func `files that cannot be read say so`() {
    func kind(_ path: String) -> ELFError.Kind? {
      do throws(ELFError) {
        _ = try Program(path: path)
        return nil
      } catch { return error.kind }
    }
    #expect(kind("/nonexistent") == .missing)
    #expect(kind("/") == .missing)
    #expect(kind("/dev/null") == .missing)
  }

  @Test func `exit statuses follow sysexits`() {
    let statuses = [ELFError.Kind.input, .missing, .unsupported, .bug, .system, .permission]
      .map { ELFError($0, "x", "y").exitStatus }
    #expect(statuses == [65, 66, 69, 70, 71, 77])
  }
}
