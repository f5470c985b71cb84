import Foundation

extension Selection {
  private func colour(_ number: Int) -> String {
    Self.colours[number % Self.colours.count]
  }
  /// Colours stay with systems by name, whatever the rank.
  private func colour(of system: SystemResult) -> String {
    colour(systems.map(\.name).sorted().firstIndex(of: system.name) ?? 0)
  }
  private func n(_ value: Double) -> String { String(format: "%.1f", value) }
  private func shorten(_ text: String, _ count: Int) -> String {
    text.count <= count ? text : String(text.prefix(count - 1)) + "…"
  }

  /// E as a bar, what occupancy takes off as hatched parts from its end, V as a mark.
  var valueBars: String {
    let left = 190.0
    let width = 1000.0
    let row = 46.0
    let values = systems.compactMap(\.value) + systems.compactMap(\.efficiency)
    // A hopeless system must not flatten the others.
    let low = max(-2, min(thresholds.lower, 0, values.min() ?? 0)) - 0.05
    let high = min(4, max(thresholds.upper, values.max() ?? 1)) + 0.1
    func x(_ value: Double) -> Double {
      left + (min(max(value, low), high) - low) / (high - low) * (width - left - 20)
    }
    let height = row * Double(systems.count) + 44
    var body = """
      <defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"
      patternTransform="rotate(45)"><rect width="6" height="6" fill="var(--paper)"
      opacity=".55"/><line x1="0" y1="0" x2="0" y2="6" stroke="var(--ink)" stroke-width="1.6"
      opacity=".55"/></pattern></defs>
      """
    for (value, name) in [(thresholds.lower, "lower"), (thresholds.upper, "upper")] {
      body += "<line class=\"limit\" x1=\"\(n(x(value)))\" x2=\"\(n(x(value)))\" y1=\"8\" "
        + "y2=\"\(n(height - 30))\"/><text class=\"quiet\" text-anchor=\"middle\" x=\"\(n(x(value)))\" "
        + "y=\"\(n(height - 14))\">\(value < low ? "← " : "")\(name) \(value)"
        + "\(value > high ? " →" : "")</text>"
    }
    for (number, system) in systems.enumerated() {
      let y = 12 + row * Double(number)
      let weight = system.name == chosen ? " font-weight=\"700\"" : ""
      body += "<text x=\"0\" y=\"\(n(y + 20))\"\(weight)>\(escaped(shorten(system.name, 24)))</text>"
      guard let efficiency = system.efficiency, let value = system.value,
        let occupancy = system.occupancy
      else {
        body += "<text class=\"quiet\" x=\"\(n(left))\" y=\"\(n(y + 20))\">"
          + "\(escaped(shorten(system.verdict, 105)))</text>"
        continue
      }
      body += bar(x(0), x(efficiency), y + 4, 24, colour(of: system))
      var end = efficiency
      for (letter, part) in [
        ("C", weights.cpu * occupancy.cpu), ("M", weights.memory * occupancy.memory),
        ("S", weights.storage * occupancy.storage),
      ] where part > 0 {
        body += bar(x(end - part), x(end), y + 4, 24, "url(#hatch)")
        if x(end) - x(end - part) > 14 {
          body += "<text text-anchor=\"middle\" x=\"\(n((x(end) + x(end - part)) / 2))\" "
            + "y=\"\(n(y + 21))\" font-weight=\"700\" stroke=\"var(--paper)\" stroke-width=\"3\" "
            + "paint-order=\"stroke\">\(letter)</text>"
        }
        end -= part
      }
      let place = x(value)
      body += "<line class=\"mark\" x1=\"\(n(place))\" x2=\"\(n(place))\" y1=\"\(n(y))\" "
        + "y2=\"\(n(y + 32))\"/><text x=\"\(n(max(place, x(efficiency), x(0)) + 8))\" y=\"\(n(y + 21))\">V "
        + String(format: "%.2f", value) + (value < low ? " (off the scale)" : "") + "</text>"
    }
    return svg(width + 90, height, body, "Resource value by system")
  }

  private func bar(_ a: Double, _ b: Double, _ y: Double, _ height: Double, _ fill: String) -> String {
    "<rect x=\"\(n(min(a, b)))\" y=\"\(n(y))\" width=\"\(n(abs(b - a)))\" height=\"\(n(height))\" "
      + "fill=\"\(fill)\"/>"
  }

  /// One row for each slice, one dot for each system, at t2/t1.
  var dotPlot: String {
    let left = 260.0
    let width = 1000.0
    let row = 26.0
    let shown = systems.filter { $0.value != nil }
    var ratios: [Double] = [1]
    for system in shown {
      for (slice, time) in zip(slices.slices, system.t2) {
        if let time { ratios.append(time.nanoseconds / slice.t1.nanoseconds) }
      }
    }
    let low = log2(ratios.min()!) - 0.3
    let high = log2(ratios.max()!) + 0.3
    func x(_ ratio: Double) -> Double {
      left + (log2(ratio) - low) / (high - low) * (width - left - 20)
    }
    let height = row * Double(slices.slices.count) + 78
    var body = ""
    for number in stride(from: 0, to: slices.slices.count, by: 2) {
      body += "<rect class=\"band\" x=\"0\" y=\"\(n(44 + row * (Double(number) - 0.5)))\" "
        + "width=\"\(n(width))\" height=\"\(n(row))\"/>"
    }
    for power in Int(low.rounded(.up))...max(Int(low.rounded(.up)), Int(high.rounded(.down))) {
      let ratio = exp2(Double(power))
      let label = power < 0 ? "1/\(1 << -power)" : "\(1 << power)"
      body += "<line class=\"\(power == 0 ? "limit" : "axis")\" x1=\"\(n(x(ratio)))\" "
        + "x2=\"\(n(x(ratio)))\" y1=\"30\" y2=\"\(n(height - 40))\"/><text class=\"quiet\" "
        + "text-anchor=\"middle\" x=\"\(n(x(ratio)))\" y=\"\(n(height - 22))\">\(label)</text>"
    }
    var place = left
    for system in shown {
      body += "<circle cx=\"\(n(place))\" cy=\"12\" r=\"6\" fill=\"\(colour(of: system))\"/>"
        + "<text x=\"\(n(place + 11))\" y=\"17\">\(escaped(system.name))</text>"
      place += 40 + 7.6 * Double(system.name.count)
    }
    for (number, slice) in slices.slices.enumerated() {
      let y = 44 + row * Double(number)
      let region = slices.regions[slice.region]
      let share = String(format: "%.1f %%", 100 * region.weight * slice.share)
      let time = String(format: "%.0f µs", slice.t1.nanoseconds / 1000)
      body += "<text x=\"4\" y=\"\(n(y + 5))\">\(escaped(shorten(region.name, 18)))</text>"
        + "<text class=\"quiet\" text-anchor=\"end\" x=\"\(n(left - 14))\" y=\"\(n(y + 5))\">"
        + "\(share), \(time)</text>"
      for system in shown where number < system.t2.count {
        guard let time = system.t2[number] else { continue }
        let ratio = time.nanoseconds / slice.t1.nanoseconds
        body += "<circle cx=\"\(n(x(ratio)))\" cy=\"\(n(y))\" r=\"6\" fill=\"\(colour(of: system))\" "
          + "opacity=\".9\"><title>\(escaped(system.name)): \(String(format: "%.2f", ratio))</title>"
          + "</circle>"
      }
    }
    body += "<text class=\"quiet\" text-anchor=\"middle\" x=\"\(n((left + width) / 2))\" "
      + "y=\"\(n(height - 4))\">t2 / t1</text>"
    return svg(width, height, body, "Ratio of times by slice and system")
  }

  /// The run's time, by the regions that stand for it.
  var coverageBar: String {
    let width = 1000.0
    var body = ""
    var place = 0.0
    var legend = 0.0
    var line = 62.0
    for (number, region) in slices.regions.enumerated() where region.weight > 0 {
      body += bar(place, place + width * region.weight, 6, 30, colour(number))
      let label = String(format: "%@ %.1f %%", shorten(region.name, 30), 100 * region.weight)
      if legend + 40 + 7.4 * Double(label.count) > width { (legend, line) = (0, line + 24) }
      body += "<rect x=\"\(n(legend))\" y=\"\(n(line - 11))\" width=\"12\" height=\"12\" "
        + "fill=\"\(colour(number))\"/><text x=\"\(n(legend + 18))\" y=\"\(n(line))\">\(escaped(label))</text>"
      legend += 44 + 7.4 * Double(label.count)
      place += width * region.weight
    }
    let rest = max(0, 1 - slices.coverage)
    body += "<rect class=\"band\" x=\"\(n(place))\" y=\"6\" width=\"\(n(max(0, width - place)))\" "
      + "height=\"30\"/>"
    let label = String(format: "not covered %.1f %%", 100 * rest)
    body += "<text class=\"quiet\" text-anchor=\"end\" x=\"\(n(width))\" y=\"\(n(line + 24))\">"
      + "\(label)</text>"
    return svg(width, line + 32, body, "What the slices stand for")
  }

  private func svg(_ width: Double, _ height: Double, _ body: String, _ title: String) -> String {
    "<svg viewBox=\"0 0 \(n(width)) \(n(height))\" role=\"img\" aria-label=\"\(escaped(title))\">"
      + "\(body)</svg>"
  }
}
