import ImagineAPI
import Logging
import ObjectStorage

/// Asks a bucket for all that the service does with it: stores a small object, reads it, finds it in a
/// listing, and removes it.
struct ObjectCheck {
  let settings: ObjectSettings
  let environment: [String: String]
  let logger: Logger

  func finding() async -> ServerCheck.Finding {
    do {
      let bucket = try settings.bucket(environment: environment, logger: logger)
      let name = "check-\(try RandomID.next())"
      let bytes = Array("imagine-server check".utf8)
      try await bucket.put(bytes, as: name, type: "text/plain")
      let isFound: Bool
      do {
        let read = try await bucket.bytes(of: name)
        let listed = try await bucket.list(below: name).objects.map(\.name)
        isFound = read == bytes && listed == [name]
      } catch {
        // A key that may not list leaves nothing behind.
        try? await bucket.remove(name)
        throw error
      }
      try await bucket.remove(name)
      guard isFound else { return problem("an object that was stored is not found again") }
      guard try await bucket.byteCount(of: name) == nil else {
        return problem("an object that was removed is still there")
      }
      return ServerCheck.Finding(
        subject: "objects", isProblem: false,
        detail: "\(settings.description): objects can be stored, read, listed and removed")
    } catch {
      return problem((error as? ImagineError)?.message ?? "\(error)")
    }
  }

  private func problem(_ detail: String) -> ServerCheck.Finding {
    ServerCheck.Finding(
      subject: "objects", isProblem: true, detail: "\(settings.description): \(detail)")
  }
}
