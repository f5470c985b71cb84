import Host

/// The emulator in user mode (qemu-user) that runs this process, if there is one. Kernels do not
/// start the host's own programs there, so `execve` puts the emulator in front of them.
///
/// RECAST_RUNNER names it; otherwise it is found: qemu-user shows its guest's file as
/// /proc/self/exe, and its own as /proc/thread-self/exe. On a real kernel both are the same.

private nonisolated(unsafe) var looked = false
private nonisolated(unsafe) var name = InlineArray<32, UInt64>(repeating: 0)

/// Sets `runner`. Uses a page at `scratch`.
func findEmulator(scratch: UInt64) {
  if runner != 0 || hostIsX86 || looked { return }
  looked = true
  let own = withUnsafeMutablePointer(to: &name) { UInt64(UInt(bitPattern: $0)) }
  let shown = link("/proc/self/exe", scratch, 4000)
  let real = link("/proc/thread-self/exe", own, 255)
  if !shown || !real || equalStrings(own, scratch) { return }
  if host(Call.faccessat, atCurrentDirectory, own, 1) == 0 { runner = own }
}

/// Reads a symbolic link of at most `room` bytes, and ends it with 0.
private func link(_ path: StaticString, _ place: UInt64, _ room: UInt64) -> Bool {
  let got = host(Call.readlinkat, atCurrentDirectory, address(of: path), place, room)
  if got <= 0 || UInt64(bitPattern: got) >= room { return false }
  store8(place &+ UInt64(bitPattern: got), 0)
  return true
}

/// Whether `path` is the emulator, which the host kernel runs as its own program.
func isEmulator(_ path: UInt64) -> Bool {
  runner != 0 && equalStrings(path, runner)
}

private func equalStrings(_ a: UInt64, _ b: UInt64) -> Bool {
  var n: UInt64 = 0
  while load8(a &+ n) == load8(b &+ n) {
    if load8(a &+ n) == 0 { return true }
    n &+= 1
  }
  return false
}
