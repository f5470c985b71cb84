import Foundation

/// Replaces this process by an artifact. Returns only with an error.
///
/// `arguments[0]` is what the guest sees as its own name: the path the user gave.
public func execute(_ artifact: String, arguments: [String]) -> BuildError {
  var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
  pointers.append(nil)
  execv(artifact, pointers)
  let code = errno
  pointers.forEach { free($0) }
  return BuildError(
    .osError, artifact, "cannot be run: \(String(cString: strerror(code)))",
    remedy: "remove it to have it made again")
}
