import ArgumentParser
import ImagineRuns
import ImagineScripting

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
      """)

  @ArgumentParser.Argument(help: "A PNG, JPEG or WebP that imagine saved.") var image: FilePath
  @Option(name: .shortAndLong, help: "Where to save the new image.") var output: FilePath
  @Option(help: "Use this provider instead of the one that the image names.")
  var provider: String?
  @Flag(help: "Replace the output if it exists.") var force = false
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

  func run() async throws {
    let host = Program.makeHost()
    defer { host.close() }
    guard let metadata = try host.provenance(ofImage: image).metadata else {
      throw ImagineError(.validation, "\(image) contains no request of imagine's")
    }
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
    try Output.line(output.description)
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
