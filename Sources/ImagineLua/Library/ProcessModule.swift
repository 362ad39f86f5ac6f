import ImagineAPI
import ImagineSystem
import Lua

/// The Swift part of the module `process`.
struct ProcessModule: Sendable {
  /// False in a plan: each program is checked, and ends at once with code 0 and empty texts.
  let runsPrograms: Bool

  private static let timeout = Field(
    "timeout", .seconds, .optional, unit: "seconds", summary: "when the program is killed")

  func makeTable(in state: LuaState) throws -> LuaTable {
    let table = try state.makeTable(["run": LuaNativeFunction.async { try run($0) }])
    try table.set(LibraryFault.functions)
    return table
  }

  private func run(_ call: borrowing LuaCall) throws -> LuaAsyncCall {
    let words = try ScriptValue(call.value(1), "argv").entries()
    let options = try Options(
      call, 2, of: "process.run", allowed: ["input", "timeout", "env", "cwd"])
    guard let first = try words.first?.text(), !first.isEmpty else {
      throw ImagineError.invalid(
        field: "argv", given: words.isEmpty ? "an empty list" : "an empty name",
        expected: "a program and its arguments")
    }
    let arguments = try words.map { (word) throws(ImagineError) in try word.bytesWithoutZero() }
    let environment = try Self.environment(changedBy: options.fields("env") ?? [:])
    let variables = environment.map { $0.key + [UInt8(ascii: "=")] + $0.value }
    let path = environment[Array("PATH".utf8)].map { String(decoding: $0, as: UTF8.self) }
    guard let program = CommandProcess.path(of: first, inPATH: path) else {
      throw ImagineError(.io, "the program '\(first)' is not in a folder of PATH", field: "argv")
    }
    let process = CommandProcess(
      program: program, arguments: Array(arguments.dropFirst()), environment: variables,
      folder: try options.path("cwd"))
    let input = try options.bytes("input") ?? []
    let seconds = try options.value(of: Self.timeout)?.double
    let memory = try call.state.reserve(bytes: input.count)
    try ProcessLimits.checkBeforeFirstCall()
    return LuaAsyncCall(purpose: "the program \(first)") {
      [runsPrograms] () -> (code: Int, output: [UInt8], errors: [UInt8]) in
      guard runsPrograms else { return (0, [], []) }
      let outcome = try await process.run(
        by: seconds.map { Deadline(in: $0) }, input: input
      ) { count in
        guard memory.byteCount + count <= FilePath.maxBytes + input.count else {
          throw ImagineError(
            .io, "\(first) wrote more than \(FilePath.maxBytes >> 20) MiB and was killed")
        }
        try memory.grow(by: count)
      }
      guard let code = outcome.end.code else {
        throw ImagineError(
          .timeout, "\(first) did not end within \(seconds ?? 0) seconds and was killed")
      }
      return (code, outcome.output, outcome.errors)
    } completion: { (state: LuaState, outcome) in
      memory.release()
      let table = try state.makeTable(fields: 3)
      try table.set("code", to: outcome.code)
      try table.set("out", to: LuaString(outcome.output))
      try table.set("err", to: LuaString(outcome.errors))
      return try state.results(table)
    }
  }

  /// The variables of this process with those that a script sets and removes.
  private static func environment(
    changedBy changes: [String: ScriptValue]
  ) throws -> [[UInt8]: [UInt8]] {
    var variables = Dictionary(
      ProcessEnvironment.variables.map { ($0.name, $0.value) },
      uniquingKeysWith: { first, _ in first })
    for (name, value) in changes {
      guard !name.isEmpty, !name.utf8.contains(0), !name.contains("=") else {
        throw ImagineError.invalid(
          field: "env", given: Value.text(name).quoted,
          expected: "names without '=' and zero bytes")
      }
      variables[Array(name.utf8)] =
        value.isFalse ? nil : try value.bytesWithoutZero(expected: "a string, or false")
    }
    return variables
  }
}

extension CommandProcess.End {
  /// As a shell has it; nil if its time was over.
  fileprivate var code: Int? {
    switch self {
    case .exited(let code): Int(code)
    case .killed(let signal): 128 + Int(signal)
    case .timedOut: nil
    }
  }
}
