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

  private init(_ action: Action, of provider: String = "", _ subject: String, count: Int = 1) {
    self.provider = provider
    self.action = action
    self.subject = subject
    self.count = count
  }

  static func draw(_ request: Request, count: Int, by provider: String) -> RecordedCall {
    RecordedCall(.draw, of: provider, subject(request), count: count)
  }

  static func submit(_ request: Request, to provider: String) -> RecordedCall {
    RecordedCall(.submit, of: provider, subject(request))
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

  private static func subject(_ request: Request) -> String {
    RequestDescription(request, pictures: request.pictures.compactMapValues(\.storedSHA256))
      .withoutPrivateExtras.json
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
    action == .draw || action == .submit ? try? RequestDescription(json: subject) : nil
  }

  /// Whether the same call may be answered the same way again.
  var isRepeatable: Bool { !changesSomething && action != .status }

  /// Whether the call is more than a question.
  var changesSomething: Bool { action == .draw || action == .submit || action == .delete }
}
