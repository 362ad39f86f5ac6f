#if os(Linux)
  import Foundation
  import ImagineTestSupport
  import ImagineTesting
  import Testing

  /// The first call must not change signals, file descriptors or files of the temporary folder.
  @Suite("A call does not change the state of the process")
  struct ProcessStateTests {
    let folder: TemporaryFolder

    init() throws {
      folder = try TemporaryFolder()
    }

    /// Runs a script with a shell command, in which `"$@"` is the program and the script.
    private func run(
      _ script: String, by command: String = "exec \"$@\"", _ more: [String: String] = [:]
    ) async throws -> Program.Outcome {
      var environment = [
        "IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path,
        "TMPDIR": folder.path,
      ]
      environment.merge(more) { $1 }
      return try await Program(path: "/bin/bash").run(
        ["-c", command, "bash", Program.imagine.path, "-e", script], environment: environment,
        in: folder.path)
    }

    @Test("output to a closed pipe ends the program, before and after a call")
    func closedPipe() async throws {
      for call in ["", "imagine.generate{prompt = 'cat', seed = 1}"] {
        let outcome = try await run(
          "\(call) while true do print(1) end",
          // The test process ignores the signal, and its children would inherit that.
          by: "env --default-signal=PIPE \"$@\" | head -1; exit ${PIPESTATUS[0]}")
        #expect(outcome.status == 128 + SIGPIPE, "\(outcome.errors)")
        #expect(outcome.output == "1\n")
      }
    }

    @Test("children inherit no descriptor of the host and the original signal state")
    func children() async throws {
      let stub = try await StubServer { _ in .full(status: 200, body: TinyImage.png) }
      let look = "os.execute('ls -l /proc/self/fd; grep -E \"Sig(Blk|Ign)\" /proc/self/status') "
      let outcome = try await run(
        look + "print('then') imagine.generate{prompt = 'cat', seed = 1} "
          + "imagine.provider{kind = 'openai', base_url = '\(stub.address)/v1', model = 'm'} "
          + look)
      let parts = outcome.output.components(separatedBy: "then\n")
      #expect(parts.count == 2, "\(outcome.output) \(outcome.errors)")
      // Descriptors that the test process leaked are in both lists; only that of `ls` itself
      // differs.
      let seen = parts.map { part in
        part.split(separator: "\n").filter { $0.hasPrefix("Sig") || $0.contains("->") }
          .filter { !$0.contains("/proc/") }
          .map { $0.split(separator: " ").suffix(3).joined(separator: " ") }
      }
      #expect(seen.first == seen.last, "\(outcome.output)")
      await stub.close()
    }

    @Test("a call without free descriptors is an error, and works when they are free again")
    func descriptors() async throws {
      let stub = try await StubServer { _ in .full(status: 200, body: TinyImage.png) }
      let script = """
        local kept = {}
        while true do
          local file = io.open('/dev/null')
          if not file then break end
          kept[#kept + 1] = file
        end
        for _ = 1, LEFT do table.remove(kept):close() end
        local ok, fault = pcall(imagine.generate, {prompt = 'x', seed = 1})
        print(ok, fault.kind, fault.charged)
        for _, file in ipairs(kept) do file:close() end
        print(imagine.generate{prompt = 'y', seed = 1}.format)
        """
      let remote = ["IMAGINE_TOKEN": "test-token", "IMAGINE_BASE_URL": "\(stub.address)/v2"]
      for environment in [[:], remote] {
        for left in [0, 4, 5, 8, 12] {
          let outcome = try await run(
            script.replacing("LEFT", with: String(left)), by: "ulimit -n 128; exec \"$@\"",
            environment)
          #expect(outcome.output == "false\tio\tno\npng\n", "\(outcome)")
        }
      }
      #expect(stub.requests.count == 5)
      await stub.close()
    }

    @Test("the error of a local server that does not start says why, and no file is left")
    func failedStart() async throws {
      try FileSystem.write(
        "#!/bin/sh\necho 'error while loading libpicture.so' >&2\nexit 127\n",
        to: folder.file("server"))
      let outcome = try await run(
        "local _, fault = pcall(imagine.generate, 'x') print(fault.kind, fault.message)",
        by: "chmod +x server; exec \"$@\"", ["IMAGINE_SERVER_PROGRAM": folder.file("server")])
      #expect(outcome.output.hasPrefix("unavailable\t"), "\(outcome)")
      #expect(outcome.output.contains("error while loading libpicture.so"))
      #expect(folder.files == ["server"])
    }

    @Test("the next run removes the socket of a host and a server that were both killed")
    func staleSocket() async throws {
      let killed = try await run(
        """
        imagine.generate('x')
        local name = io.popen('ls ' .. os.getenv('TMPDIR') .. '/*.socket'):read()
        os.execute('touch -d "5 minutes ago" ' .. name)
        os.execute('kill -9 $(pgrep -P ' .. io.open('/proc/self/stat'):read('n') .. ' imagine-server)')
        os.execute('kill -9 ' .. io.open('/proc/self/stat'):read('n'))
        """)
      #expect(killed.status == 128 + SIGKILL, "\(killed)")
      #expect(folder.files.count { $0.hasSuffix(".socket") } == 1)
      let next = try await run("imagine.generate('y')")
      #expect(next.status == 0, "\(next)")
      #expect(folder.files == [])
    }
  }
#endif
