import Commands
import Foundation
import Testing

import Selector

@Suite struct `An agent's answer` {
  let good = """
    recast-agent 1
    machine x86_64
    boot 1b4e28ba
    cpu 50 200
    memory 300 1000
    storage 10 40
    end
    """

  @Test func `gives shares of what there is`() throws {
    let report = try #require(AgentReport(good))
    #expect(report.occupancy == (try Occupancy(cpu: 0.25, memory: 0.3, storage: 0.25)))
    #expect(report.boot == "1b4e28ba" && report.machine == "x86_64")
  }
  @Test(arguments: [
    ("end", ""), ("recast-agent", "agent"), ("50 200", "300 200"), ("50 200", "0 0"),
    ("50 200", "x y"), ("memory 300 1000\n", ""), ("machine x86_64\n", ""),
  ])
  func `that is nonsense or cut off is none`(what: String, instead: String) {
    #expect(AgentReport(good.replacingOccurrences(of: what, with: instead)) == nil)
  }
  @Test func `comes from this machine`() throws {
    let result = Command.run(["sh", "-c", AgentReport.script], limit: 30)
    #expect(result.isGood)
    #expect(AgentReport(result.text) != nil)
  }
}

@Suite struct `Commands` {
  @Test func `answer output, errors and status`() {
    let result = Command.run(["sh", "-c", "cat; echo no >&2; exit 3"], input: [104, 105], limit: 10)
    #expect(result.text == "hi" && result.status == 3 && !result.isGood)
    #expect(result.complaint == "no (status 3)")
  }
  @Test func `are ended at their limit, with what they started`() {
    let begin = Date()
    let result = Command.run(["sh", "-c", "sleep 100 & sleep 100"], limit: 0.3)
    #expect(result.isLate && !result.isGood)
    #expect(Date().timeIntervalSince(begin) < 5)
  }
  @Test func `with endless output are ended`() {
    let result = Command.run(["yes"], limit: 20, maximumOutput: 1 << 20)
    #expect(result.isTooLong && !result.isLate)
  }
  @Test func `that are not there say so`() {
    #expect(Command.run(["/no/such/program"], limit: 1).status == 127)
  }
  @Test func `that read nothing do not stop the caller`() {
    let result = Command.run(["true"], input: [UInt8](repeating: 0, count: 1 << 22), limit: 10)
    #expect(result.isGood)
  }
}
