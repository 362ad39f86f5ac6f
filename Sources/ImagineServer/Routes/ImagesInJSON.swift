import Hummingbird
import ImagineAPI
import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The images of a JSON answer, in base64. They are written straight into the answer's bytes: an
/// encoder would look at each character of a megabyte.
struct ImagesInJSON {
  /// Stands before the number of an image; no text of a client has it.
  private let mark: String
  private var images: [[UInt8]] = []

  /// - Throws: ``ImagineError`` of kind `io` if the kernel gives no random bytes.
  init() throws { mark = "image-\(try RandomID.next())-" }

  /// What the value to encode has in the place of an image.
  mutating func text(for image: [UInt8]) -> String {
    images.append(image)
    return "\(mark)\(images.count - 1)."
  }

  /// A value as JSON, with the images in their places.
  func encoded(_ value: some Encodable) -> ByteBuffer {
    var answer = ByteBuffer()
    var rest = Array(encodedJSON(value).readableBytesView)[...]
    let mark = Array(mark.utf8)
    while let place = rest.firstRange(of: mark) {
      let number = rest[place.upperBound...].prefix { $0 != UInt8(ascii: ".") }
      answer.writeBytes(rest[..<place.lowerBound])
      if let index = Int(String(decoding: number, as: UTF8.self)), images.indices.contains(index) {
        answer.writeBytes(Data(images[index]).base64EncodedData())
      }
      rest = rest[number.endIndex...].dropFirst()
    }
    answer.writeBytes(rest)
    return answer
  }

  /// A JSON body.
  func response(_ value: some Encodable) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: encoded(value)))
  }
}
