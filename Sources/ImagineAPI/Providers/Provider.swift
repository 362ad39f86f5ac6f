/// A service that generates images and videos, as the host sees it.
///
/// For example:
///
/// ```swift
/// let request = try MediaOperation.generate.request(
///   from: ["prompt": .text("a cat")], source: .script)
/// let images = try await provider.generate(
///   request, count: 1, options: CallOptions(), into: store)
/// ```
///
/// Every function throws ``ImagineError``.
public protocol Provider: Sendable {
  /// The name in scripts, the configuration and the journal.
  var name: String { get }

  /// The provider's operations, with the fields that it takes.
  var operations: [MediaOperation] { get }

  /// Whether one call may request several images.
  var takesCount: Bool { get }

  /// How often to poll a job.
  var polling: JobPolling { get }

  /// The prices of its calls.
  var prices: PriceList { get }

  /// Whether it calls ``CallObserver/willSend()`` before each send of a billed call. By default it
  /// does not: the host then records the call as sent before it asks the provider, and treats an
  /// error as unbilled only if its `charged` says so.
  var reportsSends: Bool { get }

  /// Sends an operation that answers with an image, and stores the images.
  ///
  /// - Parameter count: how many images; 1 if the provider does not take a count.
  /// - Returns: at least one; fewer than `count` if the service gave fewer.
  func generate(
    _ request: Request, count: Int, options: CallOptions, into store: any MediaSink
  ) async throws -> [GeneratedImage]

  /// Sends an operation that answers with a job.
  func submit(_ request: Request, options: CallOptions) async throws -> JobStatus

  /// Requests the status of a job.
  func status(of job: String, options: CallOptions) async throws -> JobStatus

  /// Deletes a job and its video.
  func delete(job: String) async throws

  /// Downloads a file from an address of a job's status.
  func download(
    _ address: String, options: CallOptions, into store: any MediaSink
  ) async throws -> Asset
}

extension Provider {
  /// Requests the status of a job, without a deadline.
  public func status(of job: String) async throws -> JobStatus {
    try await status(of: job, options: CallOptions())
  }

  /// Downloads a file, without a deadline.
  public func download(_ address: String, into store: any MediaSink) async throws -> Asset {
    try await download(address, options: CallOptions(), into: store)
  }
}

extension Provider {
  public var reportsSends: Bool { false }
}

/// An image of a provider's answer.
public struct GeneratedImage: Sendable, Hashable {
  public var asset: Asset
  /// The built-in engine's version if it drew the image; nil for a model.
  public var engine: String?

  public init(asset: Asset, engine: String?) {
    self.asset = asset
    self.engine = engine
  }
}

/// Changes the format or size of an image: the private local server's `/x/convert`.
public protocol ImageConverter: Sendable {
  func convert(_ asset: Asset, to conversion: Conversion, into store: any MediaSink) async throws
    -> Asset
}

extension Provider {
  /// Whether the alpha channel of a mask is the mask. The built-in engine reads it so; other
  /// services differ and do not document it.
  public var usesMaskAlpha: Bool { name == BuiltInProvider.local.name }
}
