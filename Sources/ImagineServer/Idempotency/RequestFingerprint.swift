import Crypto
import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Recognizes a request that is sent again: a digest of its fields and files.
///
/// A retry has another multipart boundary and may order its fields otherwise, so bodies are not
/// compared byte by byte.
struct RequestFingerprint {
  let digest: String

  /// Nil for a body that no route understands.
  init?(contentType: String?, _ body: [UInt8]) {
    var hash = SHA256()
    func add(_ bytes: some Collection<UInt8>) {
      hash.update(data: Data("\(bytes.count):".utf8))
      hash.update(data: Data(bytes))
    }
    if let boundary = try? MultipartForm.boundary(inContentType: contentType) {
      guard let form = try? MultipartForm(body, boundary: boundary) else { return nil }
      // Parts of the same name keep their order, which may mean something.
      let parts = form.parts.enumerated().sorted {
        ($0.element.name, $0.offset) < ($1.element.name, $1.offset)
      }
      for part in parts {
        add(part.element.name.utf8)
        add(SHA256.hash(data: Data(part.element.content)).hexadecimal.utf8)
      }
    } else {
      guard let fields = try? JSONFields(body).fields else { return nil }
      add(Value.table(fields).json.utf8)
    }
    digest = hash.finalize().hexadecimal
  }
}
