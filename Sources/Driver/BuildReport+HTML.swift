import Foundation

/// The report as one page that needs nothing else: no script, no font, no link.
extension BuildReport {
  public func html() -> Data {
    let program = self.program
    var page = Page(title: "Recast: \(program.input)")

    page.table(
      "Program", ["", ""],
      [
        ["input", program.input], ["kind", program.kind], ["bytes", "\(program.bytes)"],
        ["SHA-256", program.sha256], ["entry", hexadecimal(program.entry)],
        ["options", BuildReport.describe(options)], ["Recast", "\(recast) (\(buildIdentity))"],
      ])
    page.table(
      "Translation", ["measure", "value"],
      [
        ["functions", "\(program.functions)"], ["basic blocks", "\(program.blocks)"],
        ["instructions", "\(program.instructions)"], ["jump tables", "\(program.jumpTables)"],
        [
          "T/C over executable bytes",
          "\(percent(program.translationEfficiency)) of \(program.codeBytes)",
        ],
        [
          "T/C over bytes that FDEs cover",
          "\(percent(program.translationEfficiencyOfFDEs)) of \(program.fdeBytes)",
        ],
        ["wall time", seconds(self.seconds)], ["processor time", seconds(processorSeconds)],
        ["peak memory", "\(peakMemoryKiB / 1024) MiB"],
      ])
    page.table(
      "Artifacts", ["target", "file", "bytes", "SHA-256", "from the cache", "left out by LLVM"],
      artifacts.map {
        [
          $0.target, $0.path, "\($0.bytes)", String($0.sha256.prefix(16)),
          "\($0.reusedShards) of \($0.shards) shards",
          $0.abandoned.isEmpty ? "none" : $0.abandoned.joined(separator: " "),
        ]
      })
    page.table(
      "Stages", ["stage", "time"],
      stages.map { [$0.name, seconds($0.seconds)] }
        + artifacts.flatMap { artifact in
          artifact.stages.map { ["\(artifact.target): \($0.name)", seconds($0.seconds)] }
        })
    page.table(
      "How functions were found", ["evidence", "functions"],
      program.evidence.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        .map { [$0.key, "\($0.value)"] })
    page.table(
      "Instructions without a meaning (SIGILL)", ["mnemonic", "count", "first"],
      program.refused.map { [$0.mnemonic, "\($0.count)", hexadecimal($0.first)] })
    page.table(
      "Left to the interpreter", ["address", "bytes", "function", "reason", "disassembly"],
      program.leftovers.map {
        [
          hexadecimal($0.address), "\($0.bytes)", $0.function, $0.reason,
          $0.disassembly.joined(separator: "\n"),
        ]
      })
    page.table(
      "Decoded otherwise by Capstone", ["readings"], program.disagreements.map { [$0] })
    return page.finish()
  }

  private static func describe(_ options: BuildOptions) -> String {
    guard let first = options.outputs.first else { return "" }
    return options.key(for: first.target).split(separator: " ").dropFirst().joined(separator: " ")
  }

  private func seconds(_ value: Double) -> String { String(format: "%.2f s", value) }
}

private struct Page {
  private var body: String

  init(title: String) {
    let title = Page.escape(title)
    body = """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>\(title)</title>
      <meta name="viewport" content="width=device-width">
      <style>
      body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em;
        color: #1a1a1a; background: #fff; }
      h1 { font-size: 1.5em } h2 { font-size: 1.1em; margin-top: 2em }
      table { border-collapse: collapse; width: 100% }
      th, td { text-align: left; vertical-align: top; padding: .25em .8em .25em 0;
        border-bottom: 1px solid #ddd; white-space: pre-wrap; overflow-wrap: anywhere }
      td:nth-child(n+2) { font-family: ui-monospace, monospace; font-size: 13px }
      @media (prefers-color-scheme: dark) {
        body { color: #ddd; background: #161616 } th, td { border-color: #333 } }
      </style></head><body><h1>\(title)</h1>

      """
  }

  /// Leaves the table out when there is nothing in it.
  mutating func table(_ title: String, _ head: [String], _ rows: [[String]]) {
    if rows.isEmpty { return }
    body += "<h2>\(Page.escape(title))</h2>\n<table>\n"
    if head.contains(where: { !$0.isEmpty }) { body += Page.row(head, cell: "th") }
    for row in rows { body += Page.row(row, cell: "td") }
    body += "</table>\n"
  }

  func finish() -> Data { Data((body + "</body></html>\n").utf8) }

  private static func row(_ cells: [String], cell: String) -> String {
    "<tr>" + cells.map { "<\(cell)>\(escape($0))</\(cell)>" }.joined() + "</tr>\n"
  }

  private static func escape(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;")
      .replacingOccurrences(of: "<", with: "&lt;").replacingOccurrences(of: ">", with: "&gt;")
  }
}
