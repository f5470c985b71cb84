import Discovery
import Foundation
import Slices

extension BuildError {
  init(slice error: SliceError, _ input: String) {
    switch error.kind {
    case .program: self.init(.data, input, error.description)
    case .unsupported: self = .unsupported(input, error.description)
    case .system: self.init(.osError, input, error.description)
    case .bug: self = .bug(input, error.description)
    }
  }
}

/// Cuts a program's slices: several runs of it, so it must be one that can be repeated.
public func slice(_ options: SliceOptions, progress: Progress) throws(BuildError) -> SliceSet {
  progress.stage("finding code")
  let program = try load(options.input)
  let discovery = Discovery(program)
  do throws(SliceError) {
    return try SliceSet(options, program: program, discovery: discovery) { progress.stage($0) }
  } catch {
    throw BuildError(slice: error, options.input)
  }
}

extension SliceReport {
  public func json() -> Data { encoded(self) }

  public var text: String {
    func share(_ value: Double) -> String { String(format: "%5.1f %%", 100 * value) }
    var lines = [
      "\(input): \(String(format: "%.2f", processorSeconds)) s of processor time, \(samples) samples; "
        + "slices stand for \(share(coverage).trimmingCharacters(in: .whitespaces)) of it"
    ]
    for (number, region) in regions.enumerated() where region.weight > 0 {
      lines.append("\(share(region.weight))  \(region.name), \(region.invocations) calls seen")
      for slice in slices where slice.region == number {
        let t1 = slice.t1
        lines.append(
          String(
            format: "          %12.2f µs ± %4.1f %%  %5d pages  stands for %@, ends: %@",
            t1.nanoseconds / 1000, 100 * t1.spread, slice.pages, share(slice.share), slice.end))
      }
    }
    lines += notes.map { "left out: \($0)" }
    return lines.joined(separator: "\n") + "\n"
  }
}
