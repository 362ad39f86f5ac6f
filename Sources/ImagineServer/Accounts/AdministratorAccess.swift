import ImagineAPI
import ImagineSystem

/// Who may see how the service does: programs on this machine, and whoever has the token for it.
public struct AdministratorAccess: Sendable {
  /// The SHA-256 of the token; nil if there is none.
  private let digest: String?

  /// Programs on this machine alone.
  public static let local = AdministratorAccess(digest: nil)

  private init(digest: String?) {
    self.digest = digest
  }

  init(token: String) {
    digest = Authentication.digest(of: token)
  }

  /// Reads the token, the only word of a file.
  ///
  /// - Throws: ``SettingsError`` if others may read the file or it does not hold one word.
  public init(tokenFile path: String) throws(SettingsError) {
    let text: String
    do throws(SettingsError) {
      text = try SettingsTable.text(of: path, isSecret: true)
    } catch {
      throw SettingsError("\(path): \(error.description)")
    }
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 1 else {
      throw SettingsError("\(path): expected one word, the token, not \(words.count)")
    }
    self.init(token: String(words[0]))
  }

  /// - Throws: ``APIError`` 1001 with the status 403 for anybody else.
  func check(_ client: Client, authorization: String?) throws(APIError) {
    if client.isLocal { return }
    let token = authorization.flatMap(Dialect.imagine.token(inAuthorization:))
    if let token, let digest, Authentication.digest(of: token) == digest { return }
    throw APIError(
      .tokenInvalid,
      digest == nil
        ? "only programs on this machine may read this (others need the token of --metrics-token)"
        : "this needs the token of --metrics-token",
      status: 403)
  }
}
