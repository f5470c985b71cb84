// recast-fuzz-elf [--seed S] [--first N] [--count N] FILE…
//
// Mutates ELF files, mostly in their headers and tables, and loads and discovers each in this
// process: whatever comes out must be a program or an `ELFError`. Every input depends on the seed
// and its number alone, so `--first N --count 1` repeats one.

import Discovery
import ELF

#if canImport(Glibc)
  import Glibc
#endif

func complain(_ text: String) { _ = write(2, text, text.utf8.count) }

/// SplitMix64 (Steele, Lea, Flood, 2014).
struct Random {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
  mutating func below(_ count: Int) -> Int { count <= 0 ? 0 : Int(next() % UInt64(count)) }
}

struct Seed {
  var bytes: [UInt8]
  /// File ranges worth hitting: headers and tables.
  var targets: [Range<Int>] = []

  init(_ path: String) throws(ELFError) {
    let program = try Program(path: path)
    bytes = program.file
    let headers = 64 + 56 * program.programHeaderCount
    targets = [0..<64, 0..<min(headers, bytes.count)]
    func word(_ offset: Int) -> Int { (0..<8).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }
    for number in 0..<program.programHeaderCount where bytes[64 + 56 * number] != 1 {
      let offset = word(64 + 56 * number + 8)
      let size = word(64 + 56 * number + 32)
      if size > 0, offset + size <= bytes.count { targets.append(offset..<offset + min(size, 8192)) }
    }
    if let first = program.frames.first, first.exceptionTable != 0,
      let segment = program.segment(containing: first.exceptionTable)
    {
      let offset = segment.fileOffset + Int(first.exceptionTable - segment.address)
      if offset < bytes.count { targets.append(offset..<min(bytes.count, offset + 4096)) }
    }
    let sections = word(40)
    if sections > 0, sections < bytes.count { targets.append(sections..<bytes.count) }
    targets.append(0..<bytes.count)
  }
}

let values: [UInt64] = [
  0, 1, 2, 7, 8, 0x38, 0x40, 0xff, 0x1000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
  0x30_0000_0000, 1 << 46, 1 << 47, 1 << 63, .max, .max - 7, .max - 0xfff,
]

func mutate(_ seed: Seed, _ random: inout Random) -> [UInt8] {
  var bytes = seed.bytes
  for _ in 0...random.below(6) {
    let target = seed.targets[random.below(seed.targets.count)]
    let place = target.lowerBound + random.below(target.count)
    guard place < bytes.count else { continue }
    switch random.below(16) {
    case 0: bytes.removeLast(min(bytes.count, random.below(bytes.count)))
    case 1...4: bytes[place] ^= 1 << UInt8(random.below(8))
    case 5...6: bytes[place] = UInt8(truncatingIfNeeded: random.next())
    case 7:
      for n in 0..<min(random.below(64), bytes.count - place) {
        bytes[place + n] = UInt8(truncatingIfNeeded: random.next())
      }
    case 8:
      let from = random.below(bytes.count)
      for n in 0..<min(56, bytes.count - max(place, from)) { bytes[place + n] = bytes[from + n] }
    default:
      let size = [2, 4, 8][random.below(3)]
      var value = values[random.below(values.count)]
      if random.below(4) == 0 { value = UInt64(random.below(2 * bytes.count)) }
      let start = place / size * size
      for n in 0..<size where start + n < bytes.count {
        bytes[start + n] = UInt8(truncatingIfNeeded: value >> UInt64(8 * n))
      }
    }
  }
  return bytes
}

nonisolated(unsafe) var current = 0
for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGALRM] {
  signal(number) { number in
    complain("input \(current): died of signal \(number)\n")
    _exit(70)
  }
}

var seedNumber: UInt64 = 1
var first = 0
var count = 1000
var files: [String] = []
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
  switch argument {
  case "--seed": seedNumber = arguments.popFirst().flatMap { UInt64($0) } ?? 1
  case "--first": first = arguments.popFirst().flatMap { Int($0) } ?? 0
  case "--count": count = arguments.popFirst().flatMap { Int($0) } ?? 1000
  default: files.append(argument)
  }
}
guard !files.isEmpty else {
  complain("usage: recast-fuzz-elf [--seed S] [--first N] [--count N] FILE…\n")
  exit(64)
}

var seeds: [Seed] = []
for file in files {
  do throws(ELFError) { seeds.append(try Seed(file)) } catch {
    complain("\(error)\n")
    exit(error.exitStatus)
  }
}

var accepted = 0
var outcomes: [String: Int] = [:]
var slowest: (Duration, Int) = (.zero, -1)
let clock = ContinuousClock()
for number in first..<first + count {
  current = number
  alarm(20)
  var random = Random(state: seedNumber &* 0x1_0000_0001 &+ UInt64(number))
  let bytes = mutate(seeds[number % seeds.count], &random)
  let time = clock.measure {
    do throws(ELFError) {
      let program = try Program(path: "input", file: bytes)
      _ = Discovery(program, budget: 4_000)
      accepted += 1
    } catch {
      outcomes["\(error.kind)", default: 0] += 1
      if error.kind == .bug { complain("input \(number): \(error)\n") }
    }
  }
  if time > slowest.0 { slowest = (time, number) }
}
alarm(0)
var usage = rusage()
getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
print(
  "\(count) inputs: \(accepted) programs, "
    + outcomes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
)
print("slowest: input \(slowest.1), \(slowest.0); peak memory: \(usage.ru_maxrss / 1024) MiB")
