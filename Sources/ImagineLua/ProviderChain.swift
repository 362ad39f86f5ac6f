import ImagineAPI
import ImagineRuns
import Lua

/// What `imagine.chain` makes: providers that are asked in turn.
struct ProviderChain: Sendable {
  /// One provider, with the fields that its calls have.
  struct Member: Sendable {
    let provider: any Provider
    fileprivate let fields: [String: ScriptValue]
    fileprivate let dropped: Set<String>
  }

  let members: [Member]

  static let maxMembers = 16

  /// Reads `members` and `drop`.
  ///
  /// - Throws: ``ImagineError`` of kind `validation`.
  init(_ call: borrowing LuaCall, in workflow: Workflow) throws {
    let options = try Options(call, 1, of: "chain", allowed: ["members", "drop"])
    let entries = try options.list("members") ?? []
    guard (1...Self.maxMembers).contains(entries.count) else {
      throw ImagineError.invalid(
        field: "members", given: entries.isEmpty ? "no member" : "\(entries.count) members",
        expected: "a list of 1 to \(Self.maxMembers) names of providers, or tables with `provider`"
          + " and fields of its calls")
    }
    let known = Set(ProviderKind.allCases.flatMap(\.operations).flatMap(\.fields).map(\.name))
    let dropped = try (options.list("drop") ?? []).map { entry in
      let name = try entry.name()
      guard known.contains(name) else {
        throw ImagineError.unknown(field: name, of: "chain: drop", allowed: known.sorted())
      }
      return name
    }
    members = try entries.map {
      try Member($0, dropped: Set(dropped), in: workflow)
    }
  }

  /// The name of the client: those of the members.
  var name: String { members.map(\.provider.name).joined(separator: ", ") }

  /// The members that have an operation.
  ///
  /// - Throws: ``ImagineError`` if none has.
  func members(having operation: String) throws(ImagineError) -> [Member] {
    let able = members.filter { member in
      member.provider.profile.operations.contains { $0.name == operation }
    }
    guard able.isEmpty else { return able }
    throw .unsupportedOperation(operation: operation, by: name)
  }
}

extension ProviderChain.Member {
  fileprivate init(
    _ entry: ScriptValue, dropped: Set<String>, in workflow: Workflow
  ) throws {
    self.dropped = dropped
    guard var fields = try entry.fields(known: Array(Set(Call.knownNames.values.joined()))) else {
      provider = try workflow.provider(entry.name())
      self.fields = [:]
      return
    }
    guard let value = fields.removeValue(forKey: CallField.provider.name) else {
      throw ImagineError.missing(
        field: CallField.provider.name, of: "chain", expected: "the name of a provider")
    }
    provider = try value.provider(in: workflow)
    // An option may stand there as well, such as a timeout of this member.
    let options = (CallField.sending + [CallField.cache, CallField.extra]).map(\.name)
    let allowed = Set(provider.profile.operations.flatMap(\.fields).map(\.name) + options)
    for name in fields.keys.sorted() where !allowed.contains(name) {
      throw ImagineError.unknown(
        field: name, of: "chain: \(provider.name)", allowed: allowed.sorted())
    }
    self.fields = fields
  }

  /// Changes the fields of a call to what this member is asked.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` if the call names a provider.
  func adapt(_ call: inout [String: ScriptValue], of operation: String) throws(ImagineError) {
    guard call[CallField.provider.name] == nil else {
      throw .invalid(
        field: CallField.provider.name, given: "a provider of a call at a chain",
        expected: "none: the members of the chain are the providers")
    }
    let own = provider.profile.operations.first { $0.name == operation }
    for name in dropped where own?.field(name) == nil { call[name] = nil }
    for (name, value) in fields {
      let isOption = CallField.ofEveryCall.contains { $0.name == name }
      if isOption || own?.field(name) != nil { call[name] = value }
    }
  }
}

extension Workflow {
  /// Prepares a script's call at each member that has its operation.
  func asyncCall(
    of operation: String, _ call: borrowing LuaCall, argument: Int, chain: ProviderChain
  ) throws -> LuaAsyncCall {
    var prepared: [PreparedCall] = []
    var returnsList = false
    for member in try chain.members(having: operation) {
      do {
        let wanted = try Call(
          call, argument, of: operation, at: member.provider, in: self, member: member)
        returnsList = wanted.count != nil
        prepared.append(try prepare(wanted))
      } catch var error as ImagineError {
        let field = member.provider.profile.operations.first { $0.name == operation }?
          .field(error.field ?? "")
        if error.kind == .validation, let name = error.field, field == nil,
          Call.knownNames[operation]?.contains(name) == true
        {
          error.message += "; drop = { \"\(name)\" } in the chain leaves it out there"
        }
        throw error
      }
    }
    let chain = PreparedChain(prepared)
    return try PreparedCall.asyncCall(of: chain.operation, returnsList: returnsList) {
      try await chain.perform()
    }
  }
}
