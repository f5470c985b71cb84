// Temporary files and folders that an interrupt must not leave behind. They stand in a fixed table
// that the handler of SIGINT, SIGTERM and SIGHUP removes; it calls only what is async-signal-safe.
import CProcess
import Commands
import Foundation

public enum Temporaries {
  private static let capacity = 256
  private nonisolated(unsafe) static let names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> =
    {
      let table = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: capacity)
      table.initialize(repeating: nil, count: capacity)
      return table
    }()
  private static let lock = NSLock()

  /// Answers the slot for `remove`, or -1 when the table is full.
  public static func add(_ path: String) -> Int {
    lock.withLock {
      guard let free = (0..<capacity).first(where: { names[$0] == nil }) else { return -1 }
      names[free] = strdup(path)
      return free
    }
  }
  /// Forgets an entry; the file itself stays as it is.
  public static func remove(_ slot: Int) {
    if slot < 0 { return }
    lock.withLock {
      let name = names[slot]
      names[slot] = nil
      free(name)
    }
  }

  /// Call once, before any output is begun.
  public static func removeOnInterrupt() {
    _ = names
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { number in
        recast_end_tool()
        for i in 0..<Temporaries.capacity {
          if let name = Temporaries.names[i] { recast_remove(name) }
        }
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }
}

/// A folder for one step's files, gone at its end or at an interrupt.
struct ScratchFolder: ~Copyable {
  let path: String
  private let slot: Int

  init(beside output: String) throws(CodegenError) {
    let folder = output.folder
    var template = Array(((folder.isEmpty ? "." : folder) + "/.recast-link-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw .system(output, errno) }
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    slot = Temporaries.add(path)
  }
  deinit {
    recast_remove(path)
    Temporaries.remove(slot)
  }
}
