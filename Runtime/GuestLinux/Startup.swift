import Host
import RuntimeABI

/// Start-up: from what the host's kernel gave the artifact to what an x86-64 kernel gives a program
/// (fs/binfmt_elf.c `create_elf_tables`; psABI 3.4.1).

/// CPUID.1:EDX as the interpreter answers it, for AT_HWCAP: FPU TSC CX8 CMOV CLFSH MMX FXSR SSE
/// SSE2.
/// The executor may set another before `prepareProcess`.
public nonisolated(unsafe) var cpuFeatures: UInt64 = 0x0788_8111

nonisolated(unsafe) var processImage = GuestImage()
/// Below the guest's stack: to the guest, nothing is mapped there.
var stackGuard: UInt64 { 0x1_0000 }
nonisolated(unsafe) var stackLow: UInt64 = 0
nonisolated(unsafe) var stackHigh: UInt64 = 0
nonisolated(unsafe) var guestAuxiliary: UInt64 = 0
nonisolated(unsafe) var guestAuxiliaryLength: UInt64 = 0
/// Values of RECAST_EXE, RECAST_PATH, RECAST_RUNNER and RECAST_EXEC, and AT_EXECFN; 0: not given.
nonisolated(unsafe) var guestExecutable: UInt64 = 0
nonisolated(unsafe) var artifactPath: UInt64 = 0
nonisolated(unsafe) var runner: UInt64 = 0
nonisolated(unsafe) var runTimeProgram: UInt64 = 0
nonisolated(unsafe) var hostExecName: UInt64 = 0

/// Makes the process ready: thread state, host signal handlers, guest stack; sets all of `vcpu`.
/// `stack` is the host's initial stack. Returns the image in force: `image`, or the one loaded at
/// run time when RECAST_EXEC names a program. Ends the process with a message when it cannot.
public func prepareProcess(
  stack: UnsafeMutablePointer<UInt64>, image: UnsafePointer<GuestImage>,
  vcpu: UnsafeMutablePointer<VCPU>
) -> UnsafePointer<GuestImage> {
  let argc = stack[0]
  let argv = UInt64(UInt(bitPattern: stack)) &+ 8
  let envp = argv &+ 8 &* (argc &+ 1)
  var at = envp
  var envc: UInt64 = 0
  while load64(at) != 0 {
    let variable = load64(at)
    if begins(variable, with: "RECAST_") {
      if begins(variable, with: "RECAST_LOG=") { readLogTopics(variable &+ 11) }
      if begins(variable, with: "RECAST_STATS=") { statisticsFile = variable &+ 13 }
      if begins(variable, with: "RECAST_EXE=") { guestExecutable = variable &+ 11 }
      if begins(variable, with: "RECAST_PATH=") { artifactPath = variable &+ 12 }
      if begins(variable, with: "RECAST_RUNNER=") { runner = variable &+ 14 }
      if begins(variable, with: "RECAST_EXEC=") { runTimeProgram = variable &+ 12 }
    }
    envc &+= 1
    at &+= 8
  }
  let auxiliary = at &+ 8
  var hostAuxiliary = HostAuxiliary()
  hostAuxiliary.read(auxiliary)
  hostPage = hostAuxiliary.pageSize
  hostExecName = hostAuxiliary.execName

  vcpu.initialize(to: VCPU())
  guard let t = makeThread(vcpu, length: Block.stack) else { stop("no memory for the runtime") }
  vcpu.pointee.thread = t.base
  useSignalStack(t)
  startSignals(t)

  processImage = image.pointee
  if runTimeProgram != 0 {
    if processImage.high > processImage.low {
      _ = host(Call.munmap, processImage.low, processImage.high &- processImage.low)
    }
    loadProgram(t, runTimeProgram)
    guestExecutable = runTimeProgram
  }
  breakStart = roundUp(processImage.high, hostPage)
  breakEnd = breakStart

  stackHigh = makeStack(t)
  buildStack(t, argc, argv, envc, envp, hostAuxiliary)
  vcpu.pointee.rip = processImage.entry
  return runTimeProgram == 0 ? image : withUnsafePointer(to: &processImage) { $0 }
}

/// A message and exit status 71 (EX_OSERR).
func stop(_ text: StaticString, _ detail: UInt64 = 0) -> Never {
  say("recast: ")
  if detail != 0 {
    say(string: detail)
    say(": ")
  }
  say(text)
  say("\n")
  while true { _ = host(Call.exit_group, 71) }
}

struct HostAuxiliary {
  var pageSize: UInt64 = 4096
  var clockTicks: UInt64 = 100
  var ids = InlineArray<4, UInt64>(repeating: 0)
  var secure: UInt64 = 0
  var random: UInt64 = 0
  var execName: UInt64 = 0

  mutating func read(_ auxiliary: UInt64) {
    var at = auxiliary
    while load64(at) != 0 {
      let value = load64(at &+ 8)
      switch load64(at) {
      case 6: pageSize = value
      case 17: clockTicks = value
      case 11: ids[0] = value
      case 12: ids[1] = value
      case 13: ids[2] = value
      case 14: ids[3] = value
      case 23: secure = value
      case 25: random = value
      case 31: execName = value
      default: break
      }
      at &+= 16
    }
  }
}

/// Maps the guest's stack with a guard below; its size is the soft limit, within reason.
private func makeStack(_ t: ThreadPointer) -> UInt64 {
  var size: UInt64 = 0x80_0000
  if host(Call.prlimit64, 0, 3, 0, t.scratch) == 0 {
    let limit = load64(t.scratch)
    if limit <= 0x1000_0000 && limit > size { size = roundUp(limit, 0x1_0000) }
    if limit > 0x1000_0000 && limit != UInt64.max { size = 0x1000_0000 }
  }
  let length = size &+ stackGuard
  let hint = hostFacts.kind == 1 ? mappingHint &- length : 0
  let got = host(Call.mmap, hint, length, 3, 0x4022, UInt64.max, 0)
  if got < 0 { stop("no memory for the guest's stack") }
  let base = UInt64(bitPattern: got)
  if base == hint { mappingHint = hint }
  _ = host(Call.mprotect, base, stackGuard, 0)
  stackLow = base &+ stackGuard
  return base &+ length
}

/// From the top: a null word, the program's name, environment and argument strings, platform,
/// random bytes, then the vectors.
private func buildStack(
  _ t: ThreadPointer, _ argc: UInt64, _ argv: UInt64, _ envc: UInt64, _ envp: UInt64,
  _ hostAuxiliary: HostAuxiliary
) {
  var top = stackHigh &- 8
  store64(top, 0)
  func push(_ string: UInt64) -> UInt64 {
    let size = length(string) &+ 1
    if top &- size < stackLow &+ 0x2_0000 { stop("arguments and environment are too long") }
    top &-= size
    _ = hostCopy(top, string, size)
    return top
  }
  let named = runTimeProgram != 0 ? runTimeProgram : hostAuxiliary.execName
  let execName = push(named != 0 ? named : address(of: ""))
  var strings: UInt64 = 0
  var kept: UInt64 = 0
  // The vectors go below the strings, whose total is not known yet: two passes over pointers.
  let vectorRoom = 8 &* (argc &+ envc &+ 4) &+ 16 &* 24
  var n: UInt64 = 0
  while n < envc { strings &+= length(load64(envp &+ 8 &* n)) &+ 1; n &+= 1 }
  n = 0
  while n < argc { strings &+= length(load64(argv &+ 8 &* n)) &+ 1; n &+= 1 }
  if strings &+ vectorRoom &+ 0x2_0000 > top &- stackLow {
    stop("arguments and environment are too long")
  }
  n = 0
  while n < envc {
    if !begins(load64(envp &+ 8 &* n), with: "RECAST_EXEC=") { kept &+= 1 }
    n &+= 1
  }
  let stringsLow = top &- strings
  var low = stringsLow
  low &-= 7
  let platform = low
  _ = hostCopy(platform, address(of: "x86_64"), 7)
  low = (low &- 16) & ~15
  let random = low
  if hostAuxiliary.random != 0 {
    _ = hostCopy(random, hostAuxiliary.random, 16)
  } else {
    _ = host(Call.getrandom, random, 16, 0)
  }
  let pairs: UInt64 = 21
  let words = 1 &+ argc &+ 1 &+ kept &+ 1 &+ 2 &* pairs
  let sp = (low &- 8 &* words) & ~15

  store64(sp, argc)
  var slot = sp &+ 8
  // Argument strings lie below the environment's, each in order, as in a kernel-made stack.
  var string = stringsLow
  func place(_ vector: UInt64, _ count: UInt64, _ skip: Bool) {
    var n: UInt64 = 0
    while n < count {
      let source = load64(vector &+ 8 &* n)
      n &+= 1
      if skip && begins(source, with: "RECAST_EXEC=") { continue }
      let size = length(source) &+ 1
      _ = hostCopy(string, source, size)
      store64(slot, string)
      slot &+= 8
      string &+= size
    }
    store64(slot, 0)
    slot &+= 8
  }
  place(argv, argc, false)
  place(envp, envc, true)

  guestAuxiliary = slot
  func pair(_ key: UInt64, _ value: UInt64) {
    store64(slot, key)
    store64(slot &+ 8, value)
    slot &+= 16
  }
  pair(51, 2048)  // AT_MINSIGSTKSZ
  pair(16, cpuFeatures)
  pair(6, hostAuxiliary.pageSize)
  pair(17, hostAuxiliary.clockTicks)
  pair(3, processImage.programHeaders)
  pair(4, 56)
  pair(5, processImage.programHeaderCount)
  pair(7, 0)
  pair(8, 0)
  pair(9, processImage.entry)
  pair(11, hostAuxiliary.ids[0])
  pair(12, hostAuxiliary.ids[1])
  pair(13, hostAuxiliary.ids[2])
  pair(14, hostAuxiliary.ids[3])
  pair(23, hostAuxiliary.secure)
  pair(25, random)
  pair(26, 0)  // AT_HWCAP2
  pair(31, execName)
  pair(15, platform)
  pair(0, 0)
  guestAuxiliaryLength = slot &- guestAuxiliary
  t.pointee.vcpu.pointee.gpr[4] = sp
}
