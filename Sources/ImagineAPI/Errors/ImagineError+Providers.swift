/// Errors about operations and fields that one kind of provider supports and another does not. They
/// name the providers that do.
extension ImagineError {
  /// The provider does not support the operation.
  public static func unsupportedOperation(operation: String, by provider: String) -> ImagineError {
    let known = names(with: operation)
    let others = known.isEmpty ? names { $0.kind == .imagine } : known
    return ImagineError(
      .validation,
      "the provider '\(provider)' has no \(operation); \(quoted(others, " and "))"
        + " \(others.count == 1 ? "has" : "have") it",
      field: "provider", allowed: others)
  }

  /// The provider does not support the field in this operation, but another kind of provider does.
  ///
  /// - Returns: nil if no provider has the field: then it is misspelt.
  public static func unsupportedField(
    field: String, of operation: MediaOperation, by provider: String
  ) -> ImagineError? {
    guard operation.field(field) == nil else { return nil }
    func has(_ other: MediaOperation) -> Bool {
      other.name == operation.name && other.field(field) != nil
    }
    let known = names { $0.kind == .imagine && $0.operations.contains(where: has) }
    let others: String? =
      if !known.isEmpty {
        "\(quoted(known, " and ")) \(known.count == 1 ? "does" : "do")"
      } else if ProviderKind.openai.operations.contains(where: has) {
        "\(quoted(names { $0.kind == .openai }, ", ")) and others of their kind do"
      } else if let kind = ProviderKind.allCases.first(where: { $0.operations.contains(where: has) }
      ) {
        "providers of the kind '\(kind.rawValue)' do"
      } else {
        nil
      }
    return others.map { others in
      ImagineError(
        .validation,
        "\(operation.name): the provider '\(provider)' takes no '\(field)'; \(others)"
          + " (fields: \(operation.fields.map(\.name).joined(separator: ", ")))",
        field: field, allowed: operation.fields.map(\.name))
    }
  }

  private static func names(with operation: String) -> [String] {
    names { provider in provider.operations.contains { $0.name == operation } }
  }

  /// Built-in providers, those that have the name of their kind first.
  private static func names(where matches: (BuiltInProvider) -> Bool) -> [String] {
    let found = BuiltInProvider.allCases.filter(matches)
    let named = found.filter { $0.name == $0.kind.rawValue }
    return (named + found.filter { $0.name != $0.kind.rawValue }).map(\.name)
  }

  private static func quoted(_ names: [String], _ last: String) -> String {
    let names = names.map { "'\($0)'" }
    let start = names.dropLast().joined(separator: ", ")
    return start.isEmpty ? names.joined() : start + last + names.suffix(1).joined()
  }
}
