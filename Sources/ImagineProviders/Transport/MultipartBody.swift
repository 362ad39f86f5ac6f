import ImagineAPI
import MediaFiles

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A `multipart/form-data` body (RFC 7578), as the Imagine API requires.
struct MultipartBody {
  let boundary: String
  private(set) var bytes: [UInt8] = []

  init() {
    var generator = SystemRandomNumberGenerator()
    boundary =
      "imagine-" + String(generator.next(), radix: 36) + String(generator.next(), radix: 36)
  }

  var contentType: String { "multipart/form-data; boundary=\(boundary)" }

  mutating func append(name: String, value: String) {
    open(name: name)
    bytes += "\r\n\r\n".utf8
    bytes += value.utf8
    bytes += "\r\n".utf8
  }

  /// - Parameter fileName: nil for the field's name and the extension of its format.
  mutating func append(name: String, file: [UInt8], fileName: String? = nil) {
    let format = ImageHeader(file)?.format
    let mediaType = format?.mediaType ?? "application/octet-stream"
    open(name: name)
    let fileName = fileName ?? "\(name).\(format?.pathExtension ?? "bin")"
    bytes += "; filename=\"\(Self.escape(fileName))\"\r\n".utf8
    bytes += "Content-Type: \(mediaType)\r\n\r\n".utf8
    bytes += file
    bytes += "\r\n".utf8
  }

  /// An image as a `data:` URL.
  static func dataURL(of file: [UInt8]) -> String {
    let mediaType = ImageHeader(file)?.format.mediaType ?? "application/octet-stream"
    return "data:\(mediaType);base64,\(Data(file).base64EncodedString())"
  }

  mutating func close() {
    bytes += "--\(boundary)--\r\n".utf8
  }

  private mutating func open(name: String) {
    bytes += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(Self.escape(name))\"".utf8
  }

  /// A field name may come from a script (`extra`): quotes and line ends are escaped as browsers
  /// do.
  private static func escape(_ name: String) -> String {
    var escaped = ""
    for scalar in name.unicodeScalars {
      switch scalar {
      case "\"": escaped += "%22"
      case "\r": escaped += "%0D"
      case "\n": escaped += "%0A"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
