import CElf

// Notes (LSB: note sections): who built a program, and, in replay programs, where stretches of calls begin.
extension Program {
  /// The name and the type of a replay program's note about `resumePoints`: 64-bit addresses.
  public static var resumeNote: (name: String, type: UInt32) { ("Recast", 1) }

  /// The note's bytes.
  public static func note(ofResumePoints addresses: [UInt64]) -> [UInt8] {
    let name = Array(resumeNote.name.utf8) + [0]
    let words = [UInt32(name.count), UInt32(8 * addresses.count), resumeNote.type]
    return words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
      + name + [UInt8](repeating: 0, count: (4 - name.count % 4) % 4)
      + addresses.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
  }

  mutating func readNotes(_ header: Elf64_Phdr) {
    guard header.p_filesz <= 1 << 20, header.p_offset <= UInt64(file.count),
      header.p_filesz <= UInt64(file.count) - header.p_offset
    else { return }
    let start = Int(header.p_offset)
    var places: [UInt64] = []
    var identifier: [UInt8]?
    file.withUnsafeBytes { all in
      let part = UnsafeRawBufferPointer(rebasing: all[start..<start + Int(header.p_filesz)])
      Program.forEachNote(part) { name, type, content in
        // NT_GNU_BUILD_ID
        if type == 3, name.elementsEqual([0x47, 0x4e, 0x55, 0]), content.count <= 64 {
          identifier = identifier ?? Array(content)
        }
        if type == Program.resumeNote.type, name.dropLast().elementsEqual(Program.resumeNote.name.utf8) {
          places += (0..<content.count / 8).map { n in
            UInt64(littleEndian: part.loadUnaligned(fromByteOffset: content.startIndex + 8 * n, as: UInt64.self))
          }
        }
      }
    }
    if buildID.isEmpty { buildID = identifier ?? [] }
    resumePoints = Set(resumePoints + places.filter(isCode)).sorted()
  }

  private static func forEachNote(
    _ part: UnsafeRawBufferPointer,
    _ body: (_ name: Slice<UnsafeRawBufferPointer>, _ type: UInt32, _ content: Slice<UnsafeRawBufferPointer>) -> Void
  ) {
    var cursor = ByteCursor(part, address: 0)
    do {
      while true {
        let nameSize = UInt64(try cursor.integer(UInt32.self))
        let size = UInt64(try cursor.integer(UInt32.self))
        let type = try cursor.integer(UInt32.self)
        let name = cursor.offset
        try cursor.skip((nameSize + 3) & ~3)
        let content = cursor.offset
        try cursor.skip((size + 3) & ~3)
        body(part[name..<name + Int(nameSize)], type, part[content..<content + Int(size)])
      }
    } catch {}
  }
}
