/// Whoever makes images and videos: a service, a server of the user's own, a program.
///
/// A provider sends each call once, and does nothing else twice: the host limits and retries its
/// calls, journals them and stores what they cost. Every function throws ``ImagineError``; its
/// `charged` says what is known of the bill.
///
/// ```swift
/// let request = try MediaOperation.generate.request(from: ["prompt": "a cat"], source: .script)
/// let outcome = try await provider.perform(request, CallContext(store: store))
/// ```
public protocol Provider: Sendable {
  /// What it takes, and what that costs. Does not change.
  var profile: ProviderProfile { get }

  /// Whether it calls ``CallObserver/willSend()`` before each send of a billed call. By default it
  /// does not: the host then records the call as sent before it asks the provider, and treats an
  /// error as unbilled only if its `charged` says so.
  var reportsSends: Bool { get }

  /// Whether a call that is in flight ends when its task is cancelled, because it costs nothing. By
  /// default a call that was sent goes on until its answer is stored.
  var stopsCalls: Bool { get }

  /// Makes input images in the form that the service takes, such as another format. It is called
  /// before a call is journaled as sent, so its errors cost nothing; they are stored by then, and
  /// the call's key has the user's images.
  ///
  /// - Returns: by field name; ``CallContext/derived`` has them when the call is sent, beside those
  ///   that the host made before.
  func derivedInputs(
    of request: Request, _ context: CallContext
  ) async throws -> [String: [ImageInput]]

  /// The size of the images of a request, where more than the request tells it; for plans. Nil by
  /// default.
  ///
  /// - Throws: the error of a call with a size that the service cannot make.
  func imageSize(of request: Request) throws(ImagineError) -> PixelSize?

  /// The models that the service lists, and what else it has names of; a free question. Nil if it
  /// has no list.
  func models(_ context: CallContext) async throws -> [ListedModel]?

  /// How long the service knows the key of a call, in seconds: until then a call that is sent again
  /// with its key is not done or charged again. A free question, asked before a call is sent. Nil, the
  /// default, if it knows no keys.
  func keyRetention(_ context: CallContext) async throws -> Double?

  /// Sends a call, which the service may bill.
  ///
  /// - Returns: the stored files, fewer than `request.count` if the service gave fewer; or the
  ///   state of a job that makes them.
  func perform(_ request: Request, _ context: CallContext) async throws -> Outcome

  /// Requests the state of a job; never downloads anything.
  ///
  /// - Throws: ``ImagineError`` of kind `notFound` for a job that the service does not know.
  func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus

  /// Downloads a result from an address of a job's status or of an answer.
  func download(_ address: String, _ context: CallContext) async throws -> Asset

  /// Deletes a job and its results, or stops it.
  func cancel(_ ticket: Ticket, _ context: CallContext) async throws
}

extension Provider {
  public var name: String { profile.name }
  public var reportsSends: Bool { false }
  public var stopsCalls: Bool { false }

  public func derivedInputs(
    of request: Request, _ context: CallContext
  ) async throws -> [String: [ImageInput]] { [:] }

  public func imageSize(of request: Request) throws(ImagineError) -> PixelSize? { nil }

  public func models(_ context: CallContext) async throws -> [ListedModel]? { nil }

  public func keyRetention(_ context: CallContext) async throws -> Double? { nil }

  public func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
    throw ImagineError.unsupportedOperation(operation: "job", by: name)
  }

  public func download(_ address: String, _ context: CallContext) async throws -> Asset {
    throw ImagineError.unsupportedOperation(operation: "download", by: name)
  }

  public func cancel(_ ticket: Ticket, _ context: CallContext) async throws {
    throw ImagineError.unsupportedOperation(operation: "job", by: name)
  }
}

/// A model in a service's list, or another thing that a field of a call names.
public struct ListedModel: Sendable, Hashable, Codable {
  /// What the name is of. The raw value is the field that takes it.
  public enum Role: String, Sendable, Codable, CaseIterable {
    case model, sampler, scheduler, upscaler, lora
  }

  public var id: String
  public var role: Role
  /// Other names that the service takes for it.
  public var aliases: [String]
  /// When the service ends it, in seconds since 1970; nil if it does not say.
  public var endsAt: Double?

  public init(
    id: String, role: Role = .model, aliases: [String] = [], endsAt: Double? = nil
  ) {
    self.id = id
    self.role = role
    self.aliases = aliases
    self.endsAt = endsAt
  }

  /// Whether the service takes a name for it.
  public func isNamed(_ name: String) -> Bool {
    let name = name.lowercased()
    return ([id] + aliases).contains { $0.lowercased() == name }
  }
}

/// How a call was answered.
public enum Outcome: Sendable {
  case finished(Answer)
  case running(JobStatus)
}

/// The files of an answer, and what it cost.
public struct Answer: Sendable, Hashable {
  /// Images, or a video and then its thumbnail.
  public var outputs: [Output]
  /// What the service billed, if it says so or its usage tells; nil if only the price list tells.
  public var price: Price?
  /// What the service counted, by its own names, such as `output_tokens`.
  public var usage: [String: Int64]

  public init(_ outputs: [Output], price: Price? = nil, usage: [String: Int64] = [:]) {
    self.outputs = outputs
    self.price = price
    self.usage = usage
  }
}

/// A file of an answer.
public struct Output: Sendable, Hashable {
  public var asset: Asset
  /// The built-in engine's version if it made the file; nil for a model.
  public var engine: String?
  /// The seed that made it, if the service says so; nil for that of the call.
  public var seed: Int64?
  /// How likely the file is what was asked for, 0 … 1, if the service tells.
  public var confidence: Double?

  /// The header of an answer with ``confidence``, which our own server sends beside what the API
  /// documents.
  public static let confidenceHeader = "x-imagine-confidence"

  public init(
    asset: Asset, engine: String? = nil, seed: Int64? = nil, confidence: Double? = nil
  ) {
    self.asset = asset
    self.engine = engine
    self.seed = seed
    self.confidence = confidence
  }
}

/// What the host asks of pixels, which it does not decode itself: the private local server's
/// `/x/convert`, `/x/composite` and `/x/thumbnail`.
public protocol ImageConverter: Sendable {
  func convert(_ asset: Asset, to conversion: Conversion, into store: any MediaStore) async throws
    -> Asset
  /// The pixels of a small copy, at most as large as the box. It is for the eye only: no recording
  /// has it.
  func thumbnail(of asset: Asset, within box: PixelSize, from store: any MediaStore) async throws
    -> Thumbnail
  /// Puts the original of an edit back outside its mask.
  func composite(_ edit: MaskedEdit, into store: any MediaStore) async throws -> Composite
  /// Does a step over pixels: the private server's `/x/step`.
  ///
  /// - Returns: the stored image, with the version of the engine that made it; for a step that returns
  ///   numbers, a stored JSON object of them.
  func perform(_ step: PictureStep, into store: any MediaStore) async throws -> Output
}

extension ImageConverter {
  public func composite(
    _ edit: MaskedEdit, into store: any MediaStore
  ) async throws -> Composite {
    throw ImagineError(.unavailable, "nothing here can put an image back outside a mask")
  }

  public func perform(_ step: PictureStep, into store: any MediaStore) async throws -> Output {
    throw ImagineError(.validation, "\(step.operation.name): nothing here changes pixels")
  }
}

/// An edit of an image inside a mask.
public struct MaskedEdit: Sendable, Hashable {
  public var image: Asset
  public var mask: Asset
  /// The edited image, of the image's shape.
  public var edited: Asset
  /// Whether only the drift is asked for.
  public var measuresOnly: Bool

  public init(image: Asset, mask: Asset, edited: Asset, measuresOnly: Bool = false) {
    self.image = image
    self.mask = mask
    self.edited = edited
    self.measuresOnly = measuresOnly
  }
}

/// An edit with the original outside the mask.
public struct Composite: Sendable, Hashable {
  /// A PNG of the image's size: outside the mask the image's own pixels. Nil if only the drift was
  /// asked for.
  public var asset: Asset?
  /// How far the edited image is from the original outside the mask: the mean difference of the
  /// pixels, from 0 (none) to 1.
  public var drift: Double

  public init(asset: Asset?, drift: Double) {
    self.asset = asset
    self.drift = drift
  }
}
