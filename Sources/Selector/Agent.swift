// How much of a system is taken: a shell script that goes there with every request, so that nothing
// has to be installed. It reads /proc/stat twice, /proc/meminfo, and asks df about one folder.

package struct AgentReport: Equatable {
  package var occupancy: Occupancy
  /// Of this boot of this machine: systems that share it are one machine.
  package var boot: String
  package var machine: String

  /// `$1` is the folder that programs go to.
  package static let script = """
    folder=${1:-${TMPDIR:-/tmp}}
    look() {
      read -r name user nice system idle wait irq soft steal rest < /proc/stat || exit 71
      busy=$((user + nice + system + irq + soft + ${steal:-0}))
      all=$((busy + idle + ${wait:-0}))
    }
    echo recast-agent 1
    echo machine $(uname -m)
    read -r boot < /proc/sys/kernel/random/boot_id || boot=none
    echo boot $boot
    look; busy0=$busy all0=$all
    sleep 1
    look
    echo cpu $((busy - busy0)) $((all - all0))
    while read -r key value unit; do
      case $key in
        MemTotal:) total=$value ;;
        MemAvailable:) free=$value ;;
      esac
    done < /proc/meminfo
    echo memory $((total - free)) $total
    set -- $(df -Pk "$folder" | tail -n 1)
    echo storage $3 $(($3 + $4))
    echo end

    """

  /// nil: nonsense, or only a part.
  package init?(_ text: String) {
    var values: [String: [Substring]] = [:]
    let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
    guard lines.first?.first == "recast-agent", lines.last?.first == "end" else { return nil }
    for line in lines { values[String(line[0])] = Array(line.dropFirst()) }
    func share(_ name: String) -> Double? {
      guard let parts = values[name], parts.count == 2, let used = Double(parts[0]),
        let all = Double(parts[1]), used >= 0, all > 0, used <= all
      else { return nil }
      return used / all
    }
    guard let cpu = share("cpu"), let memory = share("memory"), let storage = share("storage"),
      let boot = values["boot"]?.first, let machine = values["machine"]?.first,
      let occupancy = try? Occupancy(cpu: cpu, memory: memory, storage: storage)
    else { return nil }
    self.occupancy = occupancy
    self.boot = String(boot)
    self.machine = String(machine)
  }
}
