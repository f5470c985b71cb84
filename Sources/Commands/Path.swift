// Paths as text. Foundation's own (`NSString.deletingLastPathComponent` and its kin) end the process
// on a path of one character in Swift 6.3.

extension String {
  /// What is behind the last slash: `c` of `a/b/c`; the whole path when there is none.
  public var fileName: String {
    lastIndex(of: "/").map { String(self[index(after: $0)...]) } ?? self
  }

  /// What is before the last slash: `a/b` of `a/b/c`, `/` of `/c`, empty when there is none.
  public var folder: String {
    guard let slash = lastIndex(of: "/") else { return "" }
    return slash == startIndex ? "/" : String(self[..<slash])
  }

  /// A file's name up to its last dot, unless that begins it.
  public var withoutExtension: String {
    guard let dot = lastIndex(of: "."), dot != startIndex else { return self }
    return String(self[..<dot])
  }
}
