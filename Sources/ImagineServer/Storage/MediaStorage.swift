import Hummingbird
import ImagineAPI
import ServerStore

/// Where media lie: in the data directory, or in a bucket.
///
/// A medium has a name, such as `jobs/<id>/<lease>/video.mp4`, and is there whole or not at all.
/// Whether it ought to be there is decided by the store, never by a listing.
///
/// A function throws ``ImagineError`` of kind `io` if the storage fails.
protocol MediaStorage: Sendable {
  /// Stores bytes; replaces what has the name.
  ///
  /// - Parameter type: the media type, such as `image/png`.
  func put(_ bytes: [UInt8], as name: String, type: String) async throws

  /// Stores a file of this machine; the file may be gone afterwards.
  func put(file path: String, as name: String, type: String) async throws

  /// The bytes of a small medium; nil if there is none.
  func bytes(of name: String) async throws -> [UInt8]?

  /// A medium to send, which is opened once; nil if there is none.
  func content(of name: String) async throws -> (any MediaContent)?

  /// An address from which a client reads a medium itself for a while; nil if this server sends it.
  func address(of name: String) -> String?

  /// The path of a file with the content of a medium; nil if there is none.
  ///
  /// - Parameter folder: where a file can be written.
  func localFile(of name: String, in folder: String) async throws -> String?

  /// Removes media.
  ///
  /// - Parameter beginning: of their names; with a slash at its end, unless it is a whole name.
  func remove(below beginning: String) async throws

  /// Calls a function for each medium, until it returns false.
  ///
  /// - Parameter beginning: of the names; with a slash at its end.
  func forEach(
    below beginning: String, _ body: @Sendable (ListedMedium) async throws -> Bool
  ) async throws
}

/// A medium that is opened.
protocol MediaContent: Sendable {
  /// Bytes, at least 1.
  var size: Int { get }

  /// A body of a range of it.
  func body(_ range: ClosedRange<Int>) -> ResponseBody
}

extension OpenFile: MediaContent {}

/// A medium of a listing.
struct ListedMedium: Sendable, Hashable {
  var name: String
  /// Seconds since 1970; nil if the storage does not tell.
  var modifiedAt: Double?
}

extension MediaName {
  /// Has the id of the store whose media these are.
  static let marker = "store-id"
  static let jobs = "jobs/"
  static let pictures = "pictures/"
  static let answers = "answers/"

  static func input(ofJob id: String) -> String { folder(ofJob: id) + "input" }

  /// The beginning of the names of what one attempt at a job made. The lease's id fences off a
  /// worker that lost its lease.
  static func folder(ofJob id: String, lease: String) -> String {
    "\(folder(ofJob: id))\(lease)/"
  }

  static func folder(ofPicture id: String) -> String { "\(pictures)\(id)/" }

  static func picture(_ id: String, _ file: MediaLinks.File) -> String {
    folder(ofPicture: id) + file.rawValue
  }

  /// - Parameter call: ``IdempotentCall/id``.
  static func answer(_ call: String, of account: String) -> String {
    "\(answers)\(account)/\(call)"
  }
}
