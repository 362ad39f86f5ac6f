import ArgumentParser
import ImagineAPI
import ImagineRuns
import ImagineScripting
import MediaFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `imagine rerun`: generates an image again from its metadata.
struct RerunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine rerun",
    abstract: "Generates an image again from the request in its file.",
    discussion: """
      The provider must be known on this machine by its name, and input images come from the \
      asset store by their SHA-256. No address and no path is taken from the image.

        imagine rerun cat.png -o night.png --set "prompt=a cat at night" --set seed=
      """)

  @ArgumentParser.Argument(help: "A PNG, JPEG or WebP that imagine saved.") var image: FilePath
  @Option(name: .shortAndLong, help: "Where to save the new image; - is standard output.")
  var output: FilePath
  @Option(help: "Use this provider instead of the one that the image names.")
  var provider: String?
  @Option(
    name: .customLong("set"), parsing: .unconditionalSingleValue,
    help: "Change a field: NAME=VALUE; NAME= leaves it out; extra.NAME=VALUE. May be repeated.")
  var changes: [FieldChange] = []
  @Option(help: "Spend at most 200 (tokens), 2.5USD, ….") var budget: String?
  @Flag(help: "Allow a call without a known price under a budget.") var allowUnpriced = false
  @Flag(help: "Print a JSON object in place of the path.") var json = false
  @Flag(help: "Replace the output if it exists.") var force = false
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

  func run() async throws {
    var options = RunOptions()
    if let budget { options.budget = try Budget.Limit(amount: budget, field: "--budget") }
    options.allowsUnpriced = allowUnpriced
    let host = Program.makeHost(run: options)
    defer { host.close() }
    guard var metadata = try host.provenance(ofImage: image).metadata else {
      throw ImagineError(.validation, "\(image) contains no request of imagine's")
    }
    for change in changes { change.apply(to: &metadata.request) }
    let isStream = output.description == "-"
    let output = isStream ? FilePath("/dev/stdout") : output
    let request = try host.rerunRequest(for: metadata, provider: provider)
    guard try force || host.mayWrite(output) else {
      throw ImagineError(.io, "\(output) exists; --force replaces it")
    }
    printRequest(request)
    guard try isConfirmed() else {
      Notice.write("nothing was sent")
      throw ExitCode.failure
    }
    try await host.rerun(request, to: output, replacing: force)
    host.reportEngineUse()
    if isStream { return }
    guard json else { return try Output.line(output.description) }
    try JSONOutput.print([
      "path": output.description, "operation": request.request.operation,
      "provider": request.provider,
    ])
  }

  /// On stderr: stdout contains only the new file's name.
  private func printRequest(_ request: RerunRequest) {
    for line in MetadataListing(request.request).lines { Notice.writeRaw("\(line)\n") }
    if !request.omitted.isEmpty {
      let names = request.omitted.map { "extra.\($0)" }.joined(separator: ", ")
      Notice.write("not in the image, so not sent: \(names)".printable)
    }
    let price = request.price?.description ?? "unknown price"
    Notice.writeRaw("provider\t\(request.provider.printable), \(price)\n")
  }

  private func isConfirmed() throws -> Bool {
    if yes { return true }
    guard isatty(STDIN_FILENO) == 1 else {
      throw ValidationError("there is no terminal to ask on: add --yes to skip the question")
    }
    Notice.writeRaw("Generate it again? [y/N] ")
    return ["y", "yes"].contains(readLine()?.lowercased())
  }
}

/// A field of a request and its new value.
struct FieldChange: ExpressibleByArgument {
  let name: String
  /// Empty to leave the field out.
  let value: String

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else { return nil }
    (name, value) = (String(parts[0]).fieldName, String(parts[1]))
  }

  /// The request is checked where it is prepared.
  func apply(to request: inout RequestDescription) {
    guard name.hasPrefix(Self.extra) else {
      request.images[name] = value.isEmpty ? nil : request.images[name]
      request.fields[name] = value.isEmpty ? nil : .text(value)
      return
    }
    let name = String(name.dropFirst(Self.extra.count))
    request.extra[name] =
      value.isEmpty ? nil : (try? Value(json: Array(value.utf8), name: name)) ?? .text(value)
  }

  private static let extra = "\(CallField.extra.name)."
}
