import ImagineAPI
public import ImagineRuns
import ImagineSystem
public import Lua

/// The module `imagine`: what a script calls.
public struct ImagineModule: Sendable {
  private let workflow: Workflow

  /// The chunk name of the module's Lua parts in messages and tracebacks.
  static let chunkName = "=[imagine]"

  /// Creates the module for the calls of one workflow. Nothing happens before ``install(in:)``.
  public init(workflow: Workflow) {
    self.workflow = workflow
  }

  /// Makes `imagine` a global and the module `imagine` of `require`; installs the ``ScriptLibrary``
  /// too.
  ///
  /// - Parameter runsPrograms: whether `process` runs programs, which a plan does not.
  /// - Throws: ``ImagineError`` if the run to resume cannot be resumed.
  public func install(in state: LuaState, runsPrograms: Bool = true) throws {
    try workflow.resumeRun()
    try seedRandomNumbers(of: state)
    let table = try makeClient(in: state, provider: nil)
    try table.set(images)
    try table.set(catalogue)
    for step in PictureOperation.all where !step.isMethod {
      try table.set(
        step.name,
        to: LuaNativeFunction.async { [workflow] call in
          try workflow.asyncStep(step, call, argument: 1)
        })
    }
    try SpendingModule(workflow: workflow).install(in: state, table)
    try state.globals.set("imagine", to: table)
    try state.setModule("imagine", to: table)
    try ScriptLibrary.install(in: state, web: workflow.web, runsPrograms: runsPrograms)
  }

  /// Seeds `math.random` with the run's seed: a resumed run gets the same numbers again.
  private func seedRandomNumbers(of state: LuaState) throws {
    guard case .table(let math) = try state.globals.get("math"),
      case .function(let randomseed) = try math.get("randomseed")
    else { return }
    let seed = workflow.run.seed
    try randomseed.call([.integer(seed.first), .integer(seed.second)])
  }

  /// The functions of a client: operations and jobs at one provider; nil for the default one.
  ///
  /// - Parameter chain: the providers of operations that are asked in turn. A job belongs to the one
  ///   that accepted it.
  private func makeClient(
    in state: LuaState, provider: (any Provider)?, chain: ProviderChain? = nil
  ) throws -> LuaTable {
    let table = try state.makeTable(fields: 32)
    for operation in MediaOperation.all {
      try table.set(
        operation.name,
        to: LuaNativeFunction.async { [workflow] call in
          if let chain {
            return try workflow.asyncCall(of: operation.name, call, argument: 1, chain: chain)
          }
          return try workflow.asyncCall(
            of: operation.name, call, argument: 1, provider: provider)
        })
    }
    try table.set(jobs(at: provider))
    try table.set("wait", to: JobWait.function(in: state, workflow, provider: provider))
    return table
  }

  private var images: KeyValuePairs<String, LuaNativeFunction> {
    [
      "open": .async { [workflow] call in
        try call.refuseArguments(after: 1, of: "open")
        let path = try FilePath(call, 1)
        try ProcessLimits.checkBeforeFirstCall()
        return LuaAsyncCall(purpose: "opening \(path)") { try await workflow.open(path) }
      },
      "inspect": .async { [workflow] call in try workflow.inspecting(call) },
      "decode": .async { [workflow] call in
        try call.refuseArguments(after: 1, of: "decode")
        let memory = try call.state.reserve(bytes: call.byteCount(1))
        let bytes = try call.bytes(1)
        try ProcessLimits.checkBeforeFirstCall()
        return LuaAsyncCall(purpose: "an image") {
          defer { memory.release() }
          return try await workflow.decode(bytes)
        }
      },
    ]
  }

  private func jobs(
    at provider: (any Provider)?
  ) -> KeyValuePairs<String, LuaNativeFunction> {
    [
      "status": .async { [workflow] call in
        let options = try Options(call, 2, of: "status", allowed: ["provider"])
        let subject = try JobReference(call, 1, workflow.provider(in: options) ?? provider)
        return LuaAsyncCall(purpose: "the job \(subject.id)") {
          try await subject.current(in: workflow)
        }
      },
      "delete": .async { [workflow] call in
        let options = try Options(call, 2, of: "delete", allowed: ["provider"])
        let subject = try JobReference(call, 1, workflow.provider(in: options) ?? provider)
        return LuaAsyncCall(
          whenCancelled: .finishInBackground, purpose: "the job \(subject.id)"
        ) {
          try await subject.delete(in: workflow)
          return true
        }
      },
    ]
  }

  private var catalogue: KeyValuePairs<String, LuaNativeFunction> {
    [
      "provider": LuaNativeFunction { [self] call in
        try call.refuseArguments(after: 1, of: "provider", allowsIndex: false)
        let provider = try workflow.provider(of: call.value(1))
        let client = try makeClient(in: call.state, provider: provider)
        try client.set("name", to: provider.name)
        return try call.results(client)
      },
      "chain": LuaNativeFunction { [self] call in
        let chain = try ProviderChain(call, in: workflow)
        let client = try makeClient(in: call.state, provider: nil, chain: chain)
        try client.set("name", to: chain.name)
        return try call.results(client)
      },
      "configure": LuaNativeFunction { [workflow] call in
        try workflow.configure(
          Options(
            call, 1, of: "configure", allowed: SettingField.all.map(\.name)))
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
