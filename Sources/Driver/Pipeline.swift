/// The pipeline on one page: input, image, discovery, translation, code generation, link.

/// Makes `options.outputs`; either all of them or none.
public func build(_ options: BuildOptions, progress: Progress) throws(BuildError) -> BuildReport {
  _ = try readInput(options.input)
  throw .unsupported(options.input, "this build of recast has no translator")
}

/// Tells what the program is; with `function` (a name or 0x address), that function's blocks too.
public func inspect(
  _ input: String, function: String?, progress: Progress
) throws(BuildError) -> InspectReport {
  _ = try readInput(input)
  throw .unsupported(input, "this build of recast has no discovery")
}
