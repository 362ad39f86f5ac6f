import Crypto
import ImagineAPI
import ServerStore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Signed addresses of videos and images, which expire.
///
/// The signature holds all that is needed to check an address. Nothing is stored for it, and any
/// server of the service accepts it. ``LinkKeys`` has the keys.
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

  private struct Key {
    let id: String
    let symmetric: SymmetricKey
    /// Keyed, and copied for each address: to prepare the key takes as long as all the rest.
    let code: HMAC<SHA256>

    init(_ key: LinkKey) {
      id = key.id
      symmetric = SymmetricKey(data: key.bytes)
      code = HMAC<SHA256>(key: symmetric)
    }
  }

  /// The id of a key of older versions, whose addresses have no id.
  static let keyOfOldAddresses = "file"
  /// Seconds before a new key signs, so that every server has read it by then.
  static let noticeSeconds = 60.0

  private let keys: [Key]
  /// Signs new addresses.
  private let signing: Key
  /// Seconds until a new address expires.
  let lifetime: Double
  /// Seconds since 1970.
  let now: @Sendable () -> Double

  /// Nil if there is no key.
  ///
  /// - Parameter keys: the newest first.
  init?(
    _ keys: [LinkKey], lifetime: Double,
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) {
    let time = now()
    // The first key of a service signs at once: all servers begin with it.
    guard
      let signing = keys.first(where: { $0.createdAt + Self.noticeSeconds <= time }) ?? keys.last
    else { return nil }
    self.keys = keys.map(Key.init)
    self.signing = Key(signing)
    self.lifetime = lifetime
    self.now = now
  }

  func has(_ key: some StringProtocol) -> Bool { keys.contains { $0.id == key } }

  /// Path and query of a new address.
  func path(_ id: String, _ file: File) -> String {
    let expiry = Int64(now() + lifetime)
    var code = signing.code
    code.update(data: Self.message(id, file, expiry))
    let signature = code.finalize().hexadecimal
    return
      "/media/\(id)/\(file.rawValue)?expires=\(expiry)&key=\(signing.id)&signature=\(signature)"
  }

  /// Whether an address has a valid signature and has not expired.
  ///
  /// - Parameter key: the key's id; nil for an address of an older version.
  func allows(
    _ id: String, _ file: File, expires: Substring?, key: Substring?, signature: Substring?
  ) -> Bool {
    guard let expiry = expires.flatMap({ Int64($0) }), Double(expiry) >= now(),
      let code = signature.flatMap({ [UInt8](hexadecimal: $0) }),
      let key = keys.first(where: { $0.id == key ?? Self.keyOfOldAddresses[...] })
    else { return false }
    return HMAC<SHA256>.isValidAuthenticationCode(
      code, authenticating: Self.message(id, file, expiry), using: key.symmetric)
  }

  private static func message(_ id: String, _ file: File, _ expiry: Int64) -> [UInt8] {
    Array("\(id)/\(file.rawValue)/\(expiry)".utf8)
  }
}
