import ArgumentParser
import Driver

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what is missing on this machine and what installs it.")

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let doctor = Driver.Doctor()
    if json { output(encoded(doctor)) } else { output(doctor.text) }
    if !doctor.isHealthy { throw ExitCode(BuildError.Kind.unavailable.rawValue) }
  }
}
