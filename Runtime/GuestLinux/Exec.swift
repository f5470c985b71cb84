import Host

/// execve. An x86-64 program goes to a Recast artifact of its name in RECAST_PATH; otherwise an
/// x86_64 host runs it natively, and any other host runs this artifact again with RECAST_EXEC set,
/// which loads the program at run time (Loader.swift), unless the program is dynamic and the kernel
/// can start it. `#!` lines are read here so that the same
/// rule holds for the interpreter they name. Everything else is the host kernel's.

/// Places in the thread's scratch. All of it, since a vfork child must not allocate: it would do so
/// in its parent's memory.
private enum Part {
  static var path: UInt64 { 0 }
  static var candidate: UInt64 { 0x1000 }
  static var header: UInt64 { 0x2000 }
  static var script: UInt64 { 0x3000 }
  static var scriptEnd: UInt64 { 0x7000 }
  static var runnerPath: UInt64 { 0x7000 }
  static var arguments: UInt64 { 0x8000 }
  static var environment: UInt64 { 0xc000 }
  static var vectorRoom: UInt64 { 0x3f00 }
}

/// ELF's e_machine of the host.
private var hostMachine: UInt16 {
  switch hostFacts.kind {
  case 0: return 62
  case 1: return 183
  case 2: return 243
  default: return 258
  }
}

func become(_ t: ThreadPointer, _ path: UInt64, _ argv: UInt64, _ envp: UInt64) -> Int64 {
  leaving()
  return guest(t, Call.execve, path, argv, envp)
}

func execve(_ t: ThreadPointer, _ path: UInt64, _ argv: UInt64, _ envp: UInt64) -> Int64 {
  if isOwnExecutable(t, path) && runTimeProgram != 0 {
    return execute(t, runTimeProgram, argv, envp)
  }
  if hostIsX86 && artifactPath == 0 { return become(t, path, argv, envp) }
  let length = copyString(to: t.scratch, from: path, room: 4096)
  if length < 0 { return length }
  return execute(t, t.scratch, argv, envp)
}

func execveat(_ t: ThreadPointer, _ x: Arguments) -> Int64 {
  if hostIsX86 && artifactPath == 0 {
    return guest(t, Call.execveat, x.a, x.b, x.c, x.d, x.e)
  }
  let s = t.scratch
  var length = copyString(to: s &+ Part.candidate, from: x.b, room: 4000)
  if length < 0 { return length }
  let absolute = load8(s &+ Part.candidate) == 0x2f
  if absolute || Int32(truncatingIfNeeded: x.a) == -100 {
    _ = hostCopy(s, s &+ Part.candidate, UInt64(bitPattern: length) &+ 1)
    return execute(t, s, x.c, x.d)
  }
  if length == 0 && x.e & 0x1000 == 0 { return Errno.noEntry }
  // The name of the directory or file behind the descriptor.
  var writer = s &+ Part.script
  append(&writer, address(of: "/proc/self/fd/"))
  appendNumber(&writer, x.a & 0xffff_ffff)
  let got = host(Call.readlinkat, atCurrentDirectory, s &+ Part.script, s, 4000)
  if got < 0 { return got }
  var end = s &+ UInt64(bitPattern: got)
  store8(end, 0)
  if length > 0 {
    length &+= 1
    if got &+ length > 4090 { return Errno.nameTooLong }
    append(&end, address(of: "/"))
    append(&end, s &+ Part.candidate)
  }
  return execute(t, s, x.c, x.d)
}

private func append(_ at: inout UInt64, _ string: UInt64) {
  let size = length(string)
  _ = hostCopy(at, string, size &+ 1)
  at &+= size
}
private func appendNumber(_ at: inout UInt64, _ number: UInt64) {
  if number >= 10 { appendNumber(&at, number / 10) }
  store8(at, UInt8(truncatingIfNeeded: 0x30 &+ number % 10))
  at &+= 1
  store8(at, 0)
}

/// `path` is in the runtime's memory; the vectors are the guest's until a script line rewrites one.
private func execute(
  _ t: ThreadPointer, _ start: UInt64, _ guestArguments: UInt64, _ envp: UInt64
) -> Int64 {
  let s = t.scratch
  findEmulator(scratch: s &+ Part.candidate)
  let header = s &+ Part.header
  var path = start
  var argv = guestArguments
  var script = s &+ Part.script
  var depth = 0
  while true {
    clear(header, 512)
    let opened = host(Call.openat, atCurrentDirectory, path, 0o2000000)
    if opened < 0 { break }
    let file = UInt64(bitPattern: opened)
    _ = host(Call.pread64, file, header, 256, 0)
    _ = host(Call.close, file)
    if host(Call.faccessat, atCurrentDirectory, path, 1) != 0 { break }
    if load16(header) == 0x2123 {
      depth &+= 1
      if depth > 4 { return Errno.loop }
      let got = readScriptLine(s, header, &script, path, &argv)
      if got < 0 { return got }
      path = UInt64(bitPattern: got)
      continue
    }
    // ELF, 64-bit, little-endian, EM_X86_64; executables only.
    let isX86 = load32(header) == 0x464c_457f && load16(header &+ 4) == 0x0102
      && load16(header &+ 18) == 62 && (load16(header &+ 16) == 2 || load16(header &+ 16) == 3)
    if !isX86 {
      // A program of the host's own machine.
      if load32(header) == 0x464c_457f && load16(header &+ 18) == hostMachine {
        return hand(t, path, argv, envp)
      }
      break
    }
    if let artifact = findArtifact(s, path) {
      return hand(t, artifact, argv, envp)
    }
    if hostIsX86 || isEmulator(path) { break }
    if needsInterpreter(s, header, path) {
      // Not for this artifact to load. The kernel may know how (binfmt_misc, an emulator on x86).
      let got = become(t, path, argv, envp)
      if got != Errno.noExec { return got }
    }
    return executeHere(t, path, argv, envp)
  }
  return become(t, path, argv, envp)
}

/// `#! PROGRAM [ARGUMENT]`: the new argument vector is PROGRAM, ARGUMENT, path, and the old one
/// without its first. Returns the address of PROGRAM.
private func readScriptLine(
  _ s: UInt64, _ header: UInt64, _ script: inout UInt64, _ path: UInt64, _ argv: inout UInt64
) -> Int64 {
  func blank(_ c: UInt8) -> Bool { c == 0x20 || c == 0x09 }
  var at = header &+ 2
  var end = at
  while load8(end) != 0x0a && load8(end) != 0 { end &+= 1 }
  while blank(load8(at)) { at &+= 1 }
  while end > at && blank(load8(end &- 1)) { end &-= 1 }
  if at == end { return Errno.noExec }
  if script &+ 0x1200 > s &+ Part.scriptEnd { return Errno.loop }
  let program = script
  while at < end && !blank(load8(at)) {
    store8(script, load8(at))
    script &+= 1
    at &+= 1
  }
  store8(script, 0)
  script &+= 1
  while at < end && blank(load8(at)) { at &+= 1 }
  let argument = script
  let hasArgument = at < end
  _ = hostCopy(script, at, end &- at)
  script &+= end &- at
  store8(script, 0)
  script &+= 1

  let added: UInt64 = hasArgument ? 3 : 2
  let got = makeRoom(s, &argv, added)
  if got < 0 { return got }
  store64(argv, program)
  if hasArgument { store64(argv &+ 8, argument) }
  store64(argv &+ 8 &* (added &- 1), path)
  return Int64(bitPattern: program)
}

/// Moves the vector without its first word to word `added` of the thread's own vector, which it may
/// be already.
private func makeRoom(_ s: UInt64, _ argv: inout UInt64, _ added: UInt64) -> Int64 {
  let vector = s &+ Part.arguments
  var count: UInt64 = 0
  if argv != 0 {
    var word: UInt64 = 1
    while word != 0 {
      word = 0
      if !withUnsafeMutablePointer(
        to: &word, { copy(to: UInt64(UInt(bitPattern: $0)), from: argv &+ 8 &* count, 8) })
      {
        return Errno.fault
      }
      if word != 0 { count &+= 1 }
    }
  }
  let rest = count > 0 ? count &- 1 : 0
  if 8 &* (rest &+ added &+ 1) > Part.vectorRoom { return Errno.tooBig }
  var n = rest
  while n > 0 {
    // From the last to the first: the words move up.
    _ = hostCopy(vector &+ 8 &* (n &- 1 &+ added), argv &+ 8 &* n, 8)
    n &-= 1
  }
  store64(vector &+ 8 &* (rest &+ added), 0)
  argv = vector
  return 0
}

/// Whether the ELF file has a PT_INTERP among the program headers that fit a page.
private func needsInterpreter(_ s: UInt64, _ header: UInt64, _ path: UInt64) -> Bool {
  let opened = host(Call.openat, atCurrentDirectory, path, 0o2000000)
  if opened < 0 { return false }
  let file = UInt64(bitPattern: opened)
  let table = s &+ Part.candidate
  let got = host(Call.pread64, file, table, 4096, load64(header &+ 32))
  _ = host(Call.close, file)
  if got < 56 || load16(header &+ 54) != 56 { return false }
  let fitting = UInt64(bitPattern: got) / 56
  let listed = UInt64(load16(header &+ 56))
  var n: UInt64 = 0
  while n < listed && n < fitting {
    if load32(table &+ 56 &* n) == 3 { return true }
    n &+= 1
  }
  return false
}

/// Has the host run one of its own programs: directly, or through the emulator (qemu-user's command
/// line) that runs this one or that RECAST_RUNNER names, where the kernel does not know how.
private func hand(_ t: ThreadPointer, _ path: UInt64, _ argv: UInt64, _ envp: UInt64) -> Int64 {
  if runner == 0 { return become(t, path, argv, envp) }
  let s = t.scratch
  var program = path
  if equal(path, "/proc/self/exe") {
    program = s &+ Part.runnerPath
    let got = host(Call.readlinkat, atCurrentDirectory, path, program, 4000)
    if got < 0 { return got }
    store8(program &+ UInt64(bitPattern: got), 0)
  }
  var first = program
  if argv != 0 {
    if !copy(to: s &+ Part.header, from: argv, 8) { return Errno.fault }
    if load64(s &+ Part.header) != 0 { first = load64(s &+ Part.header) }
  }
  var vector = argv
  let got = makeRoom(s, &vector, 4)
  if got < 0 { return got }
  store64(vector, runner)
  store64(vector &+ 8, address(of: "-0"))
  store64(vector &+ 16, first)
  store64(vector &+ 24, program)
  return become(t, runner, vector, envp)
}

/// `DIRECTORY/BASENAME` for the first directory of RECAST_PATH that has it executable.
private func findArtifact(_ s: UInt64, _ path: UInt64) -> UInt64? {
  if artifactPath == 0 { return nil }
  var base = path
  var at = path
  while load8(at) != 0 {
    if load8(at) == 0x2f { base = at &+ 1 }
    at &+= 1
  }
  let baseLength = length(base)
  let candidate = s &+ Part.candidate
  var from = artifactPath
  while load8(from) != 0 {
    var to = candidate
    while load8(from) != 0 && load8(from) != 0x3a && to < candidate &+ 3000 {
      store8(to, load8(from))
      to &+= 1
      from &+= 1
    }
    if to > candidate && baseLength < 1000 {
      store8(to, 0x2f)
      _ = hostCopy(to &+ 1, base, baseLength &+ 1)
      if host(Call.faccessat, atCurrentDirectory, candidate, 1) == 0 { return candidate }
    }
    while load8(from) != 0 && load8(from) != 0x3a { from &+= 1 }
    if load8(from) == 0x3a { from &+= 1 }
  }
  return nil
}

/// Runs this artifact with RECAST_EXEC=path in front of the environment.
private func executeHere(
  _ t: ThreadPointer, _ path: UInt64, _ argv: UInt64, _ envp: UInt64
) -> Int64 {
  let s = t.scratch
  let vector = s &+ Part.environment
  var writer = s &+ Part.candidate
  if length(path) > 4000 { return Errno.nameTooLong }
  store64(vector, writer)
  append(&writer, address(of: "RECAST_EXEC="))
  append(&writer, path)
  var n: UInt64 = 0
  var last = envp == 0
  while !last {
    if 8 &* (n &+ 3) > Part.vectorRoom { return Errno.tooBig }
    if !copy(to: vector &+ 8 &* (n &+ 1), from: envp &+ 8 &* n, 8) { return Errno.fault }
    last = load64(vector &+ 8 &* (n &+ 1)) == 0
    n &+= 1
  }
  if n == 0 { store64(vector &+ 8, 0) }
  let got = hand(t, address(of: "/proc/self/exe"), argv, vector)
  if got == Errno.noEntry && hostExecName != 0 {
    return become(t, hostExecName, argv, vector)
  }
  return got
}
