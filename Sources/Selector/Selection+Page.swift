// The selection as one page that needs nothing else: no script, no font, no link. Pictures are SVG,
// drawn by Selection+Pictures.swift.
import Commands
import Foundation

extension Selection {
  public var html: String {
    let name = input.fileName
    let command = ([name] + arguments).joined(separator: " ")
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>Where to: \(escaped(name))</title>
      <meta name="viewport" content="width=device-width">
      <style>\(Self.style)</style></head><body>
      <h1>Where should <code>\(escaped(command))</code> run?</h1>
      <p class="answer \(chosen == nil ? "none" : "")">\(escaped(conclusion))</p>
      <p>\(escaped(summary))</p>
      <h2>What each system is worth</h2>
      <p>Resource value V = E − (λ₁·C + λ₂·M + λ₃·S), with λ = \(weights.cpu), \(weights.memory),
      \(weights.storage). The bar is efficiency E; what occupancy takes off is hatched from its end, and
      the mark is V. Above \(thresholds.upper) the flow is static, from \(thresholds.lower) dynamic.</p>
      \(valueBars)
      \(table)
      <h2>Slice by slice</h2>
      <p>t2/t1 of every slice on every system, on a logarithmic scale: left of 1 the translation is
      faster than the original on the source machine.</p>
      \(dotPlot)
      <h2>What the slices stand for</h2>
      \(coverageBar)
      <h2>How it was decided</h2>
      \(decisionPath)
      \(notes)
      <footer>\(escaped(recast)) · \(escaped(input))</footer>
      </body></html>

      """
  }

  private var summary: String {
    let measured = systems.filter { $0.value != nil }.count
    let all = stages.values.reduce(0, +)
    let count = slices.slices.count
    return "\(measured) of \(systems.count) systems measured with "
      + (count == 1 ? "one slice, which stands" : "\(count) slices, which stand")
      + String(
        format: " for %.1f %% of %.2f s of processor time. The selection took %.0f s.",
        100 * slices.coverage, slices.processorSeconds, all)
  }

  private var table: String {
    func cell(_ value: Double?, _ digits: Int) -> String {
      value.map { String(format: "%.\(digits)f", $0) } ?? "–"
    }
    let rows = systems.map { system in
      let isChosen = system.name == chosen
      let basis = system.basis == .instructions ? "instructions" : "times"
      let cells = [
        cell(system.ratio, 2),
        system.efficiency == nil ? "–" : cell(system.efficiency, 3) + " ± " + cell(system.efficiencySpread, 3),
        cell(system.occupancy?.cpu, 2), cell(system.occupancy?.memory, 2),
        cell(system.occupancy?.storage, 2), cell(system.value, 3),
        (isChosen ? flow : system.flow)?.rawValue ?? "–",
        isChosen ? cell(translationEfficiency, 3) : "", basis,
      ]
      return "<tr\(isChosen ? " class=\"chosen\"" : "")><th>\(escaped(system.name))<small>"
        + "\(escaped(system.target))</small></th>"
        + cells.map { "<td>\($0)</td>" }.joined()
        + "<td class=\"words\">\(escaped(system.verdict))</td></tr>"
    }
    let head = ["system", "t2/t1", "E", "C", "M", "S", "V", "flow", "T/C", "basis", "verdict"]
    return "<div class=\"scroll\"><table><tr>" + head.map { "<th>\($0)</th>" }.joined() + "</tr>"
      + rows.joined() + "</table></div>"
      + (systems.contains { $0.basis == .instructions }
        ? "<p class=\"quiet\">Basis “instructions”: the system is emulated, so t2 is not a time but t1 "
          + "times the instructions that the translation executes over those of the original.</p>"
        : "")
  }

  private var decisionPath: String {
    var items: [String] = []
    let best = systems.first { $0.value != nil }
    if let best {
      let by = isPerCost ? "V over cost" : "V"
      items.append(
        "<li><b>Step 4</b> the largest \(by): \(escaped(best.name)), V "
          + String(format: "%.3f", best.value!) + "</li>")
    }
    for step in steps {
      let place =
        step.system.isEmpty ? "" : "\(step.system), \(step.flow?.rawValue ?? "") flow, try \(step.round)"
      let share = step.translationEfficiency.map { String(format: " · T/C = %.3f", $0) } ?? ""
      items.append("<li><b>Step 5</b> \(escaped(place))\(share)<br>\(escaped(step.outcome))</li>")
    }
    let end = chosen == nil ? "end none" : "end"
    items.append("<li class=\"\(end)\">\(escaped(conclusion))</li>")
    return "<ol class=\"path\">\(items.joined())</ol>"
  }

  private var notes: String {
    if slices.notes.isEmpty { return "" }
    let items = slices.notes.map { "<li>\(escaped($0))</li>" }.joined()
    return "<h2>Left out of the slices</h2><ul class=\"quiet\">\(items)</ul>"
  }

  func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;")
      .replacingOccurrences(of: "<", with: "&lt;").replacingOccurrences(of: ">", with: "&gt;")
      .replacingOccurrences(of: "\"", with: "&quot;")
  }

  /// One colour per system, of a palette that colour-blind people can tell apart (Okabe and Ito).
  static let colours = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#7a6f00", "#555",
  ]

  private static let style = """
    :root { --ink: #1b1f24; --quiet: #667; --line: #d8dce2; --paper: #fff; --band: #f4f6f9;
      --good: #0a7d4f; --bad: #b3261e }
    @media (prefers-color-scheme: dark) { :root { --ink: #e4e7eb; --quiet: #99a; --line: #3a4048;
      --paper: #15181c; --band: #1e2228; --good: #4cc38a; --bad: #ff8a80 } }
    body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
      max-width: 66em; margin: 2em auto; padding: 0 1.2em }
    h1 { font-size: 1.6em; margin-bottom: .3em } h2 { font-size: 1.15em; margin: 2em 0 .3em }
    code { font-family: ui-monospace, monospace; font-size: .92em }
    .answer { font-size: 1.25em; font-weight: 600; color: var(--good); margin: .2em 0 }
    .answer.none { color: var(--bad) } .quiet, footer { color: var(--quiet); font-size: .88em }
    footer { margin-top: 3em; border-top: 1px solid var(--line); padding-top: .6em }
    svg { width: 100%; height: auto; display: block; margin: .6em 0 } svg text { fill: var(--ink);
      font: 13px system-ui, sans-serif } svg .quiet { fill: var(--quiet); font-size: 12px }
    svg .axis { stroke: var(--line) } svg .limit { stroke: var(--quiet); stroke-dasharray: 4 4 }
    svg .mark { stroke: var(--ink); stroke-width: 3 } svg .band { fill: var(--band) }
    .scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .9em }
    td, th { padding: .35em .7em .35em 0; border-bottom: 1px solid var(--line); text-align: right;
      vertical-align: top; white-space: nowrap } th:first-child, th:last-child,
      td.words { text-align: left } th:last-child { padding-left: .6em }
    td.words { white-space: normal; min-width: 14em; padding-left: .6em }
    th small { display: block; font-weight: 400; color: var(--quiet) }
    tr.chosen th:first-child { color: var(--good) } tr.chosen { background: var(--band) }
    ol.path { list-style: none; padding: 0; margin: .6em 0 }
    ol.path li { border-left: 3px solid var(--line); padding: .35em 0 .35em 1.1em; margin-left: .5em;
      position: relative } ol.path li::before { content: ""; position: absolute; left: -.5em;
      top: .75em; width: .8em; height: .8em; border-radius: 50%; background: var(--line) }
    ol.path li.end { font-weight: 600 } ol.path li.end::before { background: var(--good) }
    ol.path li.end.none::before { background: var(--bad) }
    """
}
