import ImagineAPI
import ImagineRuns
import ImagineSystem
import Lua
import MediaFiles

extension Workflow {
  /// The call `inspect`: what a file is, without its pixels.
  func inspecting(_ call: borrowing LuaCall) throws -> LuaAsyncCall {
    try call.refuseArguments(after: 1, of: "inspect")
    let field = Field("image", .image, .required, summary: "")
    guard let input = try ScriptValue(call.value(1), "image").image(as: field)?.first else {
      throw LuaArgumentError(1, expected: "an image or a path")
    }
    try ProcessLimits.checkBeforeFirstCall()
    return LuaAsyncCall(purpose: "an image") {
      try await self.inspect(input)
    } completion: { state, file in
      let table = try state.makeTable(fields: 8)
      try table.set("format", to: file.format)
      try table.set("width", to: file.size.width)
      try table.set("height", to: file.size.height)
      try table.set("alpha", to: file.hasAlpha)
      try table.set("duration", to: file.duration)
      try table.set("bytes", to: file.asset.byteCount)
      try table.set("sha256", to: file.asset.sha256)
      guard let claims = file.claims else { return try state.results(table) }
      let claimed = try state.makeTable(fields: 8)
      try claimed.set("operation", to: claims.operation)
      try claimed.set("prompt", to: claims.prompt)
      try claimed.set("style", to: claims.style)
      try claimed.set("seed", to: claims.seed)
      try claimed.set("provider", to: claims.provider)
      try claimed.set("engine", to: claims.engine)
      try claimed.set("run", to: claims.run)
      try claimed.set("sha256", to: claims.sha256)
      try table.set("claims", to: claimed)
      return try state.results(table)
    }
  }
}
