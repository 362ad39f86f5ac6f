/// A service that draws pictures and films, as the host sees it.
///
/// For example:
///
/// ```swift
/// let request = try Operation.generate.request(from: ["prompt": .text("a cat")], by: .script)
/// let asset = try await provider.draw(request, into: store)
/// ```
///
/// Every function throws ``ImagineError``.
public protocol Provider: Sendable {
  /// The name that scripts, the configuration and the journal know it by.
  var name: String { get }

  /// Why the provider cannot do a request; nil where it can.
  func refusal(of request: Request) -> ImagineError?

  /// Sends an operation that answers with a picture, and stores the answer.
  func draw(_ request: Request, into store: any AssetStore) async throws -> Asset

  /// Sends an operation that answers with a job.
  func submit(_ request: Request) async throws -> JobStatus

  /// Asks for a job.
  func status(of job: String) async throws -> JobStatus

  /// Deletes a job and its video.
  func delete(job: String) async throws

  /// Fetches a file that a job's status names, by the address it gives.
  func download(_ address: String, into store: any AssetStore) async throws -> Asset
}

/// Changes the format or size of a picture: the private local server's `/x/convert`.
public protocol PictureConverter: Sendable {
  func convert(_ asset: Asset, to conversion: Conversion, into store: any AssetStore) async throws
    -> Asset
}
