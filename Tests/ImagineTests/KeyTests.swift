import ImagineTestSupport
import ImagineTesting
import Testing

@Suite("The configuration selects the provider, and each key goes only to its provider")
struct KeyTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func run(
    _ environment: [String: String], options: [String] = [],
    script: String = "imagine.generate('x')"
  ) async throws -> Program.Outcome {
    var variables = environment
    variables["IMAGINE_HOME"] = folder.file("home")
    variables["XDG_CONFIG_HOME"] = folder.path
    return try await Program.imagine.run(
      options + ["-e", script], environment: variables, in: folder.path)
  }

  /// Runs against a stub that refuses every request, and returns the keys that it received.
  private func receivedKeys(
    _ environment: (String) -> [String: String], options: [String] = []
  ) async throws -> [String?] {
    let stub = try await StubServer { _ in .json(401, "{}") }
    _ = try await run(environment("\(stub.address)/v2"), options: options)
    defer { Task { await stub.close() } }
    return stub.requests.map(\.headers["authorization"])
  }

  @Test(
    "IMAGINE_BASE_URL receives IMAGINE_TOKEN, with or without Bearer",
    arguments: ["abc", "Bearer abc"])
  func token(text: String) async throws {
    let keys = try await receivedKeys { ["IMAGINE_BASE_URL": $0, "IMAGINE_TOKEN": text] }
    #expect(keys == ["Bearer abc"])
  }

  @Test("a token that is set but empty is an error", arguments: ["", "  ", "Bearer "])
  func empty(text: String) async throws {
    let outcome = try await run(["IMAGINE_TOKEN": text])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("IMAGINE_TOKEN is set, but is not a token"))
  }

  @Test(
    "a base address with a password or a fragment is refused, and no secret is repeated",
    arguments: [
      "http://user:hidden@127.0.0.1:1/v2", "http://127.0.0.1:1/v2?key=hidden#x", "http:///v2",
    ])
  func keyInAddress(address: String) async throws {
    let script = """
      print(pcall(imagine.provider, { kind = "openai", base_url = "\(address)" }))
      """
    for outcome in [
      try await run([:], script: script),
      try await run(["IMAGINE_BASE_URL": address, "IMAGINE_TOKEN": "abc"]),
      try await run(["OPENAI_BASE_URL": address], options: ["--provider", "openai"]),
    ] {
      let text = outcome.output + outcome.errors
      #expect(text.contains("without user name, password or fragment"), "\(text)")
      #expect(!text.contains("hidden"))
    }
  }

  @Test("an address that does not end in /v2 is refused before anything is sent")
  func wrongBase() async throws {
    let stub = try await StubServer { _ in .close }
    let outcome = try await run(["IMAGINE_BASE_URL": stub.address, "IMAGINE_TOKEN": "abc"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("ends in /v2"))
    #expect(stub.requests.isEmpty)
    await stub.close()
  }

  @Test("OPENAI_API_KEY alone selects no provider and is sent to nobody")
  func openAIKey() async throws {
    let outcome = try await run(["OPENAI_API_KEY": "other-key"])
    #expect(outcome.errors.contains("provider local (no token is set)"))
    let keys = try await receivedKeys {
      ["IMAGINE_BASE_URL": $0, "IMAGINE_TOKEN": "abc", "OPENAI_API_KEY": "other-key"]
    }
    #expect(keys == ["Bearer abc"])
  }

  @Test("options override the environment, and the environment overrides config.toml")
  func order() async throws {
    try FileSystem.write(
      """
      provider = "studio"
      [providers.studio]
      kind = "imagine"
      base_url = "http://127.0.0.1:1/v2"
      token_env = "STUDIO_TOKEN"
      """, to: folder.file("imagine/config.toml"))
    let configured = try await run(["STUDIO_TOKEN": "abc"])
    #expect(configured.errors.contains("provider studio (config.toml)"))
    let environment = try await run(["STUDIO_TOKEN": "abc", "IMAGINE_PROVIDER": "imagine"])
    #expect(environment.errors.contains("provider imagine (IMAGINE_PROVIDER)"))
    let option = try await run(
      ["STUDIO_TOKEN": "abc", "IMAGINE_PROVIDER": "imagine"], options: ["--provider", "studio"])
    #expect(option.errors.contains("provider studio (--provider)"))
  }

  @Test("an unknown provider is an error that names the known ones")
  func unknownProvider() async throws {
    let outcome = try await run([:], options: ["--provider", "nobody"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("one of: local, imagine"))
  }

  @Test("OPENAI_API_KEY is sent to OPENAI_BASE_URL")
  func openAIBase() async throws {
    let stub = try await StubServer { _ in .json(401, "{}") }
    _ = try await run(
      [
        "OPENAI_BASE_URL": "\(stub.address)/v1", "OPENAI_API_KEY": "mine", "IMAGINE_TOKEN": "abc",
        "LLMVIN_API_KEY": "other",
      ], options: ["--provider", "openai"],
      script: "imagine.generate{ prompt = 'x', model = 'm' }")
    #expect(stub.requests.map(\.headers["authorization"]) == ["Bearer mine"])
    await stub.close()
  }

  @Test(
    "a provider that a script describes receives its own key and no other",
    arguments: [
      ("", nil), ("token = 'own'", "Bearer own"), ("token_env = 'STUDIO_TOKEN'", "Bearer studio"),
    ])
  func described(member: String, key: String?) async throws {
    let stub = try await StubServer { _ in .json(401, "{}") }
    _ = try await run(
      [
        "OPENAI_API_KEY": "a", "IMAGINE_TOKEN": "b", "LLMVIN_API_KEY": "c",
        "STUDIO_TOKEN": "studio",
      ],
      script: """
        for kind, base in pairs{ openai = "/v1", imagine = "/v2" } do
          local client = imagine.provider{ kind = kind, base_url = "\(stub.address)" .. base,
            model = kind == "openai" and "m" or nil, \(member) }
          pcall(client.generate, "x")
        end
        """)
    #expect(stub.requests.map(\.headers["authorization"]) == [key, key])
    await stub.close()
  }

  @Test("a call does not follow a redirect to another host and sends it no key")
  func redirected() async throws {
    let elsewhere = try await StubServer { _ in .json(200, "{}") }
    for status in [302, 307, 308] {
      let stub = try await StubServer { [address = elsewhere.address] _ in
        .full(status: status, headers: ["location": "\(address)/v2/image/generations"], body: [])
      }
      let outcome = try await run(
        ["IMAGINE_BASE_URL": "\(stub.address)/v2", "IMAGINE_TOKEN": "abc"],
        script: "local ok, fault = pcall(imagine.generate, 'x') print(ok, fault.status)")
      #expect(outcome.output == "false\t\(status)\n", "\(outcome.errors)")
      await stub.close()
    }
    #expect(elsewhere.requests.isEmpty)
    await elsewhere.close()
  }

  @Test("--verbose logs each request, and no file contains the token")
  func logged() async throws {
    let stub = try await StubServer { _ in .full(status: 200, body: OpenTests.png) }
    let outcome = try await run(
      ["IMAGINE_BASE_URL": "\(stub.address)/v2", "IMAGINE_TOKEN": "secret-token"],
      options: ["--verbose"], script: "imagine.generate('x'):save('a.png')")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let line = outcome.errors.split(separator: "\n").first { $0.contains("POST") } ?? ""
    #expect(line.contains("\(stub.address)/v2/image/generations"))
    for fact in ["status=200", "seconds=", "bytes=\(OpenTests.png.count)"] {
      #expect(line.contains(fact), "\(line)")
    }
    #expect(!(outcome.errors + outcome.output).contains("secret-token"))
    let found = try await Program(path: "/usr/bin/env").run(
      ["grep", "-r", "-l", "secret-token", folder.path])
    #expect(found.output.isEmpty)
    await stub.close()
  }

  @Test("--verbose redacts the token of a call that fails")
  func silent() async throws {
    let outcome = try await run(
      ["IMAGINE_BASE_URL": "http://127.0.0.1:1/v2", "IMAGINE_TOKEN": "secret-token"],
      options: ["--verbose"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("POST http://127.0.0.1:1/v2/image/generations"))
    #expect(!(outcome.errors + outcome.output).contains("secret-token"))
  }

  #if os(Linux)
    @Test("the local server inherits no key of the user")
    func environmentOfTheChild() async throws {
      let outcome = try await run(
        ["OPENAI_API_KEY": "other-key", "LANG": "C.UTF-8"],
        script: """
          imagine.generate('x')
          local me = io.open("/proc/self/stat"):read("n")
          for task in io.popen("ls /proc/" .. me .. "/task"):lines() do
            for child in io.open("/proc/" .. me .. "/task/" .. task .. "/children"):read("a"):gmatch("%d+") do
              local name = io.open("/proc/" .. child .. "/comm")
              if name and name:read("l") == "imagine-server" then
                local environment = io.open("/proc/" .. child .. "/environ"):read("a")
                print((environment:gsub("%z", "\\n")))
              end
            end
          end
          """)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("LANG=C.UTF-8"))
      #expect(!outcome.output.contains("other-key"))
    }
  #endif
}
