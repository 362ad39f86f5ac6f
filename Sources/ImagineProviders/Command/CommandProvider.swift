public import ImagineAPI
import ImagineSystem
import MediaFiles

/// Programs of the user's, without a shell.
///
/// A program that could not be started costs nothing. Its image is believed if it is complete and
/// the program ended with status 0; the path is journaled then, so that it is kept if the host dies
/// before it is stored.
public struct CommandProvider: Provider {
  public let profile: ProviderProfile
  private let service: CommandService
  private let environment: [String: String]
  private let memory: UInt64?
  private let folder: String

  /// - Parameters:
  ///   - environment: that of the programs; its PATH finds them.
  ///   - memory: the limit of a program's address space in bytes; nil for none.
  ///   - folder: where programs write their images.
  public init(
    name: String, service: CommandService, environment: [String: String], memory: UInt64? = nil,
    folder: String, prices: PriceList = .free
  ) {
    profile = ProviderProfile(
      name: name, kind: ProviderKind.command.rawValue, operations: service.operations,
      prices: prices)
    self.service = service
    self.environment = environment
    self.memory = memory
    self.folder = folder
  }

  public func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    let files = try CommandFiles(in: folder)
    var isFinished = false
    defer { files.remove(keepsOutput: isFinished) }
    var paths: [CommandService.Placeholder: String] = [.output: files.output]
    for placeholder in [CommandService.Placeholder.image, .mask] {
      guard let image = context.images(placeholder.rawValue, of: request).first else { continue }
      paths[placeholder] = try files.write(
        image.content(from: context.store, field: placeholder.rawValue), placeholder.rawValue)
    }
    let words = try service.commandLine(of: request, paths: paths)
    guard
      let program = words.first.flatMap({
        CommandProcess.path(of: $0, inPATH: environment["PATH"])
      })
    else {
      throw ImagineError(
        .io, "the program '\(words.first ?? "")' is not in a folder of PATH",
        endpoint: request.operation.name)
    }
    let seconds = context.options.timeout ?? StandardTimeout.slowAttempt
    let process = CommandProcess(
      program: program, arguments: Array(words.dropFirst()), environment: environment,
      memory: memory)
    let (end, errors) = try await process.run(
      by: context.options.deadline ?? Deadline(in: seconds))
    if let fault = Self.fault(of: program, end, errors, seconds) { throw fault }
    let image = try files.image(of: program)
    try await context.observer?.wasAnswered(at: [files.output], price: nil, usage: [:])
    isFinished = true
    return .finished(Answer([Output(asset: try await context.store.store(image))]))
  }

  private static func fault(
    of program: String, _ end: CommandProcess.End, _ errors: String, _ seconds: Double
  ) -> ImagineError? {
    let words = errors.isEmpty ? "" : ": \(errors)"
    switch end {
    case .exited(0): return nil
    case .exited(let status):
      return ImagineError(
        .server, "\(program) ended with status \(status)\(words)", charged: .unknown)
    case .killed(let signal):
      return ImagineError(
        .server, "\(program) was killed by signal \(signal)\(words)", charged: .unknown)
    case .timedOut:
      return ImagineError(
        .timeout, "\(program) did not end within \(seconds) seconds\(words)", charged: .unknown)
    }
  }

  /// Stores an image that a program had written before the host died.
  public func download(_ address: String, _ context: CallContext) async throws -> Asset {
    guard CommandFiles.isOutput(address, in: folder) else {
      throw ImagineError(.badResponse, "a program cannot have written \(address)")
    }
    let asset = try await context.store.store(try FileReader(FilePath(address)).all())
    guard asset.header != nil else {
      throw ImagineError(.badResponse, "\(address) is not an image", charged: .unknown)
    }
    return asset
  }
}
