import ImagineAPI

/// A token that was just made: 32 random bytes. Only its digest is kept.
public struct NewToken: Sendable {
  /// What its owner sends, such as `imagine_4f…`. The prefix lets scanners of leaked secrets find it.
  public let text: String
  /// Its SHA-256, as ``ServerStore/StoredToken/digest``.
  public var digest: String { Authentication.digest(of: text) }

  public init() {
    var generator = SystemRandomNumberGenerator()
    text =
      "imagine_" + (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }.hexadecimal
  }
}
