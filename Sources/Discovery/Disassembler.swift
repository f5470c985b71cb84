import CCapstone

/// Capstone, for what people read and as a second opinion on the decoder.
public final class Disassembler {
  private var handle: csh = 0

  /// Nil when Capstone was built without x86.
  public init?() {
    guard cs_open(CS_ARCH_X86, CS_MODE_64, &handle) == CS_ERR_OK else { return nil }
    cs_option(handle, CS_OPT_SYNTAX, Int(CS_OPT_SYNTAX_INTEL.rawValue))
  }

  deinit { cs_close(&handle) }

  /// Length, mnemonic and operands of the first instruction; nil when Capstone knows none.
  public func instruction(_ bytes: some Collection<UInt8>, at address: UInt64)
    -> (length: Int, mnemonic: String, operands: String)?
  {
    let copy = Array(bytes.prefix(15))
    var result: UnsafeMutablePointer<cs_insn>?
    let count = cs_disasm(handle, copy, copy.count, address, 1, &result)
    guard count == 1, let found = result else { return nil }
    defer { cs_free(found, count) }
    func text<T>(_ value: T) -> String {
      withUnsafeBytes(of: value) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return (Int(found.pointee.size), text(found.pointee.mnemonic), text(found.pointee.op_str))
  }

  /// One line of assembly text; the bytes themselves where there is no instruction.
  public func text(of bytes: some Collection<UInt8>, at address: UInt64) -> String {
    guard let found = instruction(bytes, at: address) else {
      return ".byte " + bytes.prefix(15).map { "0x" + String($0, radix: 16) }.joined(separator: ", ")
    }
    return found.operands.isEmpty ? found.mnemonic : found.mnemonic + " " + found.operands
  }

  /// A line for each instruction of `bytes`, at most `limit`; what is no instruction ends them.
  public func lines(of bytes: some Collection<UInt8>, at address: UInt64, limit: Int = .max)
    -> [String]
  {
    var lines: [String] = []
    var rest = Array(bytes)[...]
    var address = address
    while !rest.isEmpty && lines.count < limit {
      lines.append(text(of: rest, at: address))
      guard let length = instruction(rest, at: address)?.length else { break }
      rest = rest.dropFirst(length)
      address += UInt64(length)
    }
    return lines
  }
}
