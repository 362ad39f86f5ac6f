import ImagineAPI

/// Editor types of the providers in `config.toml`: their operations with their models, sizes and
/// defaults. The file stands beside `imagine.lua` in the editor's library.
public enum ProjectTypes {
  /// The whole file.
  public static func text(of profiles: [ProviderProfile]) -> String {
    var paragraphs = [
      [
        "---@meta",
        "--- The providers of this machine's config.toml, for editors. Written by `imagine describe"
          + " --types`.",
      ]
    ]
    var names: Set<String> = []
    for profile in profiles {
      let name = identifier(profile.name, unlike: names)
      names.insert(name)
      paragraphs += types(of: profile, named: name)
    }
    return paragraphs.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }

  /// Types of one provider: the classes of its calls, its client, and how a script gets that.
  private static func types(of profile: ProviderProfile, named name: String) -> [[String]] {
    let prefix = "imagine.at.\(name)"
    // A provider without jobs has no `status`, `wait` and `delete`.
    let parent = profile.operations.contains { $0.answer == .job } ? ": imagine.named_client" : ""
    let parameter = LuaTypes.literal(profile.name) ?? "string"
    var client = ["--- The provider '\(profile.name.inOneLine)'."]
    for operation in profile.operations {
      let prices = profile.priceTexts(of: operation.name).map(\.inOneLine)
      if !prices.isEmpty {
        client.append("--- - \(operation.name): \(prices.joined(separator: "; "))")
      }
    }
    client.append("---@class \(prefix)\(parent)")
    if parent.isEmpty { client.append("---@field name string") }
    client.append("local \(name) = {}")
    let operations = profile.operations.map { $0.withPricedStyles(of: profile.prices) }
    return operations.map { EditorTypes.types.classes(of: $0, prefix: prefix) } + [client]
      + operations.map { EditorTypes.types.function(of: $0, table: name, prefix: prefix) } + [
        [
          "---@param provider \(parameter)", "---@return \(prefix)",
          "function imagine.provider(provider) end",
        ]
      ]
  }

  /// A Lua identifier for a provider's name.
  private static func identifier(_ name: String, unlike others: Set<String>) -> String {
    var text = String(
      name.unicodeScalars.map { scalar -> Character in
        let isWord = scalar.isASCII && (scalar.properties.isAlphabetic || scalar == "_")
        return isWord || ("0"..."9").contains(scalar) ? Character(scalar) : "_"
      })
    if text.isEmpty || keywords.contains(text) { text += "_" }
    if text.first?.isNumber == true { text = "_\(text)" }
    var unique = text
    var number = 2
    while others.contains(unique) {
      unique = "\(text)_\(number)"
      number += 1
    }
    return unique
  }

  private static let keywords: Set<String> = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
    "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
    // A local of that name would hide the module.
    "imagine", "task",
  ]
}

extension MediaOperation {
  /// The operation with the models that have a price and the default model as known names.
  fileprivate func withPricedStyles(of prices: PriceList) -> MediaOperation {
    let models = prices.pricedStyles(of: name)
    return with(
      fields: fields.map { field in
        guard field.name == "model" else { return field }
        let listed = field.knownNames.filter { !models.contains($0) }
        let known =
          (field.standard.map { [$0] } ?? [])
          + (models + listed).filter { $0 != field.standard }
        return known.isEmpty ? field : field.limited(to: .openChoice(known))
      })
  }
}
