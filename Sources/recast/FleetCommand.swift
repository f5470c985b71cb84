import ArgumentParser
import Commands
import Driver
import Foundation
import Selector

struct FleetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet", abstract: "Write or check a fleet file.",
    subcommands: [Init.self, Check.self])

  struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a fleet file for what this machine can reach, and a JSON schema beside it.")

    @Argument(help: "The file.", completion: .file())
    var path: String = "fleet.yaml"

    func run() throws {
      try reporting { () throws(BuildError) in
        let systems = Target.all.compactMap { target -> Fleet.System? in
          switch target.execution {
          case .native: return Fleet.System(name: "local", target: target.triple, run: .local)
          case .emulator(let command):
            return Fleet.System(
              name: "qemu-\(target.architecture)", target: target.triple,
              run: .qemu([command.fileName]))
          case .none: return nil
          }
        }
        let name = path.fileName.withoutExtension
        let folder = path.folder
        let schema = "\(name).schema.json"
        if access(path, F_OK) == 0 {
          throw BuildError(.cannotCreate, path, "is there already", remedy: "name another file")
        }
        let files = [
          (path, Fleet.template(systems, schema: schema)),
          (folder.isEmpty ? schema : "\(folder)/\(schema)", Fleet.schema),
        ]
        for (path, text) in files {
          let file = try OutputFile(path)
          try file.write(Data(text.utf8))
          try file.commit(executable: false)
        }
        output("\(path): \(systems.count) systems\n")
      }
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a fleet file: what it says, not whether its systems answer.")

    @Argument(help: "The file.", completion: .file())
    var path: String = "fleet.yaml"

    func run() throws {
      try reporting { () throws(BuildError) in
        let fleet = try Fleet(path: path)
        for system in fleet.systems {
          output("\(system.name): \(system.target), \(system.run.word)\n")
        }
      }
    }
  }
}
