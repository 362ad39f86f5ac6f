public import ImagineCore

/// What a recording knows a call by.
///
/// For example, the second of two equal requests is the same call with the occurrence 2.
public struct RecordedCall: Sendable, Hashable {
  public enum Action: String, Sendable {
    case draw, submit, status, delete, download, fetch, convert
  }

  /// The name of the provider; empty for what no provider does.
  public let provider: String
  public let action: Action
  /// A request as JSON, a job's id, a file's name in the recording, or what is converted.
  public let subject: String
  /// How many pictures are asked for.
  public let count: Int
  /// The subject in a recording of version 1 of the keys; nil where it is the same.
  let subjectOfVersion1: String?

  private init(
    _ action: Action, of provider: String = "", _ subject: String, count: Int = 1,
    ofVersion1: String? = nil
  ) {
    self.provider = provider
    self.action = action
    self.subject = subject
    self.count = count
    subjectOfVersion1 = ofVersion1 == subject ? nil : ofVersion1
  }

  private init(_ action: Action, of provider: String, _ request: Request, count: Int = 1) {
    let whole = RequestDescription(
      request, pictures: request.pictures.compactMapValues(\.storedSHA256))
    let told = whole.withoutPrivateExtras
    // Fields that may be a secret stand by their hashes, in lines of their own after the request.
    let hidden = whole.extra.filter { told.extra[$0.key] == nil }.sorted { $0.key < $1.key }
      .map { "\n\($0.key)=\(RecordedAddress.hash($0.value.canonicalText))" }
    self.init(
      action, of: provider, told.json + hidden.joined(), count: count,
      ofVersion1: whole.withoutPrivateExtrasOfVersion1.json)
  }

  /// The call as a recording of version 1 of the keys has it.
  var ofVersion1: RecordedCall? {
    subjectOfVersion1.map { RecordedCall(action, of: provider, $0, count: count) }
  }

  static func draw(_ request: Request, count: Int, by provider: String) -> RecordedCall {
    RecordedCall(.draw, of: provider, request, count: count)
  }

  static func submit(_ request: Request, to provider: String) -> RecordedCall {
    RecordedCall(.submit, of: provider, request)
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

  /// A file of the web, by the SHA-256 of its address: that may hold a secret.
  public static func fetch(_ address: String) -> RecordedCall {
    RecordedCall(.fetch, RecordedAddress.hash(address))
  }

  public static func convert(_ asset: Asset, to conversion: Conversion) -> RecordedCall {
    let facts: [(String, String?)] = [
      ("image", asset.sha256), ("format", conversion.format.rawValue),
      ("width", conversion.width.map(String.init)), ("height", conversion.height.map(String.init)),
      ("fit", conversion.fit.rawValue), ("quality", String(conversion.quality)),
    ]
    let text = facts.compactMap { name, value in value.map { "\(name)=\($0)" } }
    return RecordedCall(.convert, text.joined(separator: " "))
  }
}

extension RecordedCall {
  /// What the call is, in a message.
  var title: String {
    switch action {
    case .draw, .submit: description?.operation ?? action.rawValue
    case .status: "the status of job \(subject)"
    case .delete: "the deletion of job \(subject)"
    case .download: "the download of \(subject)"
    case .fetch: "the file of that address"
    case .convert: "the conversion \(subject)"
    }
  }

  /// The request, where the call is one.
  var description: RequestDescription? {
    action == .draw || action == .submit ? RecordedCall.description(subject) : nil
  }

  /// The request of a subject; nil for one that is none.
  static func description(_ subject: String) -> RequestDescription? {
    try? RequestDescription(json: String(subject.prefix { $0 != "\n" }))
  }

  /// Whether the same call may be answered the same way again.
  var isRepeatable: Bool { !changesSomething && action != .status }

  /// Whether the call is more than a question.
  var changesSomething: Bool { action == .draw || action == .submit || action == .delete }
}
