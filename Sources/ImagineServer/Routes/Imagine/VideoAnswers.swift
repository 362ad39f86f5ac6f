import ImagineAPI
import ServerStore

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
struct StatusAnswer {
  let id: String
  let job: JobSummary
  /// The part done, 0 … 1.
  let progress: Double
  /// The addresses of the files of a finished job.
  var video: String?
  var thumbnail: String?

  /// As JSON, with both addresses in every state, because clients read them.
  ///
  /// Clients ask for it all the time, and an encoder takes longer than all the rest.
  var json: [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(768)
    func append(_ plain: String, _ value: String? = nil) {
      text += plain.utf8
      guard let value else { return }
      text.append(UInt8(ascii: "\""))
      // Addresses and ids have nothing to escape, and are long.
      if value.utf8.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) {
        JSONEscape.append(value.utf8, to: &text)
      } else {
        text += value.utf8
      }
      text.append(UInt8(ascii: "\""))
    }
    append(
      #"{"status":"success","video":{"created_at":"#,
      Timestamp(seconds: job.createdAt).description)
    if let failure = job.failure { append(#","error":"#, failure) }
    append(#","progress":\#(progress == 1 ? "1" : progress == 0 ? "0" : "\(progress)")"#)
    append(#","status":"#, job.state.rawValue)
    append(#","url":{"generation":"#, video)
    append(video == nil ? "null" : "")
    append(#","thumbnail":"#, thumbnail)
    append(thumbnail == nil ? "null" : "")
    append(#"},"uuid":"#, id)
    append("}}")
    return text
  }
}
