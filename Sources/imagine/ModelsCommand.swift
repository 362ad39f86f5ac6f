import ArgumentParser
import ImagineScripting

/// `imagine models`: what providers have names of.
struct ModelsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine models",
    abstract: "Lists the models, samplers, schedulers, upscalers and styles of providers.",
    discussion: """
      Asks the provider, which costs nothing. Completion at the prompt and `imagine describe
      --types` know the names from then on. Without a name it asks the default provider and those
      of config.toml.
      """)

  @ArgumentParser.Argument(help: "The name of a provider.") var provider: String?
  @Option(help: "Only the names for this field, such as model or sampler.") var field: String?
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let host = Program.makeHost(provider: provider)
    defer { host.close() }
    var names: [ListedNames] = []
    var hasFailed = false
    for name in try provider.map({ [$0] }) ?? host.listedProviders() {
      do {
        names += try await host.listNames(of: name).filter { field == nil || $0.field == field }
      } catch let error as ImagineError {
        Notice.write("\(name): \(error)".printable)
        hasFailed = true
      }
    }
    if json {
      try JSONOutput.print(names)
    } else {
      var listing = Listing("PROVIDER", "FIELD", "NAME")
      for name in names {
        listing.add(.text(name.provider), .text(name.field), .text(name.name))
      }
      try listing.print()
    }
    if hasFailed { throw ExitCode.failure }
  }
}
