import ArgumentParser
import ImagineScripting

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `imagine rerun`: draws a picture again, from what its file tells.
struct RerunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine rerun",
    abstract: "Draws a picture again from the request in its file.",
    discussion: """
      Only a provider that this machine knows by its name is used, and input pictures are taken \
      from the asset store by their SHA-256: no address and no path comes from the picture.
      """)

  @ArgumentParser.Argument(help: "A PNG, JPEG or WebP that imagine saved.") var picture: FilePath
  @Option(name: .shortAndLong, help: "Where to save the new picture.") var output: FilePath
  @Option(help: "Draw with this provider, in place of the one that the picture names.")
  var provider: String?
  @Flag(help: "Replace the output if it exists.") var force = false
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

  func run() async throws {
    let host = Program.makeHost()
    defer { host.close() }
    guard let metadata = try host.provenance(ofPicture: picture).metadata else {
      throw ImagineError(.validation, "\(picture) tells no request of imagine's")
    }
    let redrawing = try host.redrawing(of: metadata, provider: provider)
    guard try force || host.mayWrite(output) else {
      throw ImagineError(.io, "\(output) exists; --force replaces it")
    }
    tell(redrawing)
    guard try isAgreed() else {
      Notice.write("nothing was drawn")
      throw ExitCode.failure
    }
    try await host.draw(redrawing, to: output, replacing: force)
    host.tellWhatWasDrawn()
    try Output.line(output.description)
  }

  /// On stderr, so that the output stays the new file's name.
  private func tell(_ redrawing: Redrawing) {
    for line in Facts(redrawing.request).lines { Notice.writeRaw("\(line)\n") }
    if !redrawing.omitted.isEmpty {
      let names = redrawing.omitted.map { "extra.\($0)" }.joined(separator: ", ")
      Notice.write("not in the picture, and not sent: \(names)".printable)
    }
    let price = redrawing.price?.description ?? "of no known price"
    Notice.writeRaw("provider\t\(redrawing.provider.printable), \(price)\n")
  }

  private func isAgreed() throws -> Bool {
    if yes { return true }
    guard isatty(STDIN_FILENO) == 1 else {
      throw ValidationError("there is no terminal to ask on: add --yes to draw without asking")
    }
    Notice.writeRaw("Draw it again? [y/N] ")
    return ["y", "yes"].contains(readLine()?.lowercased())
  }
}
