/// A key that signs the addresses of media.
public struct LinkKey: Sendable, Hashable {
  /// Part of each address, so that a server knows the key. Made by whoever adds the key.
  public var id: String
  /// Secret.
  public var bytes: [UInt8]
  /// Seconds since 1970, by the store's clock.
  public var createdAt: Double

  public init(id: String, bytes: [UInt8], createdAt: Double) {
    self.id = id
    self.bytes = bytes
    self.createdAt = createdAt
  }
}

/// The keys of addresses, which all servers of a service share.
///
/// A new key is not used at once: a server that has not read it yet would refuse its addresses.
public protocol LinkKeyStore: Sendable {
  /// All keys, the newest first.
  func linkKeys() async throws -> [LinkKey]

  /// Adds a key. A repetition changes nothing.
  ///
  /// - Parameter isFirst: true to add it only if there is none, so that of several servers that start
  ///   at once one makes the first key.
  func addLinkKey(id: String, bytes: [UInt8], onlyIfNone isFirst: Bool) async throws

  /// Removes a key: its addresses are refused from now on.
  func removeLinkKey(id: String) async throws
}
