import ImagineAPI

/// A request to an object storage failed. Neither a key nor a signature is part of it.
public struct S3Error: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was asked for, such as `GET jobs/x/video.mp4`.
  public var request: String
  /// Nil if there was no answer.
  public var status: Int?
  /// The service's own, such as `NoSuchBucket`.
  public var code: String?
  public var message: String
  /// Whether the same request may succeed later.
  public var isRetryable: Bool
  /// Seconds that the service asks to wait.
  var retryAfter: Double?

  public var description: String {
    let cause = [status.map { "HTTP \($0)" }, code].compactMap { $0 }.joined(separator: " ")
    return "\(request): \(cause.isEmpty ? "" : "\(cause): ")\(message)".printable
  }

  init(request: String, status: Int? = nil, message: String, isRetryable: Bool) {
    self.request = request
    self.status = status
    self.message = message
    self.isRetryable = isRetryable
  }

  /// The error of an answer.
  ///
  /// - Parameter body: XML as S3 has it, or anything else.
  init(
    request: String, status: Int, body: [UInt8], retryAfter: Double? = nil,
    credentials: S3Credentials
  ) {
    let document = S3Document(body)
    let error = document?.name == "Error" ? document : document?.all("Error").first
    self.init(
      request: request, status: status,
      message: credentials.redacted(error?["Message"] ?? "the service refused the request"),
      isRetryable: false)
    code = error?["Code"].map(credentials.redacted)
    self.retryAfter = retryAfter
    isRetryable =
      [408, 429, 500, 502, 503, 504].contains(status)
      || ["RequestTimeout", "SlowDown", "InternalError"].contains(code)
  }
}
