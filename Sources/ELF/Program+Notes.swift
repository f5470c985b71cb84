import CElf

// Notes (LSB: note sections): who built a program, and what a replay program says about itself.
extension Program {
  mutating func readNotes(_ header: Elf64_Phdr) {
    guard header.p_filesz <= 1 << 20, header.p_offset <= UInt64(file.count),
      header.p_filesz <= UInt64(file.count) - header.p_offset
    else { return }
    let bytes = file[Int(header.p_offset)..<Int(header.p_offset + header.p_filesz)]
    for note in Program.notes(in: Array(bytes)) {
      // NT_GNU_BUILD_ID
      if note.type == 3, note.name == Array("GNU".utf8) + [0], note.content.count <= 64, buildID.isEmpty {
        buildID = note.content
      }
      if let found = Replay(note), isCode(found.exit), found.beginnings.allSatisfy(isCode), replay == nil {
        replay = found
      }
    }
  }

  struct Note {
    var name: [UInt8]
    var type: UInt32
    var content: [UInt8]
  }

  private static func notes(in bytes: [UInt8]) -> [Note] {
    var notes: [Note] = []
    bytes.withUnsafeBytes { all in
      var cursor = ByteCursor(all, address: 0)
      do {
        while true {
          let nameSize = try cursor.integer(UInt32.self)
          let size = try cursor.integer(UInt32.self)
          let type = try cursor.integer(UInt32.self)
          let name = cursor.offset
          try cursor.skip((UInt64(nameSize) + 3) & ~3)
          let content = cursor.offset
          try cursor.skip((UInt64(size) + 3) & ~3)
          notes.append(
            Note(
              name: Array(all[name..<name + Int(nameSize)]), type: type,
              content: Array(all[content..<content + Int(size)])))
        }
      } catch {}
    }
    return notes
  }
}

// A note of 64-bit addresses: the exit, then the beginnings.
extension Program.Replay {
  private static let name = Array("Recast".utf8) + [0]
  private static let type: UInt32 = 1
  private static let most = 1024

  init?(_ note: Program.Note) {
    guard note.type == Self.type, note.name == Self.name, note.content.count % 8 == 0,
      note.content.count <= 8 * Self.most
    else { return nil }
    let words = stride(from: 0, to: note.content.count, by: 8).map { at in
      note.content.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: UInt64.self)) }
    }
    guard let exit = words.first else { return nil }
    self.init(exit: exit, beginnings: Array(words.dropFirst()))
  }

  public var note: [UInt8] {
    func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    let words = [exit] + beginnings
    return bytes(UInt32(Self.name.count)) + bytes(UInt32(8 * words.count)) + bytes(Self.type)
      + Self.name + [UInt8](repeating: 0, count: (4 - Self.name.count % 4) % 4) + words.flatMap(bytes)
  }
}
