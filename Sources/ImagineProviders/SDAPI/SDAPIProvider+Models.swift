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

  /// What a call names, as the server writes it; nil if the call leaves it to the server. A server
  /// without a list is given the name as it is.
  func knownName(_ role: ListedModel.Role, of request: Request) -> String? {
    guard let name = request[role.rawValue]?.text else { return nil }
    return models.listed.withLock { $0[role]?.first { $0.isNamed(name) } }?.id ?? name
  }

  /// Asks the server for its list, unless that has the name already.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` for a name that is not in the list: A1111 would
  ///   take the loaded model in its place, without a word.
  func checkName(
    _ role: ListedModel.Role, of request: Request, _ context: CallContext
  ) async throws {
    guard service.dialect == .a1111, let name = request[role.rawValue]?.text,
      models.listed.withLock({ $0[role]?.contains { $0.isNamed(name) } }) != true,
      let list = try? await list(role, context)
    else { return }
    models.listed.withLock { $0[role] = list }
    guard !list.contains(where: { $0.isNamed(name) }) else { return }
    let names = list.map(\.id)
    throw ImagineError.invalid(
      field: role.rawValue, given: "\"\(name)\"",
      expected: names.isEmpty
        ? "none: the server lists no \(role.rawValue)s"
        : "one of: \(names.prefix(20).joined(separator: ", "))\(names.count > 20 ? ", …" : "")",
      allowed: names)
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
