/// What one kind of provider does and another does not: the errors about it say who can.
extension ImagineError {
  /// A provider without an operation.
  public static func notOffered(operation: String, by provider: String) -> ImagineError {
    ImagineError(
      .validation, "the provider '\(provider)' has no \(operation); 'imagine' and 'local' have it",
      field: "provider", allowed: ["imagine", "local"])
  }

  /// A field that another kind of provider takes in the same operation.
  ///
  /// - Returns: nil where nobody takes it: then it is misspelt.
  public static func notTaken(
    field: String, of operation: Operation, by provider: String
  ) -> ImagineError? {
    guard operation.field(field) == nil else { return nil }
    let isOfOpenAI = Operation.openAIGenerate(model: nil).field(field) != nil
    let others: String? =
      if Operation.named(operation.name)?.field(field) != nil {
        "'imagine' and 'local' do"
      } else if operation.name == Operation.generate.name && isOfOpenAI {
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
