import CElf

// Unwind tables: where functions begin and end even in stripped programs, and where exceptions land.
// LSB Core 5.0, 10.6 (`.eh_frame`, `.eh_frame_hdr`); the exception table's format is the one that
// GCC's and LLVM's personality routines share (Itanium C++ ABI, exception handling, 7).
extension Program {
  private struct CommonInformation {
    var pointerEncoding: UInt8 = 0
    var exceptionTableEncoding: UInt8 = 0xff
    var hasAugmentation = false
    var isSignalFrame = false
  }

  mutating func readFrames(_ headers: Headers) {
    var start: UInt64?
    if let header = headers.segments.first(where: { Int32(bitPattern: $0.p_type) == PT_GNU_EH_FRAME })
    {
      start = frameSection(fromHeader: header.p_vaddr &+ loadBias)
      if start == nil { notes.append("PT_GNU_EH_FRAME is damaged") }
    }
    var size: UInt64 = 0
    if let section = headers.section(".eh_frame"), section.sh_flags & 2 != 0 {
      let address = section.sh_addr &+ loadBias
      if start == nil || start == address {
        start = address
        size = section.sh_size
      }
    }
    guard let start, let segment = segment(containing: start), start < segment.fileEnd else {
      return
    }
    let sizeIsKnown = size != 0 && size <= segment.fileEnd - start
    if !sizeIsKnown { size = segment.fileEnd - start }

    var found: [Frame] = []
    var pads: [UInt64] = []
    var complete = true
    file.withUnsafeBytes { all in
      let from = segment.fileOffset + Int(start - segment.address)
      let part = UnsafeRawBufferPointer(rebasing: all[from..<from + Int(size)])
      complete = readEntries(
        ByteCursor(part, address: start), sizeIsKnown: sizeIsKnown, into: &found)
      found.sort { ($0.start, $0.end) < ($1.start, $1.end) }
      var unique: [Frame] = []
      for frame in found where unique.last?.start != frame.start { unique.append(frame) }
      found = unique
      var budget = file.count
      for frame in found where frame.exceptionTable != 0 {
        readLandingPads(all, frame, &pads, &budget)
      }
    }
    if !complete { notes.append(".eh_frame is damaged") }
    frames = found
    pads.sort()
    for pad in pads where landingPads.last != pad && isCode(pad) { landingPads.append(pad) }
  }

  /// `eh_frame_ptr` of `.eh_frame_hdr`.
  private func frameSection(fromHeader address: UInt64) -> UInt64? {
    guard let segment = segment(containing: address), address < segment.fileEnd else { return nil }
    return file.withUnsafeBytes { all in
      let from = segment.fileOffset + Int(address - segment.address)
      let part = UnsafeRawBufferPointer(
        rebasing: all[from..<segment.fileOffset + segment.fileSize])
      var cursor = ByteCursor(part, address: address)
      do {
        guard try cursor.integer(UInt8.self) == 1 else { return nil }
        let encoding = try cursor.integer(UInt8.self)
        try cursor.skip(2)
        return try cursor.pointer(encoding, dataBase: address)
      } catch { return nil }
    }
  }

  /// Reads CIEs and FDEs one after the other; false when it had to stop early.
  private func readEntries(
    _ section: ByteCursor, sizeIsKnown: Bool, into found: inout [Frame]
  ) -> Bool {
    var cursor = section
    var common: [Int: CommonInformation?] = [:]
    do {
      while cursor.offset + 4 <= section.end {
        var length = UInt64(try cursor.integer(UInt32.self))
        if length == 0 {
          // A terminator. Linkers leave them in the middle too, which only the size tells.
          if sizeIsKnown { continue } else { return true }
        }
        if length == 0xffff_ffff { length = try cursor.integer(UInt64.self) }
        guard length >= 4, length <= UInt64(section.end - cursor.offset) else { return false }
        let next = cursor.offset + Int(length)
        cursor.end = next
        let place = cursor.offset
        let distance = Int(try cursor.integer(UInt32.self))
        if distance != 0, distance <= place {
          let parent = place - distance
          if common[parent] == nil {
            var reader = section
            reader.offset = parent
            common.updateValue(commonInformation(&reader), forKey: parent)
          }
          if let information = common[parent] ?? nil, let frame = frame(&cursor, information) {
            found.append(frame)
          }
        }
        cursor.offset = next
        cursor.end = section.end
      }
    } catch { return false }
    return true
  }

  private func commonInformation(_ cursor: inout ByteCursor) -> CommonInformation? {
    var result = CommonInformation()
    do {
      var length = UInt64(try cursor.integer(UInt32.self))
      if length == 0xffff_ffff { length = try cursor.integer(UInt64.self) }
      guard length >= 4, length <= UInt64(cursor.end - cursor.offset) else { return nil }
      cursor.end = cursor.offset + Int(length)
      guard try cursor.integer(UInt32.self) == 0 else { return nil }
      let version = try cursor.integer(UInt8.self)
      guard version == 1 || version == 3 else { return nil }
      var letters: [UInt8] = []
      while true {
        let letter = try cursor.integer(UInt8.self)
        if letter == 0 { break }
        letters.append(letter)
        if letters.count > 16 { return nil }
      }
      _ = try cursor.uleb()
      _ = try cursor.sleb()
      if version == 1 { _ = try cursor.integer(UInt8.self) } else { _ = try cursor.uleb() }
      guard letters.first == 0x7a else { return letters.isEmpty ? result : nil }  // "z"
      result.hasAugmentation = true
      _ = try cursor.uleb()
      for letter in letters.dropFirst() {
        switch letter {
        case 0x52: result.pointerEncoding = try cursor.integer(UInt8.self)  // "R"
        case 0x4c: result.exceptionTableEncoding = try cursor.integer(UInt8.self)  // "L"
        case 0x50:  // "P"
          let encoding = try cursor.integer(UInt8.self)
          _ = try cursor.pointer(encoding)
        case 0x53: result.isSignalFrame = true  // "S"
        case 0x42: break  // "B": return addresses are signed; not on x86
        default: return result
        }
      }
      return result
    } catch { return nil }
  }

  private func frame(_ cursor: inout ByteCursor, _ common: CommonInformation) -> Frame? {
    do {
      guard let start = try cursor.pointer(common.pointerEncoding),
        let length = try cursor.pointer(common.pointerEncoding & 0x0f), length > 0
      else { return nil }
      guard let segment = segment(containing: start), segment.isExecutable,
        start < segment.fileEnd, length <= segment.fileEnd - start
      else { return nil }
      var table: UInt64 = 0
      if common.hasAugmentation {
        let size = try cursor.uleb()
        if size > 0, common.exceptionTableEncoding != 0xff {
          table = (try cursor.pointer(common.exceptionTableEncoding)) ?? 0
        }
      }
      return Frame(
        start: start, end: start + length, exceptionTable: table,
        isSignalFrame: common.isSignalFrame)
    } catch { return nil }
  }

  /// The call-site table of one function's language-specific data area.
  private func readLandingPads(
    _ all: UnsafeRawBufferPointer, _ frame: Frame, _ pads: inout [UInt64], _ budget: inout Int
  ) {
    guard let segment = segment(containing: frame.exceptionTable),
      frame.exceptionTable < segment.fileEnd
    else { return }
    let part = UnsafeRawBufferPointer(
      rebasing: all[segment.fileOffset..<segment.fileOffset + segment.fileSize])
    var cursor = ByteCursor(part, address: segment.address)
    guard cursor.seek(to: frame.exceptionTable) else { return }
    do {
      let base = try cursor.pointer(try cursor.integer(UInt8.self)) ?? frame.start
      if try cursor.integer(UInt8.self) != 0xff { _ = try cursor.uleb() }
      let encoding = try cursor.integer(UInt8.self)
      let size = try cursor.uleb()
      guard size <= UInt64(cursor.end - cursor.offset) else { return }
      cursor.end = cursor.offset + Int(size)
      while cursor.offset < cursor.end {
        budget -= 1
        guard budget > 0 else { return }
        _ = try cursor.pointer(encoding)
        _ = try cursor.pointer(encoding)
        let pad = try cursor.pointer(encoding) ?? 0
        _ = try cursor.uleb()
        if pad != 0 { pads.append(base &+ pad) }
      }
    } catch { return }
  }
}
