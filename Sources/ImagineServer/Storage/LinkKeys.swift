import Crypto
import ImagineAPI
import ImagineSystem
public import ServerStore
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The keys of addresses, which the servers of a service share in the store. Read again every 30
/// seconds, which is sooner than a new key signs.
final class LinkKeys: Sendable {
  private static let readSeconds = 30.0
  /// Between reads because of a key that is unknown.
  private static let searchSeconds = 1.0

  private struct State {
    var links: MediaLinks?
    /// Seconds since 1970.
    var readAt = 0.0
  }

  private let store: any LinkKeyStore
  /// The key in the data directory, which older versions used.
  private let old: [UInt8]?
  /// Seconds until a new address expires.
  let lifetime: Double
  private let now: @Sendable () -> Double
  private let state = Mutex(State())

  /// - Throws: ``ImagineError`` of kind `io` if the data directory's key cannot be read, or others
  ///   may read it.
  init(
    _ directory: DataDirectory, store: any LinkKeyStore, lifetime: Double,
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws(ImagineError) {
    old = try Self.key(at: FilePath(directory.mediaKey))
    self.store = store
    self.lifetime = lifetime
    self.now = now
  }

  /// What signs and checks addresses now.
  ///
  /// - Parameter key: the id of a key of an address; another server may have just added it.
  /// - Throws: ``StoreUnreachable`` if the keys were never read. Else the last ones are used while the
  ///   store does not answer.
  func current(knowing key: Substring? = nil) async throws -> MediaLinks {
    let (known, age) = state.withLock { ($0.links, abs(now() - $0.readAt)) }
    if let known {
      let isKnown = key.map(known.has) ?? true
      guard age >= (isKnown ? Self.readSeconds : Self.searchSeconds) else { return known }
      // One caller reads; the others go on with what there is.
      state.withLock { $0.readAt = now() }
    }
    do {
      return try await read()
    } catch {
      guard let known else { throw error }
      return known
    }
  }

  private func read() async throws -> MediaLinks {
    var keys = try await store.linkKeys()
    if keys.isEmpty {
      // Several servers may begin at once; one of the keys becomes the first.
      try await store.addLinkKey(
        id: old == nil ? Self.newID() : MediaLinks.keyOfOldAddresses,
        bytes: old ?? Self.newKey(), onlyIfNone: true)
      keys = try await store.linkKeys()
    }
    guard let links = MediaLinks(keys, lifetime: lifetime, now: now) else {
      throw StoreUnreachable("the store has no key for addresses")
    }
    state.withLock { state in
      state.links = links
      state.readAt = now()
    }
    return links
  }

  static func newID() throws -> String { String(try RandomID.next().prefix(8)) }

  static func newKey() -> [UInt8] { SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) } }

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

extension LinkKeyStore {
  /// Adds a key for addresses, which all servers use from a minute later on.
  ///
  /// - Returns: its id.
  /// - Throws: ``StoreUnreachable``, and ``ImagineError`` of kind `io` without random bytes.
  public func rotateLinkKeys() async throws -> String {
    let id = try LinkKeys.newID()
    try await addLinkKey(id: id, bytes: LinkKeys.newKey(), onlyIfNone: false)
    return id
  }
}
