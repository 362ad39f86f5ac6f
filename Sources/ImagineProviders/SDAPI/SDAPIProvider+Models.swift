public import ImagineAPI
import Synchronization

/// What a server has listed, asked for once.
final class SDAPIModels: Sendable {
  fileprivate let listed = Mutex<[ListedModel.Role: [ListedModel]]>([:])
}

/// What a server has names of.
extension SDAPIProvider {
  public func models(_ context: CallContext) async throws -> [ListedModel]? {
    do {
      var all = try await list(.model, context) ?? []
      guard service.dialect != .drawthings else { return all }
      for role in ListedModel.Role.allCases where role != .model {
        all += try await list(role, context) ?? []
      }
      return all
    } catch let error as ImagineError {
      throw await explained(error, of: nil, context)
    }
  }

  /// The model of a call as the server writes it; nil if the call leaves it to the server.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` for a name that is not in its list: A1111 would
  ///   take the loaded model in its place, without a word.
  func model(of request: Request, _ context: CallContext) async throws -> String? {
    guard let name = request["model"]?.text else { return nil }
    return try await listedName(of: name, .model, context)
  }

  /// The upscaler of a call as the server writes it; nil for a call that takes none.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` for a name that is not in its list.
  func upscaler(of request: Request, _ context: CallContext) async throws -> String? {
    guard let name = request[ListedModel.Role.upscaler.rawValue]?.text else { return nil }
    return try await listedName(of: name, .upscaler, context)
  }

  /// A name as the server writes it. A server without a list is given the name as it is.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` for a name that is not in the list.
  func listedName(
    of name: String, _ role: ListedModel.Role, _ context: CallContext
  ) async throws -> String {
    guard service.dialect == .a1111 else { return name }
    let known = models.listed.withLock { $0[role]?.first { $0.isNamed(name) } }
    if let known { return known.id }
    guard let list = try? await list(role, context) else { return name }
    models.listed.withLock { $0[role] = list }
    guard let found = list.first(where: { $0.isNamed(name) }) else {
      let names = list.map(\.id)
      throw ImagineError.invalid(
        field: role.rawValue, given: "\"\(name)\"",
        expected: names.isEmpty
          ? "none: the server lists no \(role.rawValue)s"
          : "one of: \(names.prefix(20).joined(separator: ", "))\(names.count > 20 ? ", …" : "")",
        allowed: names)
    }
    return found.id
  }

  /// What the server lists; nil for a list that it does not have.
  private func list(
    _ role: ListedModel.Role, _ context: CallContext
  ) async throws -> [ListedModel]? {
    let isSettings = role == .model && service.dialect == .drawthings
    let path = isSettings ? "/sdapi/v1/options" : Self.path(of: role)
    let call = call("GET", path, context, seconds: Self.patience)
    return try await transport.performFollowingRedirects(call) { answer in
      guard answer.isSuccess else {
        let body = try await answer.errorBody()
        if role != .model, [404, 405, 501].contains(answer.status) { return nil }
        throw Self.fault(answer, body)
      }
      let root = JSONValue(try await answer.bytes(upTo: Self.maxListBytes))
      if isSettings {
        return root?["model"]?.text.map { [ListedModel(id: $0)] } ?? []
      }
      guard let list = root?.list else {
        throw answer.unexpected("the answer lists no \(role.rawValue)s")
      }
      return list.compactMap { Self.entry($0, role) }
    }
  }

  /// Seconds for a list.
  private static let patience = 20.0
  /// A model may have much metadata.
  private static let maxListBytes = 16 << 20

  private static func path(of role: ListedModel.Role) -> String {
    switch role {
    case .model: "/sdapi/v1/sd-models"
    case .sampler: "/sdapi/v1/samplers"
    case .scheduler: "/sdapi/v1/schedulers"
    case .upscaler: "/sdapi/v1/upscalers"
    case .lora: "/sdapi/v1/loras"
    }
  }

  private static func entry(_ value: JSONValue, _ role: ListedModel.Role) -> ListedModel? {
    let names = ["title", "model_name", "hash"].compactMap { value[$0]?.text }
    guard role == .model else {
      guard let name = value["name"]?.text, name != "None" else { return nil }
      let label = value["label"]?.text
      let aliases = (value["aliases"]?.list ?? []).compactMap(\.text) + [label].compactMap { $0 }
      return ListedModel(id: name, role: role, aliases: aliases.filter { $0 != name })
    }
    guard let id = names.first else { return nil }
    // Without its folder, and without its extension.
    let file = value["filename"]?.text?.split { $0 == "/" || $0 == "\\" }.last.map(String.init)
    let stem = file.flatMap { file in
      file.lastIndex(of: ".").map { String(file[..<$0]) }
    }
    let aliases = names.dropFirst() + [file, stem].compactMap { $0 }
    return ListedModel(id: id, aliases: aliases.filter { $0 != id })
  }
}
