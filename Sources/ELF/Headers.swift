import CElf

/// The headers of an ELF file as libelf reads them; nothing in them has been checked yet.
struct Headers {
  struct Section {
    var name: String
    var header: Elf64_Shdr
  }
  var file = Elf64_Ehdr()
  var segments: [Elf64_Phdr] = []
  var sections: [Section] = []

  /// More than the kernel takes (64 KiB of them).
  static var maximumSegments: Int { 1170 }
  static var maximumSections: Int { 1 << 20 }

  init(path: String, file bytes: [UInt8]) throws(ELFError) {
    guard elf_version(UInt32(EV_CURRENT)) != UInt32(EV_NONE) else {
      throw ELFError(.bug, path, "libelf refuses its own version")
    }
    let problem = bytes.withUnsafeBytes { readAll(path, $0) }
    if let problem { throw problem }
  }

  private mutating func readAll(_ path: String, _ bytes: UnsafeRawBufferPointer) -> ELFError? {
    func fail(_ message: String) -> ELFError { ELFError(.input, path, message) }
    func reason() -> String { elf_errmsg(-1).map { String(cString: $0) } ?? "no message" }
    // libelf does not write to memory it was given this way.
    let image = UnsafeMutableRawPointer(mutating: bytes.baseAddress!)
    guard let elf = elf_memory(image.assumingMemoryBound(to: CChar.self), bytes.count) else {
      return fail("libelf: \(reason())")
    }
    defer { elf_end(elf) }
    guard gelf_getehdr(elf, &file) != nil else { return fail("ELF header: \(reason())") }

    // Counts and offsets are checked here so that libelf is only asked for what is there.
    let size = UInt64(bytes.count)
    let count = Int(file.e_phnum)
    if count == 0 { return nil }
    guard count <= Headers.maximumSegments else {
      return fail("\(count) program headers; a kernel takes \(Headers.maximumSegments) at most")
    }
    guard file.e_phentsize == 56 else {
      return fail("e_phentsize is \(file.e_phentsize), not 56")
    }
    guard file.e_phoff >= 64, file.e_phoff <= size, UInt64(count) * 56 <= size - file.e_phoff else {
      return fail("truncated: program headers at file offset \(file.e_phoff.hex) are outside")
    }
    guard file.e_phoff % 8 == 0 else {
      return fail("program headers at file offset \(file.e_phoff.hex) are not aligned")
    }
    for number in 0..<count {
      var header = Elf64_Phdr()
      guard gelf_getphdr(elf, Int32(number), &header) != nil else {
        return fail("program header \(number): \(reason())")
      }
      segments.append(header)
    }
    readSections(elf, size)
    return nil
  }

  /// A kernel does not look at sections, so damaged ones are as good as none.
  private mutating func readSections(_ elf: OpaquePointer, _ size: UInt64) {
    guard file.e_shoff >= 64, file.e_shoff <= size, file.e_shentsize == 64, file.e_shnum > 0,
      UInt64(file.e_shnum) * 64 <= size - file.e_shoff, file.e_shnum < Headers.maximumSections
    else { return }
    var names = 0
    let haveNames = elf_getshdrstrndx(elf, &names) == 0
    var section: OpaquePointer? = elf_nextscn(elf, nil)
    while let current = section, sections.count < Headers.maximumSections {
      var header = Elf64_Shdr()
      guard gelf_getshdr(current, &header) != nil else { return }
      var name = ""
      if haveNames, let text = elf_strptr(elf, names, Int(header.sh_name)) {
        name = String(cString: text)
      }
      sections.append(Section(name: name, header: header))
      section = elf_nextscn(elf, current)
    }
  }

  func section(_ name: String) -> Elf64_Shdr? {
    sections.first { $0.name == name }?.header
  }
}

extension Elf64_Shdr {
  /// The section's bytes in the file, nil when they are outside or there are none.
  func fileRange(in size: Int) -> Range<Int>? {
    guard sh_type != UInt32(SHT_NOBITS), sh_size > 0, sh_offset <= UInt64(size),
      sh_size <= UInt64(size) - sh_offset
    else { return nil }
    return Int(sh_offset)..<Int(sh_offset + sh_size)
  }
}
