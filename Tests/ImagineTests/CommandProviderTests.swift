import Foundation
import ImagineAPI
import ImagineTestSupport
import MediaFiles
import Testing

@Suite("A program of the user's makes images")
struct CommandProviderTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for (name, size) in [("small", 8), ("large", 16)] {
      let image = BlankImage.png(size: .init(width: size, height: size))
      try Data(image).write(to: URL(fileURLWithPath: folder.file("\(name).png")))
    }
    // Writes its arguments to a file and copies an image.
    try tool(
      "draw",
      """
      for word in "$@"; do printf '%s\\n' "$word" >> "$DIR/arguments"; done
      for out in "$@"; do :; done
      cp "$DIR/large.png" "$out"
      """)
  }

  private func tool(_ name: String, _ script: String) throws {
    let path = folder.file(name)
    try FileSystem.write("#!/bin/sh\n\(script)\n", to: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
  }

  private func configure(_ lines: String) throws {
    try FileSystem.write(
      "[providers.tools]\nkind = \"command\"\n\(lines)\n",
      to: folder.file("imagine/config.toml"))
  }

  private func start(
    _ arguments: [String], killAt point: String? = nil
  ) throws -> Running {
    var environment = [
      "IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path, "DIR": folder.path,
      "PATH": "\(folder.path):/usr/bin:/bin",
    ]
    environment["IMAGINE_KILL_AT"] = point
    return try Program.imagine.start(
      ["--provider", "tools"] + arguments, environment: environment, in: folder.path)
  }

  private func run(_ arguments: [String], killAt point: String? = nil) async throws
    -> Program.Outcome
  {
    try await start(arguments, killAt: point).outcome()
  }

  private func arguments() throws -> [String] {
    try String(contentsOfFile: folder.file("arguments"), encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  @Test("the words of its command line are filled in, without a shell")
  func words() async throws {
    try configure(
      """
      generate = ["draw", "--size={width}x{height}", "--seed={seed}", "{prompt}", "-o", "{output}"]
      upscale = ["draw", "{image}", "{output}"]
      """)
    let outcome = try await run([
      "-e",
      """
      local image = imagine.generate{ prompt = "-v; $(echo {seed}) 'x'", seed = 7,
        aspect_ratio = "16:9" }
      local large = imagine.upscale("small.png")
      print(image.width, large.width, image.cost, imagine.spent().calls)
      """,
    ])
    #expect(outcome.output == "16\t16\t0\t2\n", "\(outcome.output)\(outcome.errors)")
    let words = try arguments()
    #expect(
      Array(words.prefix(4)) == [
        "--size=1280x720", "--seed=7", " -v; $(echo {seed}) 'x'", "-o",
      ])
    #expect(words.count == 7 && words[4].hasPrefix(folder.file("home")))
    // The program gets a copy of the image, which is removed.
    #expect(words[5].hasSuffix(".image.png") && !FileManager.default.fileExists(atPath: words[5]))
  }

  @Test(
    "a program that fails says why, and its image is not believed",
    arguments: [
      ("echo no GPU >&2; cp \"$DIR/large.png\" \"$1\"; exit 3", "server", "status 3: no GPU"),
      ("true", "bad_response", "wrote no readable {output}"),
      (
        "head -c 40 \"$DIR/large.png\" > \"$1\"", "bad_response", "wrote an image that is truncated"
      ),
      ("echo text > \"$1\"", "bad_response", "wrote no image"),
      ("kill -9 $$", "server", "killed by signal 9"),
      ("sleep 60 & wait", "timeout", "did not end within 0.5 seconds"),
    ])
  func faults(script: String, kind: String, words: String) async throws {
    try tool("broken", script)
    try configure(
      """
      generate = ["broken", "{output}", "{prompt}"]
      prices = { unit = "USD", generate = 0.01 }
      """)
    let outcome = try await run([
      "-e",
      """
      local ok, fault = pcall(imagine.generate, { prompt = "x", timeout = 0.5 })
      print(ok, fault.kind, fault.charged, imagine.spent().USD, fault.message)
      """,
    ])
    #expect(
      outcome.output.hasPrefix("false\t\(kind)\tunknown\t0.01\t"),
      "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains(words), "\(outcome.output)")
  }

  @Test(
    "a program that cannot be started costs nothing",
    arguments: ["missing", "/nonexistent/tool", "/etc/passwd"])
  func notStarted(program: String) async throws {
    try configure(
      """
      generate = ["\(program)", "{output}", "{prompt}"]
      prices = { unit = "USD", generate = 0.01 }
      """)
    let outcome = try await run([
      "-e",
      """
      local ok, fault = pcall(imagine.generate, "x")
      print(ok, fault.kind, fault.charged, imagine.spent().calls)
      """,
    ])
    #expect(outcome.output == "false\tio\tno\t0\n", "\(outcome.output)\(outcome.errors)")
  }

  @Test("what has no price is free, in the unit of the others, and `doctor` looks for the programs")
  func prices() async throws {
    try configure(
      """
      generate = ["draw", "{prompt}", "{output}"]
      upscale = ["draw", "{image}", "{output}"]
      prices = { unit = "USD", generate = 0.01 }
      """)
    let outcome = try await run([
      "--budget", "0.015USD", "-e",
      "print(imagine.generate('x').cost, imagine.upscale('small.png').cost, imagine.spent().USD)",
    ])
    #expect(outcome.output == "0.01\t0\t0.01\n", "\(outcome.output)\(outcome.errors)")
    let fine = try await run(["doctor"])
    #expect(fine.output.contains("its programs are there: draw"), "\(fine.output)")
    try configure(#"generate = ["missing", "{prompt}", "{output}"]"#)
    let broken = try await run(["doctor"])
    #expect(broken.output.contains("not found: missing"), "\(broken.output)")
  }

  @Test("a program that exceeds its memory fails alone")
  func memory() async throws {
    try tool("hungry", "exec /usr/bin/env python3 -c 'x = bytearray(1 << 30)'")
    try configure(
      """
      generate = ["hungry", "{output}", "{prompt}"]
      memory = "256M"
      """)
    let outcome = try await run([
      "-e", "local ok, fault = pcall(imagine.generate, 'x') print(ok, fault.message)",
    ])
    #expect(outcome.output.contains("MemoryError"), "\(outcome.output)\(outcome.errors)")
  }

  @Test("a program and what it has started die with the host")
  func hostDies() async throws {
    try tool(
      "slow", "sleep 300 & echo $! > \"$DIR/pid.new\"; mv \"$DIR/pid.new\" \"$DIR/pid\"; wait")
    try configure(#"generate = ["slow", "{output}", "{prompt}"]"#)
    let host = try start(["-e", "imagine.generate('x')"])
    while !FileManager.default.fileExists(atPath: folder.file("pid")) {
      try await Task.sleep(for: .milliseconds(5))
    }
    let text = try String(contentsOfFile: folder.file("pid"), encoding: .utf8)
    let process = try #require(pid_t(text.dropLast()))
    host.send(SIGKILL)
    _ = await host.outcome()
    // A zombie is dead; its new parent may not have collected it.
    func isAlive() -> Bool {
      let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
      return status.map { !$0.contains(") Z ") } ?? (kill(process, 0) == 0)
    }
    let deadline = ContinuousClock.now + .seconds(20)
    while isAlive(), ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(!isAlive())
  }

  @Test(
    "a run that is killed keeps what a program has finished, and starts a free one again",
    arguments: ["sent:1", "accepted:1", "stored:1", "done:1"], [true, false])
  func killed(point: String, isPriced: Bool) async throws {
    try configure(
      """
      generate = ["draw", "{prompt}", "{output}"]
      \(isPriced ? "prices = { unit = \"USD\", generate = 0.01 }" : "")
      """)
    try FileSystem.write(
      "print(imagine.generate('x').width)", to: folder.file("work.lua"))
    let first = try await run(["work.lua"], killAt: point)
    #expect(first.status == 128 + SIGKILL)
    let second = try await run(["--resume", "work.lua"])
    if point == "sent:1", isPriced {
      #expect(second.errors.contains("may have been paid for"), "\(second.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder.file("arguments")))
    } else {
      #expect(second.output == "16\n", "\(second.output)\(second.errors)")
      #expect(try arguments().filter { $0 == "x" }.count == 1)
    }
  }

  @Test("its images are recorded, replayed without the program, and planned")
  func recorded() async throws {
    try configure(
      """
      generate = ["draw", "{prompt}", "--seed={seed}", "{output}"]
      prices = { unit = "USD", generate = 0.25 }
      """)
    try FileSystem.write(
      """
      local images = imagine.generate{ prompt = "x", seed = 4, n = 2 }
      print(#images, images[1].width, images[2].seed, imagine.spent().USD)
      """, to: folder.file("work.lua"))
    let first = try await run(["--record", "run.recording", "work.lua"])
    #expect(first.output == "2\t16\t5\t0.5\n", "\(first.output)\(first.errors)")
    let sent = try arguments()
    try FileManager.default.removeItem(atPath: folder.file("draw"))
    let replayed = try await run(["--replay", "run.recording", "work.lua"])
    #expect(replayed.output == first.output, "\(replayed.output)\(replayed.errors)")
    let planned = try await Program.imagine.run(
      ["plan", "--provider", "tools", "--json", "work.lua"],
      environment: ["IMAGINE_HOME": folder.file("other"), "XDG_CONFIG_HOME": folder.path],
      in: folder.path)
    #expect(planned.output.contains("\"USD\" : 0.5"), "\(planned.output)\(planned.errors)")
    #expect(try arguments() == sent)
  }

  @Test("what a program changes outside a mask is put back, of a turned photo too")
  func masked() async throws {
    // It draws a white image of the size that it is given, whatever the mask.
    try tool(
      "paint",
      """
      for word in "$@"; do printf '%s\\n' "$word" >> "$DIR/arguments"; done
      cp "$DIR/white.png" "$3"
      """)
    try configure("fill = [\"paint\", \"{image}\", \"{mask}\", \"{output}\", \"{prompt}\"]")
    for (name, bytes) in [
      ("white.png", PixelImage.png(width: 16, height: 24) { _, _ in [255, 255, 255] }),
      ("photo.jpg", PixelImage.jpeg(SampleMedia.jpeg, orientation: 6)),
      ("mask.png", PixelImage.mask(width: 16, height: 24, white: (4..<12, 6..<18))),
    ] { try Data(bytes).write(to: URL(fileURLWithPath: folder.file(name))) }
    let outcome = try await run([
      "-e",
      """
      local photo = imagine.open("photo.jpg")
      local image = photo:fill{ prompt = "x", mask = "mask.png" }
      print(image.width, image.height, image.drift > 0.1, image.original.sha256 ~= image.sha256)
      local plain = photo:fill{ prompt = "x", mask = "mask.png", composite = false }
      print(plain.sha256 == image.original.sha256, plain.original, plain.drift == image.drift)
      """,
    ])
    #expect(
      outcome.output == "16\t24\ttrue\ttrue\ntrue\tnil\ttrue\n",
      "\(outcome.output)\(outcome.errors)")
    // The program got an upright PNG.
    #expect(try arguments().first?.hasSuffix(".image.png") == true)
  }

  @Test(
    "a command line with a mistake is refused by its name",
    arguments: [
      (#"upscale = ["x", "{output}"]"#, "{image}"), (#"generate = ["x"]"#, "{output}"),
      (#"generate = []"#, "an empty list"),
      (#"generate = ["x", "{promt}", "{output}"]"#, "{promt}"),
      (#"generate = "x {output}""#, "a list"), (#"memory = "4G""#, "is missing"),
      (#"generatee = ["x", "{output}"]"#, "did you mean 'generate'?"),
      ("generate = [\"x\", \"{output}\"]\nmemory = \"much\"", "512M or 4G"),
      ("generate = [\"x\", \"{output}\"]\nbase_url = \"http://a\"", "base_url"),
    ])
  func mistakes(line: String, words: String) async throws {
    try configure(line)
    let outcome = try await run(["-e", "imagine.generate('x')"])
    #expect(outcome.status == 1 && outcome.errors.contains(words), "\(outcome.errors)")
  }
}
