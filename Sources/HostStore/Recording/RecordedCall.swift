public import ImagineAPI

/// The identity of a call in a recording.
///
/// The second of two equal requests is the same call with the occurrence 2.
public struct RecordedCall: Sendable, Hashable {
  public enum Action: String, Sendable {
    /// A call that makes images. The raw value is what recordings store.
    case generate = "draw"
    /// A call that makes a video.
    case submit
    case status, delete, download, fetch, convert, composite, step
  }

  /// The name of the provider; empty for calls without one.
  public let provider: String
  public let action: Action
  /// A request as JSON, a job's id, a file's name in the recording, a conversion, or a
  /// step.
  public let subject: String
  /// The number of requested images.
  public let count: Int
  /// The request; nil for other calls.
  private let request: RequestDescription?

  private init(
    _ action: Action, of provider: String = "", _ subject: String, count: Int = 1,
    request: RequestDescription? = nil
  ) {
    self.provider = provider
    self.action = action
    self.subject = subject
    self.count = count
    self.request = request
  }

  private init(_ action: Action, of provider: String, _ request: Request) {
    let whole = RequestDescription(
      request,
      images: request.images.mapValues { images in
        images.map { if case .asset(let asset) = $0 { asset.sha256 } else { "" } }
      })
    self.init(
      action, of: provider, whole.redacted.json + Self.hashes(of: whole), count: request.count,
      request: whole)
  }

  /// Redacted fields are identified by their hashes, in lines after the request.
  private static func hashes(of request: RequestDescription) -> String {
    let redacted = request.redacted
    return request.extra.filter { redacted.extra[$0.key] == nil }.sorted { $0.key < $1.key }
      .map { "\n\($0.key)=\(RecordedAddress.hash($0.value.canonicalText))" }.joined()
  }

  /// The call in the forms of older programs.
  ///
  /// - Parameter redactedByVersion1: whether the recording leaves out redacted fields.
  func older(redactedByVersion1: Bool) -> [RecordedCall] {
    guard let request else { return [] }
    let subjects =
      [request.redacted.jsonOfVersion1 + Self.hashes(of: request)]
      + (redactedByVersion1 ? [request.redactedByVersion1.jsonOfVersion1] : [])
    return subjects.filter { $0 != subject }
      .map { RecordedCall(action, of: provider, $0, count: count) }
  }

  public static func == (left: RecordedCall, right: RecordedCall) -> Bool {
    (left.provider, left.action, left.subject, left.count)
      == (right.provider, right.action, right.subject, right.count)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(provider)
    hasher.combine(action)
    hasher.combine(subject)
    hasher.combine(count)
  }

  /// A billed call. Its action is named by the operation's answer.
  static func perform(_ request: Request, by provider: String) -> RecordedCall {
    RecordedCall(
      request.operation.answer == .job ? .submit : .generate, of: provider, request)
  }

  static func status(of job: String, at provider: String) -> RecordedCall {
    RecordedCall(.status, of: provider, job)
  }

  static func delete(_ job: String, at provider: String) -> RecordedCall {
    RecordedCall(.delete, of: provider, job)
  }

  /// - Parameter file: the file's name in the recording, in place of its address.
  static func download(_ file: String, from provider: String) -> RecordedCall {
    RecordedCall(.download, of: provider, file)
  }

  /// A web file, identified by the SHA-256 of its address, which may contain a secret.
  public static func fetch(_ address: String) -> RecordedCall {
    RecordedCall(.fetch, RecordedAddress.hash(address))
  }

  public static func convert(_ asset: Asset, to conversion: Conversion) -> RecordedCall {
    let values: [(String, String?)] = [
      ("image", asset.sha256), ("format", conversion.format.rawValue),
      ("width", conversion.width.map(String.init)), ("height", conversion.height.map(String.init)),
      ("fit", conversion.fit.rawValue), ("quality", String(conversion.quality)),
      ("mask", conversion.isMask ? "true" : nil), ("matte", conversion.isMatte ? "true" : nil),
      ("kernel", conversion.kernel == .lanczos ? nil : conversion.kernel.rawValue),
      ("background", conversion.background?.text),
      ("max_bytes", conversion.maxBytes.map(String.init)),
      ("min_quality", conversion.maxBytes == nil ? nil : String(conversion.minQuality)),
    ]
    let text = values.compactMap { name, value in value.map { "\(name)=\($0)" } }
    return RecordedCall(.convert, text.joined(separator: " "))
  }

  static func composite(_ edit: MaskedEdit) -> RecordedCall {
    let images = [("image", edit.image), ("mask", edit.mask), ("edited", edit.edited)]
    let text = images.map { "\($0)=\($1.sha256)" } + (edit.measuresOnly ? ["measure"] : [])
    return RecordedCall(.composite, text.joined(separator: " "))
  }

  public static func step(_ step: PictureStep) -> RecordedCall {
    let description = step.description { input in
      if case .asset(let asset) = input { asset.sha256 } else { "" }
    }
    return RecordedCall(.step, description.json)
  }
}

extension RecordedCall {
  /// The name of the call in messages.
  var title: String {
    switch action {
    case .generate, .submit: description?.operation ?? action.rawValue
    case .status: "the status of job \(subject)"
    case .delete: "the deletion of job \(subject)"
    case .download: "the download of \(subject)"
    case .fetch: "the file of this address"
    case .convert: "the conversion \(subject)"
    case .composite: "the composite \(subject)"
    case .step: "the step \(subject)"
    }
  }

  /// The request; nil for other calls.
  var description: RequestDescription? {
    action == .generate || action == .submit ? RecordedCall.description(subject) : nil
  }

  /// The request of a subject; nil if it is none.
  static func description(_ subject: String) -> RequestDescription? {
    try? RequestDescription(json: String(subject.prefix { $0 != "\n" }))
  }

  /// Whether the answer may be repeated for the same call.
  var isRepeatable: Bool { !hasSideEffect && action != .status }

  /// Whether the call changes something at the provider.
  var hasSideEffect: Bool { action == .generate || action == .submit || action == .delete }
}
