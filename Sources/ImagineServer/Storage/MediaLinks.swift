import Crypto
import ImagineAPI
import ImagineSystem

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

/// Signed addresses of videos and images, which expire.
///
/// The signature holds all that is needed to check an address. Nothing is stored for it, and any
/// server on the data directory accepts it.
struct MediaLinks: Sendable {
  /// The file behind an address: one of a finished video's files, or an image.
  enum File: String, CaseIterable, Sendable {
    case video = "video.mp4"
    case thumbnail = "thumbnail.jpg"
    case png = "picture.png"
    case jpeg = "picture.jpg"
    case webp = "picture.webp"

    /// The image file for an output format of `/v1`.
    init(_ format: ImageFormat) {
      switch format {
      case .jpeg: self = .jpeg
      case .webp: self = .webp
      default: self = .png
      }
    }

    var isOfVideo: Bool { self == .video || self == .thumbnail }

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
  /// Keyed, and copied for each address: to prepare the key takes as long as all the rest.
  private let code: HMAC<SHA256>
  /// Seconds until a new address expires.
  let lifetime: Double
  /// Seconds since 1970.
  let now: @Sendable () -> Double

  init(
    key: SymmetricKey, lifetime: Double,
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) {
    self.key = key
    code = HMAC<SHA256>(key: key)
    self.lifetime = lifetime
    self.now = now
  }

  /// Uses the key of a data directory, which its first server creates.
  init(_ directory: DataDirectory, lifetime: Double) throws {
    let bytes = try Self.keyBytes(at: FilePath(directory.mediaKey))
    self.init(key: SymmetricKey(data: bytes), lifetime: lifetime)
  }

  /// Path and query of a new address.
  func path(_ id: String, _ file: File) -> String {
    let expiry = Int64(now() + lifetime)
    var code = code
    code.update(data: Self.message(id, file, expiry))
    let signature = code.finalize().hexadecimal
    return "/media/\(id)/\(file.rawValue)?expires=\(expiry)&signature=\(signature)"
  }

  /// Whether an address has a valid signature and has not expired.
  func allows(
    _ id: String, _ file: File, expires: Substring?, signature: Substring?
  ) -> Bool {
    guard let expiry = expires.flatMap({ Int64($0) }), Double(expiry) >= now(),
      let code = signature.flatMap({ [UInt8](hexadecimal: $0) })
    else { return false }
    return HMAC<SHA256>.isValidAuthenticationCode(
      code, authenticating: Self.message(id, file, expiry), using: key)
  }

  private static func message(_ id: String, _ file: File, _ expiry: Int64) -> [UInt8] {
    Array("\(id)/\(file.rawValue)/\(expiry)".utf8)
  }

  /// Reads the key, or creates it atomically. If several servers create it, the first one wins.
  private static func keyBytes(at path: FilePath) throws -> [UInt8] {
    if let bytes = try key(at: path) { return bytes }
    let fresh = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
    let draft = FilePath("\(path).\(try RandomID.next())")
    _ = try draft.createPrivateFile(fresh)
    defer { draft.removeAll() }
    guard link(draft.cString, path.cString) == 0 || errno == EEXIST else {
      throw ImagineError.system("cannot write \(path)")
    }
    guard let bytes = try key(at: path) else { throw ImagineError.system("cannot read \(path)") }
    return bytes
  }

  /// - Throws: ``ImagineError`` if others may read the file or it does not hold a key.
  private static func key(at path: FilePath) throws(ImagineError) -> [UInt8]? {
    guard let bytes = try path.readSmallFile(isSecret: true) else { return nil }
    guard bytes.count == 32 else {
      throw ImagineError(
        .io,
        "cannot use the key in \(path): it has \(bytes.count) bytes, not 32 "
          + "(remove the file to create a new key)")
    }
    return bytes
  }
}
