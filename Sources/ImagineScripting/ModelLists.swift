import ImagineAPI
import ImagineSystem

/// The names that services have listed, kept for completion and for editors: nothing is asked while
/// somebody types.
struct ModelLists: Sendable {
  /// By the name of the provider, then by field.
  private(set) var names: [String: [String: [String]]] = [:]

  private static let maxBytes = 16 << 20

  /// What is kept in a home folder; empty if there is nothing that can be read.
  init(in home: String) {
    guard let bytes = try? FileReader(FilePath(Self.path(in: home))).all(limit: Self.maxBytes),
      let table = try? Value(json: bytes, name: "models.json").table
    else { return }
    names = table.mapValues { fields in
      (fields.table ?? [:]).mapValues { ($0.list ?? []).compactMap(\.text) }
    }
  }

  /// Keeps the list of one provider.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  static func keep(
    _ models: [ListedModel], of provider: String, in home: String
  ) throws(ImagineError) {
    var lists = ModelLists(in: home)
    lists.names[provider] = Dictionary(grouping: models, by: \.role.rawValue)
      .mapValues { $0.map(\.id).sorted() }
    let value = Value.table(
      lists.names.mapValues { .table($0.mapValues { .list($0.map(Value.text)) }) })
    try AtomicFile.makeFolder(home)
    try FilePath(path(in: home)).write(Array(value.json.utf8), replacing: true)
  }

  private static func path(in home: String) -> String { "\(home)/models.json" }

  /// The names for a field at a provider.
  func names(of field: String, at provider: String) -> [String] {
    names[provider]?[field] ?? []
  }
}

extension ProviderProfile {
  /// The profile with the names that the provider has listed as known names of its fields.
  func knowing(_ lists: ModelLists) -> ProviderProfile {
    var copy = self
    copy.operations = operations.map { operation in
      operation.with(
        fields: operation.fields.map { field in
          let listed = lists.names(of: field.name, at: name)
          guard !listed.isEmpty, case .text = field.kind else { return field }
          let standard = [field.hostDefault].compactMap { $0 }
          return field.limited(to: .openChoice(standard + listed.filter { !standard.contains($0) }))
        })
    }
    return copy
  }
}
