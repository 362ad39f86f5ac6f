import ImagineScripting
import Lua

// [sheet]
/// What the script returns.
struct Sheet: Codable {
  struct Page: Codable {
    var subject: String
    var width: Int
  }
  var title: String
  var pages: [Page]
}

/// Gives scripts a module of this program, and limits them.
func setUp(_ configuration: inout ScriptHost.Configuration) {
  configuration.modules["catalogue"] = { state in
    try state.makeTable([
      "subjects": .typedAsync { (kind: String) in try await subjects(of: kind) }
    ])
  }
  configuration.lua.memoryLimit = 64 << 20
  configuration.lua.libraries = [.pure, .package]
  configuration.lua.output = { _, bytes in print(String(decoding: bytes, as: UTF8.self)) }
}

/// Draws what the catalogue has, by a script.
func makeSheet(_ host: ScriptHost) async throws -> Sheet {
  try await host.run(
    """
    local sheet = { title = arg[1], pages = {} }
    for i, subject in ipairs(require("catalogue").subjects(arg[1])) do
      local image = imagine.generate(subject)
      sheet.pages[i] = { subject = subject, width = image.width }
    end
    return sheet
    """, name: "@sheet.lua", arguments: ["animals"], timeLimit: .seconds(600),
    reading: Sheet.self)
}
// [end]

/// The catalogue of this program.
private func subjects(of kind: String) async throws -> [String] {
  await Task.yield()
  return ["two \(kind)", "three \(kind)"]
}
