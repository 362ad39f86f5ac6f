/// Errors about operations and fields that one kind of provider supports and another does not. They
/// name the providers that do.
extension ImagineError {
  /// The provider does not support the operation.
  public static func unsupportedOperation(operation: String, by provider: String) -> ImagineError {
    ImagineError(
      .validation, "the provider '\(provider)' has no \(operation); 'imagine' and 'local' have it",
      field: "provider", allowed: ["imagine", "local"])
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
        "'imagine' and 'local' do"
      } else if operation.name == MediaOperation.generate.name && isOfOpenAI {
        "'openai', 'llmvin' and others of their kind do"
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
}
