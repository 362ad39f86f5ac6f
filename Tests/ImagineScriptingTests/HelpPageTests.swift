import ImagineAPI
import ImagineStdlib
import ImagineTestSupport
import Testing

@testable import ImagineScripting

@Suite("Help about the library")
struct HelpPageTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test("every function of the library and every member of a value has help")
  func complete() async throws {
    var configuration = ScriptHost.Configuration(
      service: .environment(serverProgram: ""), environment: ["XDG_CONFIG_HOME": folder.path])
    configuration.home = folder.file("home")
    let topics = try await ScriptHost.withHost(configuration) { host in
      try await host.run(
        """
        local topics = {}
        local function add(name, table)
          for key, value in pairs(table) do
            if type(value) == "function" then topics[#topics + 1] = name .. "." .. key end
          end
        end
        add("task", task)
        add("imagine", imagine)
        for name in arg[1]:gmatch("%a+") do
          local module = require(name)
          if type(module) == "table" then add(name, module) end
        end
        return topics
        """, arguments: [StandardLibrary.moduleNames.joined(separator: " ")],
        reading: [String].self)
    }
    #expect(topics.count > 40)
    for topic in topics + ["styles", "open", "budget"] {
      #expect(HelpPage.text(topic) != nil, "\(topic)")
    }
    for topic in HelpPage.topics { #expect(HelpPage.text(topic) != nil, "\(topic)") }
  }

  @Test("a page has signature, meaning, arguments and results")
  func pages() throws {
    let read = try #require(HelpPage.text("fs.read"))
    #expect(read.hasPrefix("fs.read(path: string): string\n\nThe bytes of a file or a pipe:"))
    let map = try #require(HelpPage.text("task.map"))
    #expect(map.hasPrefix("task.map(list, fn, options)\n  -> R[]"))
    #expect(map.contains("\nArguments:\n  list                T[]\n"))
    #expect(HelpPage.text("Image:data")?.hasPrefix("Image:data()\n  -> string") == true)
    #expect(HelpPage.summary("Image:sha256")?.contains("hexadecimal") == true)
    #expect(HelpPage.summary("task.sleep") == "Pauses this task; others run meanwhile")
    // A handle's Lua type has the name of the library.
    #expect(HelpPage.text("task:")?.contains(":await") == true)
    #expect(HelpPage.text("task")?.contains("spawn") == true)
    #expect(HelpPage.text("imagine.status") != nil)
    #expect(HelpPage.text("Video:")?.contains("Methods:\n  :frame") == true)
    for topic in ["", ".", ":", "fs.", "fs.nothing", "Image:nothing", "nothing", "a.b:c"] {
      #expect(HelpPage.summary(topic) == nil, "\(topic)")
    }
    for topic in HelpPage.topics where HelpTopic.named(topic) == nil {
      for line in HelpPage.text(topic)?.split(separator: "\n") ?? [] {
        #expect(line.count <= 102, "\(topic): \(line)")
      }
    }
  }
}
