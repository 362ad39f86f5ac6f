import ImagineAPI
import ImagineSystem

/// The keys and tokens that are known from the environment and the configuration. They belong in no
/// recording and in no history of the prompt.
struct KnownSecrets: Sendable {
  private(set) var values: [String] = []

  /// All that are known.
  init(_ environment: [String: String]) {
    for (name, value) in environment where Self.isSecret(name) { add(value) }
    let file = try? ConfigurationFile.read(DataFolder.configuration(environment))
    for settings in file?.providers.values ?? [:].values { addToken(of: settings, environment) }
  }

  /// Those of a provider that a script describes.
  init(_ settings: ConfigTable, _ environment: [String: String]) {
    addToken(of: settings, environment)
  }

  private mutating func addToken(of settings: ConfigTable, _ environment: [String: String]) {
    for key in ["token", "comfy_org_key"] {
      if let token = try? settings.text(key) { add(token) }
      if let variable = try? settings.text("\(key)_env"), let token = environment[variable] {
        add(token)
      }
    }
  }

  /// The last word counts: a value may begin with `Bearer`.
  private mutating func add(_ value: String) {
    if let word = value.split(separator: " ").last { values.append(String(word)) }
  }

  /// Whether a variable's name marks a secret: one of its words is such as KEY, as in
  /// `STUDIO_API_KEY`, but not in `KEYMAP` or `MONKEY`.
  static func isSecret(_ variable: String) -> Bool {
    let words = variable.uppercased().split { !$0.isLetter }
    return words.contains { secretWords.contains(String($0)) }
  }

  private static let secretWords: Set<String> = [
    "APIKEY", "APITOKEN", "AUTHTOKEN", "KEY", "KEYS", "PASSWD", "PASSWORD", "SECRET", "SECRETS",
    "TOKEN", "TOKENS",
  ]
}
