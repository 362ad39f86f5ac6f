import ImagineCore
public import Lua

/// The module `imagine`: what a script calls.
public struct ImagineModule: Sendable {
  private let session: Session

  /// What messages and tracebacks call the parts that are written in Lua.
  static let chunkName = "=[imagine]"

  public init(session: Session) {
    self.session = session
  }

  /// Makes `imagine` a global of a state, and what `require "imagine"` gives; installs the
  /// ``ScriptLibrary`` beside it.
  ///
  /// - Throws: ``ImagineError`` where a run that is to be resumed cannot be taken up.
  public func install(in state: LuaState) throws {
    try session.takeUpRun()
    try seedRandomNumbers(of: state)
    let table = try makeClient(in: state, provider: nil)
    try table.set(pictures)
    try table.set(catalogue)
    try PayingModule(session: session).install(in: state, table)
    try state.globals.set("imagine", to: table)
    try state.setModule("imagine", to: table)
    try ScriptLibrary.install(in: state)
  }

  /// A run that goes on draws the numbers that it drew before.
  private func seedRandomNumbers(of state: LuaState) throws {
    guard case .table(let math) = try state.globals.get("math"),
      case .function(let randomseed) = try math.get("randomseed")
    else { return }
    let seed = session.run.seed
    try randomseed.call([.integer(seed.first), .integer(seed.second)])
  }

  /// The operations and what can be asked of jobs, at one provider or at the one in use.
  private func makeClient(in state: LuaState, provider: (any Provider)?) throws -> LuaTable {
    let table = try state.makeTable(fields: 32)
    for operation in Operation.all {
      try table.set(
        operation.name,
        to: LuaNativeFunction.async { [session] call in
          try session.asyncCall(
            of: operation.name, call, argument: 1, provider: provider)
        })
    }
    try table.set(jobs(at: provider))
    try table.set("wait", to: JobWatch.function(in: state, session, provider: provider))
    return table
  }

  private var pictures: KeyValuePairs<String, LuaNativeFunction> {
    [
      "open": .async { [session] call in
        try call.refuseArguments(after: 1, of: "open")
        let path = try FilePath(call, 1)
        try DescriptorCheck.run()
        return LuaAsyncCall(purpose: "opening \(path)") { try await session.open(path) }
      },
      "decode": .async { [session] call in
        try call.refuseArguments(after: 1, of: "decode")
        let memory = try call.state.reserve(bytes: call.byteCount(1))
        let bytes = try call.bytes(1)
        try DescriptorCheck.run()
        return LuaAsyncCall(purpose: "a picture") {
          defer { memory.release() }
          return try await session.decode(bytes)
        }
      },
    ]
  }

  private func jobs(
    at provider: (any Provider)?
  ) -> KeyValuePairs<String, LuaNativeFunction> {
    [
      "status": .async { [session] call in
        let options = try Options(call, 2, of: "status", allowed: ["provider"])
        let subject = try JobSubject(call, 1, session.provider(in: options) ?? provider)
        return LuaAsyncCall(purpose: "the job \(subject.id)") {
          try await subject.current(in: session)
        }
      },
      "delete": .async { [session] call in
        let options = try Options(call, 2, of: "delete", allowed: ["provider"])
        let subject = try JobSubject(call, 1, session.provider(in: options) ?? provider)
        return LuaAsyncCall(
          whenCancelled: .finishInBackground, purpose: "the job \(subject.id)"
        ) {
          try await subject.delete(in: session)
          return true
        }
      },
    ]
  }

  private var catalogue: KeyValuePairs<String, LuaNativeFunction> {
    [
      "provider": LuaNativeFunction { [self] call in
        try call.refuseArguments(after: 1, of: "provider", allowsIndex: false)
        let provider = try session.provider(of: call.value(1))
        let client = try makeClient(in: call.state, provider: provider)
        try client.set("name", to: provider.name)
        return try call.results(client)
      },
      "configure": LuaNativeFunction { [session] call in
        try session.configure(
          Options(
            call, 1, of: "configure",
            allowed: [
              "provider", "concurrency", "rate", "budget", "max_calls", "allow_unpriced", "cache",
            ] + CallOptions.names))
        return .none
      },
      "styles": LuaNativeFunction { call in
        try call.refuseArguments(after: 0, of: "styles", allowsIndex: false)
        let state = call.state
        let list = try state.makeTable(list: ImageStyle.allCases.count)
        for style in ImageStyle.allCases {
          let entry = try state.makeTable(fields: 3)
          try entry.set("name", to: style.rawValue)
          try entry.set("summary", to: style.summary)
          try entry.set("price", to: style.price)
          try list.append(entry)
        }
        return try call.results(list)
      },
      "is_error": LuaNativeFunction { call in
        let isError = call.userdataIfPresent(1, ErrorObject.luaType) != nil
        return try call.results(isError ? try call.value(1) : .nil)
      },
    ]
  }
}
