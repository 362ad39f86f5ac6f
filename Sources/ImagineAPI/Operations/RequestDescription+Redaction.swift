extension RequestDescription {
  package func text(_ field: String) -> String? { fields[field]?.text }

  public var prompt: String? { text("prompt") }
  /// The style; for OpenAI-style services the model.
  public var styleOrModel: String? { text("style") ?? text("model") }
  public var seed: Int64? { fields["seed"]?.integer }

  /// The description without `extra` fields that may contain a secret, an address or a path.
  /// Scripts may pass anything in `extra`, and an image may be published.
  public var redacted: RequestDescription {
    var copy = self
    copy.extra = extra.filter { !Self.isSecret($0.key) && !Self.containsSecret($0.value) }
    return copy
  }

  /// The redaction of version 1 of the journal's keys: it removed each field with a word such as
  /// `key` anywhere in its name, such as `keyframes`.
  public var redactedByVersion1: RequestDescription {
    var copy = self
    copy.extra = extra.filter { name, value in
      let name = name.lowercased()
      return !Self.secretWordsOfVersion1.contains(where: name.contains)
        && !Self.isAddressOrPath(value)
    }
    return copy
  }

  /// Whether a value, or one within it, may be a secret, an address or a path.
  private static func containsSecret(_ value: Value) -> Bool {
    switch value {
    case .list(let values): values.contains(where: containsSecret)
    case .table(let members): members.contains { isSecret($0.key) || containsSecret($0.value) }
    default: isAddressOrPath(value)
    }
  }

  private static func isAddressOrPath(_ value: Value) -> Bool {
    guard case .text(let text) = value else { return false }
    return text.contains("://") || text.hasPrefix("/") || text.hasPrefix("~")
  }

  /// Whether a field name denotes a secret: `api_key`, `apiKey`, `x-auth-token`. Names that only
  /// begin with such a word, such as `keyframes` or `author`, do not.
  private static func isSecret(_ name: String) -> Bool {
    let words = words(of: name)
    guard let last = words.last else { return false }
    return secretWords.contains(last) || secretWords.contains(words.suffix(2).joined())
      || words.dropLast().contains { $0 == "secret" || $0 == "webhook" }
  }

  /// Splits a name into lower-case words, at separators and capitals.
  private static func words(of name: String) -> [String] {
    var words: [String] = []
    var word = ""
    var isAfterLowercase = false
    for character in name {
      guard character.isLetter || character.isNumber else {
        words.append(word)
        word = ""
        continue
      }
      if character.isUppercase, isAfterLowercase {
        words.append(word)
        word = ""
      }
      isAfterLowercase = character.isLowercase
      word += character.lowercased()
    }
    return (words + [word]).filter { !$0.isEmpty }
  }

  /// Last words of secret field names.
  private static let secretWords: Set<String> = [
    "token", "key", "apikey", "accesskey", "secretkey", "secret", "password", "passwd",
    "passphrase",
    "auth", "authorization", "credential", "credentials", "webhook", "cookie", "accesstoken",
    "authtoken", "bearer",
  ]

  /// Parts of secret field names in version 1.
  private static let secretWordsOfVersion1 = [
    "token", "key", "secret", "password", "auth", "credential", "webhook", "cookie",
  ]
}
