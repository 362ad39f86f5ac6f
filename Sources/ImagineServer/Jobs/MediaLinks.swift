import Crypto
import ImagineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Addresses of films and pictures: unguessable, and good for a time only.
///
/// The signature says all that is needed, so any server on the home serves an address that another
/// gave out, and nothing is stored for it.
struct MediaLinks: Sendable {
  /// What an address leads to: a file of a finished film, or a picture.
  enum File: String, CaseIterable, Sendable {
    case video = "video.mp4"
    case thumbnail = "thumbnail.jpg"
    case png = "picture.png"
    case jpeg = "picture.jpg"
    case webp = "picture.webp"

    /// A picture in a format that one can be asked for.
    init(_ format: PictureFormat) {
      switch format {
      case .jpeg: self = .jpeg
      case .webp: self = .webp
      default: self = .png
      }
    }

    var isOfFilm: Bool { self == .video || self == .thumbnail }

    var mediaType: String {
      switch self {
      case .video: "video/mp4"
      case .thumbnail, .jpeg: "image/jpeg"
      case .png: "image/png"
      case .webp: "image/webp"
      }
    }
  }

  private let key: SymmetricKey
  /// Seconds that an address works.
  let lifetime: Double
  /// Seconds since 1970.
  let now: @Sendable () -> Double

  init(
    key: SymmetricKey, lifetime: Double,
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) {
    self.key = key
    self.lifetime = lifetime
    self.now = now
  }

  /// With the key of a home, which the first server on it draws.
  init(home: Home, lifetime: Double) throws {
    self.init(key: SymmetricKey(data: try Self.keyBytes(at: home.mediaKey)), lifetime: lifetime)
  }

  /// Path and query of a new address.
  func path(_ id: String, _ file: File) -> String {
    let expiry = Int64(now() + lifetime)
    let code = HMAC<SHA256>.authenticationCode(
      for: Self.message(id, file, expiry), using: key)
    return "/media/\(id)/\(file.rawValue)?expires=\(expiry)&signature=\(code.hexadecimal)"
  }

  /// Whether an address was given out here and still works.
  func allows(
    _ id: String, _ file: File, expires: Substring?, signature: Substring?
  ) -> Bool {
    guard let expiry = expires.flatMap({ Int64($0) }), Double(expiry) >= now(),
      let code = signature.flatMap({ [UInt8](hexadecimal: $0) })
    else { return false }
    return HMAC<SHA256>.isValidAuthenticationCode(
      code, authenticating: Self.message(id, file, expiry), using: key)
  }

  private static func message(_ id: String, _ file: File, _ expiry: Int64) -> Data {
    Data("\(id)/\(file.rawValue)/\(expiry)".utf8)
  }

  /// The key appears whole or not at all, and the first of several servers wins.
  private static func keyBytes(at path: String) throws -> [UInt8] {
    if let bytes = try key(at: path) { return bytes }
    let fresh = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
    let draft = "\(path).\(try RandomID.next())"
    _ = try SmallFile.create(draft, fresh)
    defer { unlink(draft) }
    guard link(draft, path) == 0 || errno == EEXIST else { throw HomeError("write", path) }
    guard let bytes = try key(at: path) else { throw HomeError("read", path) }
    return bytes
  }

  /// - Throws: ``HomeError`` where a file is there that others may read or that holds no key.
  private static func key(at path: String) throws -> [UInt8]? {
    guard let bytes = try SmallFile.read(path, isSecret: true) else { return nil }
    guard bytes.count == 32 else {
      throw HomeError(
        "use the key in", path,
        because: "it has \(bytes.count) bytes, not 32 (remove it, and a new one is made)")
    }
    return bytes
  }
}

extension Sequence<UInt8> {
  /// Two lower-case digits a byte.
  var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in self {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension [UInt8] {
  init?(hexadecimal text: some StringProtocol) {
    let digits = Array<UInt8>(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    self = []
    reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16)
      else { return nil }
      append(byte)
    }
  }
}
