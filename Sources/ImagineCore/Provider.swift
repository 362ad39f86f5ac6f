/// A service that draws pictures and films, as the host sees it.
///
/// For example:
///
/// ```swift
/// let request = try Operation.generate.request(from: ["prompt": .text("a cat")], by: .script)
/// let drawings = try await provider.draw(
///   request, count: 1, options: CallOptions(), into: store)
/// ```
///
/// Every function throws ``ImagineError``.
public protocol Provider: Sendable {
  /// The name that scripts, the configuration and the journal know it by.
  var name: String { get }

  /// What the provider does, each operation described as this provider takes it.
  var operations: [Operation] { get }

  /// Whether one call may ask for several pictures.
  var takesCount: Bool { get }

  /// How often to ask for a job.
  var polling: JobPolling { get }

  /// What its calls cost.
  var prices: PriceList { get }

  /// Whether it calls ``CallTrace/willSend()`` of its options' trace before each time that it sends
  /// a billed call. Where it does not, and by default, the host takes a call as sent before it asks
  /// the provider: an error of it is believed unbilled only where its `charged` says so.
  var tracesSends: Bool { get }

  /// Sends an operation that answers with a picture, and stores the answer.
  ///
  /// - Parameter count: how many pictures; 1 where the provider does not take a count.
  /// - Returns: at least one; fewer than `count` where the service gave fewer.
  func draw(
    _ request: Request, count: Int, options: CallOptions, into store: any AssetStore
  ) async throws -> [Drawing]

  /// Sends an operation that answers with a job.
  func submit(_ request: Request, options: CallOptions) async throws -> JobStatus

  /// Asks for a job.
  func status(of job: String, options: CallOptions) async throws -> JobStatus

  /// Deletes a job and its video.
  func delete(job: String) async throws

  /// Fetches a file that a job's status names, by the address it gives.
  func download(
    _ address: String, options: CallOptions, into store: any AssetStore
  ) async throws -> Asset
}

extension Provider {
  /// Asks for a job, without a deadline of the caller's.
  public func status(of job: String) async throws -> JobStatus {
    try await status(of: job, options: CallOptions())
  }

  /// Fetches a file, without a deadline of the caller's.
  public func download(_ address: String, into store: any AssetStore) async throws -> Asset {
    try await download(address, options: CallOptions(), into: store)
  }
}

extension Provider {
  public var tracesSends: Bool { false }
}

/// A picture that a provider answered with.
public struct Drawing: Sendable, Hashable {
  public var asset: Asset
  /// What drew it, by its version, where that is the built-in engine and no model.
  public var engine: String?

  public init(asset: Asset, engine: String?) {
    self.asset = asset
    self.engine = engine
  }
}

/// How a call is made, whatever it asks for.
public struct CallOptions: Sendable {
  /// Seconds for each attempt, from its turn to the last byte of its answer, with the downloads that
  /// belong to it; a pause between attempts that is as long is not begun. Nil for the provider's own
  /// limit.
  public var timeout: Double?
  /// When the call has to be over: that of the wait that it is part of; else of the attempt, set from
  /// ``timeout`` when its turn comes.
  public var deadline: Deadline?
  public var retry: RetryPolicy
  /// Follows the call through its attempts; nil where nobody does.
  public var trace: (any CallTrace)?

  public init(
    timeout: Double? = nil, retry: RetryPolicy = RetryPolicy(), trace: (any CallTrace)? = nil
  ) {
    self.timeout = timeout
    self.retry = retry
    self.trace = trace
  }
}

/// Changes the format or size of a picture: the private local server's `/x/convert`.
public protocol PictureConverter: Sendable {
  func convert(_ asset: Asset, to conversion: Conversion, into store: any AssetStore) async throws
    -> Asset
}

extension Provider {
  /// Whether a mask with an alpha channel means its alpha. The built-in engine reads it so; other
  /// services differ, and do not say how.
  public var readsAlphaOfMasks: Bool { name == "local" }
}
