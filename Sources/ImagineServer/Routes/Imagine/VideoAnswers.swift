#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The answer to a submitted job.
struct SubmissionAnswer: Encodable {
  let id: String
  var status = "processing"
}

/// The answer to a deletion.
struct DeletionAnswer: Encodable {
  var message = "video deleted"
  var status = "success"
}

/// The status of a job.
struct StatusAnswer: Encodable {
  struct Address: Encodable {
    var generation: String?
    var thumbnail: String?

    enum CodingKeys: CodingKey { case generation, thumbnail }

    /// Always encodes both keys, because clients read them in every state.
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(generation, forKey: .generation)
      try container.encode(thumbnail, forKey: .thumbnail)
    }
  }

  struct Video: Encodable {
    let uuid: String
    let createdAt: String
    let status: String
    let progress: Double
    let error: String?
    let url: Address

    enum CodingKeys: String, CodingKey {
      case uuid, status, progress, error, url
      case createdAt = "created_at"
    }
  }

  var status = "success"
  let video: Video
}

/// A time in UTC in the vendor's format: `2025-03-04T07:09:25.048523Z`.
struct Timestamp: CustomStringConvertible {
  /// Seconds since 1970.
  let seconds: Double

  var description: String {
    let whole = seconds.rounded(.down)
    let micros = min(999_999, Int((seconds - whole) * 1_000_000))
    let date = Date(timeIntervalSince1970: whole).formatted(.iso8601)
    let digits = String(micros)
    return date.dropLast() + "." + String(repeating: "0", count: 6 - digits.count) + digits + "Z"
  }
}
