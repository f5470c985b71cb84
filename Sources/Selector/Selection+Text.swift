import Foundation

extension Selection {
  /// The table that people see.
  public var text: String {
    func number(_ value: Double?, _ format: String = "%.3f") -> String {
      value.map { String(format: format, $0) } ?? "–"
    }
    var rows = [["system", "t2/t1", "E", "±", "C", "M", "S", "V", "flow", "T/C", "verdict"]]
    for system in systems {
      let isChosen = system.name == chosen
      let mark = system.basis == .instructions ? "*" : ""
      rows.append([
        (isChosen ? "▶ " : "  ") + system.name + mark, number(system.ratio, "%.2f"),
        number(system.efficiency), number(system.efficiencySpread),
        number(system.occupancy?.cpu, "%.2f"), number(system.occupancy?.memory, "%.2f"),
        number(system.occupancy?.storage, "%.2f"), number(system.value),
        isChosen ? flow?.rawValue ?? "–" : system.flow?.rawValue ?? "–",
        isChosen ? number(translationEfficiency) : "", system.verdict,
      ])
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
    var lines = rows.map { row in
      row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        if column == row.count - 1 { return cell }
        return column == 0 || column == 8 ? cell + space : space + cell
      }.joined(separator: "  ")
    }
    if systems.contains(where: { $0.basis == .instructions }) {
      lines.append(
        "* emulated: t2 is t1 times executed instructions over the original's, not a time")
    }
    lines.append(
      String(
        format: "slices stand for %.1f %% of %.2f s; λ %@, %@, %@", 100 * slices.coverage,
        slices.processorSeconds, "\(weights.cpu)", "\(weights.memory)", "\(weights.storage)"))
    for step in steps {
      let place = step.system.isEmpty ? "" : "\(step.system), \(step.flow?.rawValue ?? "") flow: "
      let share = step.translationEfficiency.map { String(format: "T/C %.3f, ", $0) } ?? ""
      lines.append("step 5: \(place)\(share)\(step.outcome)")
    }
    lines.append(conclusion + (artifact.map { " Artifact: \($0)" } ?? ""))
    return lines.joined(separator: "\n") + "\n"
  }
}
