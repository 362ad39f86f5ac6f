import ImagineAPI
import ImagineSystem
import Lua

/// The Swift part of the module `http`.
struct WebModule: Sendable {
  let web: (any WebClient)?

  private static let timeout = Field(
    "timeout", .seconds, .defaulted("60"), unit: "seconds",
    summary: "to the last byte of the answer")

  func makeTable(in state: LuaState) throws -> LuaTable {
    let table = try state.makeTable(["send": LuaNativeFunction.async { try send($0) }])
    try table.set(LibraryFault.functions)
    return table
  }

  /// `send(method, url, { headers, body, timeout, type })`, checked by the Lua part.
  private func send(_ call: borrowing LuaCall) throws -> LuaAsyncCall {
    let method = try call.string(1)
    let name = "http.\(method.lowercased())"
    let address = try ScriptValue(call.value(2), "url").text()
    let options = try Options(
      call, 3, of: name, allowed: ["headers", "body", "timeout", "type"])
    var headers = try (options.fields("headers") ?? [:]).mapValues { value in try value.text() }
    let isTyped = headers.keys.contains { $0.lowercased() == "content-type" }
    if let type = try options.text("type"), !isTyped { headers["Content-Type"] = type }
    let request = WebRequest(
      method: method, address: address, headers: headers, body: try options.bytes("body"),
      timeout: try options.value(of: Self.timeout)?.double ?? 60)
    guard let web else {
      throw ImagineError(.validation, "\(name): this program gives scripts no network")
    }
    let memory = try call.state.reserve(bytes: request.body?.count ?? 0)
    try ProcessLimits.checkBeforeFirstCall()
    return LuaAsyncCall(purpose: "\(method) of a web address") {
      try await web.answer(to: request) { try memory.grow(by: $0) }
    } completion: { state, answer in
      memory.release()
      let table = try state.makeTable(fields: 3)
      try table.set("status", to: answer.status)
      let headers = try state.makeTable(fields: answer.headers.count)
      for (name, value) in answer.headers { try headers.set(name, to: value) }
      try table.set("headers", to: headers)
      try table.set("body", to: LuaString(answer.body))
      return try state.results(table)
    }
  }
}
