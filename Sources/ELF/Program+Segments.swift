import CElf

// The checks that decide whether a file is a program, in the order in which a reader of the message
// would want them: what kind of file, then each header field before its first use.
extension Program {
  func bad(_ message: String) -> ELFError { ELFError(.input, path, message) }
  func unsupported(_ message: String) -> ELFError { ELFError(.unsupported, path, message) }

  /// e_ident, before libelf sees anything.
  func checkIdentification() throws(ELFError) {
    guard file.count >= 4, file[0] == 0x7f, file[1] == 0x45, file[2] == 0x4c, file[3] == 0x46
    else {
      if file.isEmpty { throw bad("not an ELF file: it is empty") }
      if file.count >= 2, file[0] == 0x23, file[1] == 0x21 {
        throw bad("not an ELF file: a script (#!)")
      }
      throw bad("not an ELF file")
    }
    guard file.count >= 64 else {
      throw bad("truncated: \(file.count) bytes, an ELF header is 64")
    }
    switch file[4] {
    case 2: break
    case 1: throw bad("a 32-bit ELF file; 64-bit x86-64 programs are translated")
    default: throw bad("ELF class \(file[4]) is neither 32-bit nor 64-bit")
    }
    switch file[5] {
    case 1: break
    case 2: throw bad("a big-endian ELF file; x86-64 is little-endian")
    default: throw bad("ELF data encoding \(file[5]) is unknown")
    }
    guard file[6] == 1 else { throw bad("ELF version \(file[6]) is unknown") }
    guard file[7] == 0 || file[7] == 3 else {
      throw bad("made for operating system ABI \(file[7]), not Linux")
    }
  }

  func check(_ header: Elf64_Ehdr) throws(ELFError) {
    guard header.e_machine == UInt16(EM_X86_64) else {
      throw bad("made for \(Program.machineName(header.e_machine)), not x86-64")
    }
    switch Int32(header.e_type) {
    case ET_EXEC, ET_DYN: break
    case ET_REL: throw bad("an object file (.o), not a linked program")
    case ET_CORE: throw bad("a core dump, not a program")
    default: throw bad("ELF type \(header.e_type) is not a program")
    }
    guard header.e_version == 1 else { throw bad("ELF version \(header.e_version) is unknown") }
    guard header.e_ehsize == 64 else { throw bad("e_ehsize is \(header.e_ehsize), not 64") }
  }

  private static func machineName(_ machine: UInt16) -> String {
    switch Int32(machine) {
    case EM_386: return "32-bit x86"
    case EM_ARM: return "arm"
    case EM_AARCH64: return "aarch64"
    case EM_RISCV: return "riscv"
    case EM_PPC64: return "powerpc64"
    case EM_MIPS: return "mips"
    case EM_S390: return "s390"
    case 258: return "loongarch"
    default: return "machine \(machine)"
    }
  }

  mutating func readSegments(_ headers: Headers, loadBase: UInt64) throws(ELFError) {
    isPositionIndependent = Int32(headers.file.e_type) == ET_DYN
    programHeaderCount = headers.segments.count
    if headers.segments.contains(where: { $0.p_type == UInt32(PT_INTERP) }) {
      throw unsupported("dynamically linked; link with -static")
    }
    if isPositionIndependent, headers.file.e_entry == 0 {
      throw unsupported("a shared object: it has no entry point")
    }
    let loads = headers.segments.enumerated().filter { $0.element.p_type == UInt32(PT_LOAD) }
    guard let first = loads.first?.element else { throw bad("nothing to load (no PT_LOAD)") }
    if isPositionIndependent {
      guard loadBase % Program.pageSize == 0 else {
        throw bad("load base \(loadBase.hex) is not page aligned")
      }
      loadBias = loadBase &- (first.p_vaddr & ~(Program.pageSize - 1))
    }

    var total: UInt64 = 0
    var fileTotal = 0
    for (number, header) in loads {
      let name = "segment \(number)"
      guard header.p_filesz <= header.p_memsz else {
        throw bad("\(name): larger in the file than in memory")
      }
      guard header.p_memsz <= Program.maximumMemorySize,
        total + header.p_memsz <= Program.maximumMemorySize
      else {
        throw ELFError(.limit, path, "\(name): more than 16 GiB of memory in segments")
      }
      total += header.p_memsz
      if header.p_memsz == 0 { continue }
      let size = UInt64(file.count)
      guard header.p_offset <= size, header.p_filesz <= size - header.p_offset else {
        throw bad(
          "truncated: \(name) needs \(header.p_filesz) bytes at \(header.p_offset.hex) of \(size)")
      }
      fileTotal += Int(header.p_filesz)
      guard fileTotal <= 2 * file.count else {
        throw bad("\(name): segments repeat the same bytes of the file")
      }
      guard header.p_align <= 1 || header.p_align & (header.p_align - 1) == 0 else {
        throw bad("\(name): alignment \(header.p_align.hex) is not a power of two")
      }
      if header.p_filesz > 0, header.p_offset % Program.pageSize != header.p_vaddr % Program.pageSize
      {
        throw bad("\(name): file offset and address do not agree within a page")
      }
      let address = header.p_vaddr &+ loadBias
      guard header.p_vaddr < Program.addressLimit, address < Program.addressLimit,
        header.p_memsz < Program.addressLimit - address
      else { throw bad("\(name): at \(address.hex), beyond the end of user addresses") }
      guard address >= Program.pageSize else { throw bad("\(name): covers page 0") }
      let end = address + header.p_memsz
      guard end <= Program.hostImage.lowerBound || address >= Program.hostImage.upperBound else {
        throw unsupported(
          "\(name): \(address.hex) up to \(end.hex) is where translated code goes")
      }
      if let last = segments.last {
        guard address >= last.end else {
          throw bad("\(name): overlaps the segment before it, or comes out of order")
        }
        guard address / Program.pageSize > (last.end - 1) / Program.pageSize else {
          throw unsupported("\(name): shares a page with the segment before it")
        }
      }
      segments.append(
        Segment(
          address: address, memorySize: header.p_memsz, fileOffset: Int(header.p_offset),
          fileSize: Int(header.p_filesz), flags: header.p_flags & 7))
    }
    guard !segments.isEmpty else { throw bad("nothing to load: all segments are empty") }
  }

  mutating func checkEntry(_ headers: Headers) throws(ELFError) {
    entry = headers.file.e_entry &+ loadBias
    guard isCode(entry) else {
      throw bad("entry point \(entry.hex) is not in an executable segment")
    }
  }

  /// Program headers that describe rather than load.
  mutating func readProperties(_ headers: Headers) {
    hasSectionHeaders = !headers.sections.isEmpty
    if !hasSectionHeaders, headers.file.e_shnum != 0 { notes.append("section headers are damaged") }
    let table = headers.file.e_phoff
    let tableEnd = table + UInt64(headers.segments.count) * 56
    for segment in segments where programHeaders == 0 {
      let start = UInt64(segment.fileOffset)
      if table >= start, tableEnd <= start + UInt64(segment.fileSize) {
        programHeaders = segment.address + (table - start)
      }
    }
    for header in headers.segments {
      switch Int32(bitPattern: header.p_type) {
      case PT_GNU_STACK:
        hasExecutableStack = header.p_flags & 1 != 0
      case PT_GNU_RELRO:
        let start = header.p_vaddr &+ loadBias
        if let segment = segment(containing: start), header.p_memsz <= segment.end - start {
          relocationReadOnly = start..<(start + header.p_memsz)
        } else {
          notes.append("PT_GNU_RELRO lies outside the segments")
        }
      case PT_NOTE:
        readNotes(header)
      default: break
      }
    }
  }
}
