/// Errors about operations and fields that one kind of provider supports and another does not. They
/// name the providers that do.
extension ImagineError {
  /// The provider does not support the operation.
  public static func unsupportedOperation(operation: String, by provider: String) -> ImagineError {
    let others = names(of: .imagine)
    return ImagineError(
      .validation,
      "the provider '\(provider)' has no \(operation); \(quoted(others, " and ")) have it",
      field: "provider", allowed: others)
  }

  /// The provider does not support the field in this operation, but another kind of provider does.
  ///
  /// - Returns: nil if no provider has the field: then it is misspelt.
  public static func unsupportedField(
    field: String, of operation: MediaOperation, by provider: String
  ) -> ImagineError? {
    guard operation.field(field) == nil else { return nil }
    let isOfOpenAI = MediaOperation.openAIGenerate(model: nil).field(field) != nil
    let others: String? =
      if MediaOperation.named(operation.name)?.field(field) != nil {
        "\(quoted(names(of: .imagine), " and ")) do"
      } else if operation.name == MediaOperation.generate.name && isOfOpenAI {
        "\(quoted(names(of: .openai), ", ")) and others of their kind do"
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

  /// The built-in providers of a kind, the one that has its name first.
  private static func names(of kind: ProviderKind) -> [String] {
    let names = BuiltInProvider.allCases.filter { $0.kind == kind }.map(\.name)
    return names.filter { $0 == kind.rawValue } + names.filter { $0 != kind.rawValue }
  }

  private static func quoted(_ names: [String], _ separator: String) -> String {
    names.map { "'\($0)'" }.joined(separator: separator)
  }
}
