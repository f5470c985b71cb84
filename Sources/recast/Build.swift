import ArgumentParser
import Commands
import Driver
import Foundation

struct Build: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make one executable per target.",
    discussion: "Same input, options and build of recast: the same bytes.")

  @Argument(
    help: "A static x86-64 Linux executable.", completion: .file())
  var input: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("A target to emit for; may be repeated.", valueName: "triple"),
    completion: .list(Target.all.map(\.triple)))
  var target: [String] = []

  @Option(
    name: .shortAndLong,
    help: "The artifact's path, with one target (default: INPUT's name and the architecture).",
    completion: .file())
  var output: String?

  @Option(help: "Where artifacts go, as NAME.ARCHITECTURE.", completion: .directory)
  var outDir: String?

  @OptionGroup var translation: TranslationOptions

  @Option(help: "Write what was found and made: FILE.json or FILE.html.", completion: .file())
  var report: String?

  @Option(
    name: .customLong("keep-ir"), help: "Keep LLVM's modules as text in this directory.",
    completion: .directory)
  var keepIR: String?

  @Flag(help: "Keep the names of translated functions in the artifact.")
  var symbols = false

  @Option(
    help: ArgumentHelp(
      "Where objects of earlier builds are kept (default: $XDG_CACHE_HOME/recast or ~/.cache/recast).",
      valueName: "folder"), completion: .directory)
  var cache: String?

  @Option(help: ArgumentHelp("Forget the oldest objects above this size.", valueName: "MiB"))
  var cacheLimit = 1024

  @Flag(help: "Translate every function anew, and keep no objects.")
  var noCache = false

  @Flag(help: "Print the report as JSON on standard output.")
  var json = false

  func validate() throws {
    if target.isEmpty { throw ValidationError("name at least one --target (see recast targets)") }
    if output != nil && (target.count > 1 || outDir != nil) {
      throw ValidationError("-o goes with one --target and without --out-dir; use --out-dir")
    }
    if let report, !report.hasSuffix(".json") && !report.hasSuffix(".html") {
      throw ValidationError("--report must end in .json or .html")
    }
    if noCache && cache != nil { throw ValidationError("--cache and --no-cache exclude each other") }
    if cache == "" { throw ValidationError("--cache needs the path of a directory") }
    if !(0...1 << 24).contains(cacheLimit) {
      throw ValidationError("--cache-limit must be from 0 to 16777216")
    }
  }

  func run() throws {
    try reporting { () throws(BuildError) in
      let options = try self.options()
      // A report that cannot be written must not cost a build.
      let progress = Progress(quiet: json)
      let result: BuildReport
      if let report {
        let file = try OutputFile(report)
        result = try build(options, progress: progress)
        try file.write(report.hasSuffix(".html") ? result.html() : result.json())
        try file.commit(executable: false)
      } else {
        result = try build(options, progress: progress)
      }
      progress.finish()
      if json { recast.output(result.json()) }
    }
  }

  private func options() throws(BuildError) -> BuildOptions {
    var options = translation.options(input: input)
    options.symbols = symbols
    options.keepIR = keepIR
    options.cacheLimit = cacheLimit
    if let cache { try makeFolder(cache) }
    options.cacheFolder = noCache ? nil : cache ?? Cache.defaultFolder
    var seen = Set<Target>()
    let name = input.fileName
    for text in target {
      let target = try Target(parsing: text)
      if !seen.insert(target).inserted { continue }
      let file = "\(name).\(target.architecture)"
      let path = output ?? (outDir.map { "\($0)/\(file)" } ?? file)
      options.outputs.append(.init(target: target, path: path))
    }
    if let outDir { try makeFolder(outDir) }
    return options
  }
}

private func makeFolder(_ path: String) throws(BuildError) {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw BuildError(
      .cannotCreate, path, "the directory cannot be made",
      remedy: "choose a place you may write to")
  }
}
