import ImagineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Reads what the Imagine API says in JSON: errors and the state of jobs, in every form that is
/// documented or in use.
enum ServiceAnswer {
  /// The error that an answer means.
  ///
  /// A code of the table says more than the HTTP status; the status says more than nothing.
  static func fault(
    status: Int, body: [UInt8], endpoint: String, isBilled: Bool,
    header: (String) -> String? = { _ in nil }
  ) -> ImagineError {
    let decoded = try? JSONDecoder().decode(ErrorBody.self, from: Data(body))
    let row = decoded?.code.flatMap(ServiceFault.with(code:))
    let (kind, remedy) =
      if let row {
        // An unknown video id has the validation code and the status 404.
        (status == 404 ? .notFound : row.kind, row.remedy)
      } else {
        ServiceFault.with(status: status)
      }
    var message = decoded?.message ?? row?.meaning ?? ""
    if message.isEmpty { message = "the service answered with HTTP \(status)" }
    let isUncertain = remedy == .uncertain
    var error = ImagineError(
      kind, "\(endpoint): \(message)", code: decoded?.code, status: status,
      name: decoded?.error ?? row?.name,
      retryable: remedy == .retry || (isUncertain && !isBilled),
      charged: isUncertain && isBilled ? .unknown : .no, endpoint: endpoint,
      retryAfter: RetryAfter.seconds(in: header))
    error.rateLimit = header("x-ratelimit-limit").flatMap { Int($0) }
    return error
  }

  /// Whether a body says `"status":"error"`, whatever the HTTP status beside it.
  static func isError(_ body: [UInt8]) -> Bool {
    struct Root: Decodable { let status: String? }
    return (try? JSONDecoder().decode(Root.self, from: Data(body)))?.status == "error"
  }

  /// An answer that should have been something else.
  static func unexpected(
    _ what: String, of call: HTTPTransport.Call, status: Int = 200
  ) -> ImagineError {
    ImagineError(
      .badResponse, "\(call.endpoint): \(what)", status: status,
      charged: call.isBilled ? .unknown : .no, endpoint: call.endpoint)
  }

  /// The job that a submission made.
  static func submission(_ body: [UInt8]) -> JobStatus? {
    guard let answer = try? JSONDecoder().decode(SubmissionBody.self, from: Data(body)),
      let id = answer.id?.text ?? answer.uuid?.text
    else { return nil }
    return JobStatus(id: id, state: .processing)
  }

  /// The state of a job.
  ///
  /// `status` at the root says only that the question was answered: the job is finished when
  /// `video` says so by its status, its code, or by having an address.
  static func status(_ body: [UInt8], id: String) -> JobStatus? {
    guard let video = (try? JSONDecoder().decode(StatusBody.self, from: Data(body)))?.video else {
      return nil
    }
    let address = video.url?.generation?.first
    let state: JobState =
      switch (video.status?.lowercased(), video.code?.integer) {
      case ("failed"?, _), ("error"?, _), (_, 3?): .failed
      case ("cancelled"?, _), ("canceled"?, _): .cancelled
      case ("finished"?, _), ("completed"?, _), ("succeeded"?, _), ("success"?, _), ("ready"?, _),
        (_, 2?):
        .finished
      case (_, _) where address != nil: .finished
      case ("queued"?, _), ("pending"?, _): .queued
      default: .processing
      }
    return JobStatus(
      id: id, state: state, createdAt: video.createdAt, videoAddress: address,
      thumbnailAddress: video.url?.thumbnail?.first,
      progress: video.progress.flatMap { (0...1).contains($0) ? $0 : nil }, failure: video.error)
  }
}

/// `{"status":"error","code":…,"error":"…","message":"…"}`, the code an integer or a string.
private struct ErrorBody: Decodable {
  let code: Int?
  let error: String?
  let message: String?

  enum CodingKeys: String, CodingKey { case code, error, message }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    code = (try? container.decodeIfPresent(LooseNumber.self, forKey: .code))?.integer
    error = try? container.decodeIfPresent(String.self, forKey: .error)
    message = try? container.decodeIfPresent(String.self, forKey: .message)
  }
}

private struct SubmissionBody: Decodable {
  let id: LooseNumber?
  let uuid: LooseNumber?
}

private struct StatusBody: Decodable {
  struct Video: Decodable {
    struct Addresses: Decodable {
      let generation: OneOrMany?
      let thumbnail: OneOrMany?
    }

    let status: String?
    let code: LooseNumber?
    let createdAt: String?
    let url: Addresses?
    let progress: Double?
    let error: String?

    enum CodingKeys: String, CodingKey {
      case status, code, url, progress, error
      case createdAt = "created_at"
    }
  }

  let video: Video?
}

/// An integer or a string, as different pages of the vendor have it.
enum LooseNumber: Decodable {
  case integer(Int)
  case text(String)

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else {
      self = .text(try container.decode(String.self))
    }
  }

  var integer: Int? {
    switch self {
    case .integer(let value): value
    case .text(let value): Int(value)
    }
  }

  var text: String {
    switch self {
    case .integer(let value): String(value)
    case .text(let value): value
    }
  }
}

/// A string or an array of strings; what is empty counts as absent.
private struct OneOrMany: Decodable {
  let first: String?

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let all =
      (try? container.decode([String].self)) ?? (try? container.decode(String.self)).map { [$0] }
    first = all?.first { !$0.isEmpty }
  }
}
