import Foundation
import ImagineTestSupport
import ImagineTesting
import Testing

/// Films and frames, by the real private server and ffmpeg.
@Suite("A script makes films of stills and videos, and takes pictures out of them")
struct FilmTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(
    _ script: String, options: [String] = [], environment: [String: String] = [:]
  ) async throws -> Program.Outcome {
    try FileSystem.write(Self.head + script, to: folder.file("script.lua"))
    var variables = environment
    variables["IMAGINE_HOME"] = folder.file("home")
    variables["XDG_CONFIG_HOME"] = folder.file("home")
    return try await Program.imagine.run(
      options + ["script.lua"], environment: variables, in: folder.path)
  }

  /// Stills of one color, and what a video's frame shows; a sound of some seconds as a WAV.
  private static let head = """
    local fs = require "fs"
    local function still(color, width, height)
      return imagine.canvas{ width = width or 64, height = height or 64, background = color }
    end
    local red, blue = still("#ff0000"), still("#0000ff")
    local function shows(image, color)
      return image:difference(still(color, image.width, image.height)).max < 0.08
    end
    local function wav(path, seconds)
      local samples = {}
      for index = 1, 8000 * seconds do
        samples[index] = string.pack("<i2", math.floor(8000 * math.sin(index / 3)))
      end
      local data = table.concat(samples)
      fs.write(path, string.pack("<c4I4c4c4I4I2I2I4I4I2I2c4I4", "RIFF", 36 + #data, "WAVE", "fmt ",
        16, 1, 1, 8000, 16000, 2, 16, "data", #data) .. data)
      return path
    end

    """

  @Test("clips are cut, mixed and joined, each with its size, its rate and its sound")
  func films() async throws {
    let outcome = try await run(
      """
      local film = imagine.film{
        clips = { { image = red, seconds = 1 }, { image = blue, seconds = 1 } },
        transition = { seconds = 0.5 }, fps = 10,
      }
      print(film.width, film.height, film.duration, film.job, film.cost, film.thumbnail.width)
      print(shows(film:frame(0.2), "#ff0000"), shows(film:frame(0.7), "#800080"),
        shows(film:frame(film.duration), "#0000ff"), film:frame(0).format)
      film:save("two.mp4")
      -- Another size, rate and shape; a part of a video by its path; a sound that is too short.
      local whole = imagine.film{
        clips = { { video = "two.mp4", to = 0.4 }, { video = film, from = 1.1 }, { image = red, seconds = 0.5 } },
        size = "96x64", fps = 20, audio = wav("short.wav", 0.3),
      }
      print(whole.width, whole.height, whole.duration)
      local middle = { x = 20, y = 4, width = 56, height = 56 }
      for _, case in ipairs{ { 0.1, "#ff0000" }, { 0.6, "#0000ff" }, { 1.2, "#ff0000" } } do
        local frame = whole:frame(case[1])
        io.write(tostring(shows(frame:crop(middle), case[2])), " ",
          tostring(shows(frame:crop{ width = 12 }, "black")), " ")
      end
      print()
      local black = imagine.film{ clips = { { image = red, seconds = 1 }, { image = red, seconds = 1 } },
        transition = { kind = "black", seconds = 0.5 }, fps = 10 }
      print(shows(black:frame(0.7), "black"), shows(black:frame(0.1), "#ff0000"))
      whole:save("whole.mp4")
      -- The sound of a video is a sound.
      imagine.film{ clips = { { image = red, seconds = 0.5 } }, audio = "whole.mp4" }:save("heard.mp4")
      """)
    #expect(
      outcome.output == """
        64\t64\t1.5\tnil\tnil\t64
        true\ttrue\ttrue\tpng
        96\t64\t1.3
        true true true true true true 
        true\ttrue

        """, "\(outcome)")
    for (file, seconds) in [("whole.mp4", 1.3), ("heard.mp4", 0.5)] {
      let sound = try await Program(path: "/usr/bin/env").run([
        "ffprobe", "-v", "error", "-select_streams", "a", "-show_entries",
        "stream=codec_name,duration", "-of", "csv=p=0", folder.file(file),
      ])
      let values = sound.output.split(whereSeparator: { $0 == "," || $0 == "\n" })
      #expect(values.first == "aac", "\(sound)")
      #expect(values.count == 2 && abs((Double(values[1]) ?? 0) - seconds) < 0.1, "\(sound)")
    }
  }

  @Test("a picture lasts until the next one: in frames, where clips begin, and after the last one")
  func slowVideo() async throws {
    let outcome = try await run(
      """
      -- A picture a second: 0 and 1 are red, 2 and 3 blue.
      local slow = imagine.film{ clips = { { image = red, seconds = 2 }, { image = blue, seconds = 2 } }, fps = 1 }
      for index, case in ipairs{ { 0, "#ff0000" }, { 0.5, "#ff0000" }, { 1.5, "#ff0000" }, { 1.999, "#ff0000" },
        { 2, "#0000ff" }, { 2.001, "#0000ff" }, { 3.5, "#0000ff" }, { slow.duration, "#0000ff" } } do
        if not shows(slow:frame(case[1]), case[2]) then print("frame", case[1], case[2]) end
      end
      -- Clips that begin between two pictures, and after the last one.
      local film = imagine.film{ clips = { { video = slow, from = 1.5, to = 2.5 }, { video = slow, from = 3.7 } }, fps = 10 }
      for index, case in ipairs{ { 0, "#ff0000" }, { 0.4, "#ff0000" }, { 0.6, "#0000ff" }, { 1.2, "#0000ff" } } do
        if not shows(film:frame(case[1]), case[2]) then print("clip", case[1], case[2]) end
      end
      print(film.duration)
      """)
    #expect(outcome.output == "1.3\n", "\(outcome)")
  }

  @Test("captions are drawn, and a phone's film is upright")
  func captionsAndTurns() async throws {
    let outcome = try await run(
      """
      local wide = red:pad{ margin = { right = 64 }, background = "#0000ff" }
      imagine.film{ clips = { { image = wide, seconds = 0.5 } }, fps = 10 }:save("wide.mp4")
      local file = fs.read("wide.mp4")
      local at = file:find("tkhd", 1, true) + 4 + 40
      -- A quarter turn clockwise, as phones write it.
      local turn = string.pack(">i4i4i4i4i4i4i4i4i4", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
      fs.write("phone.mp4", file:sub(1, at - 1) .. turn .. file:sub(at + 36))
      local film = imagine.film{ clips = { { video = "phone.mp4", caption = "Wörter & <b>" } }, fps = 10 }
      local frame = film:frame(0.1)
      print(film.width, film.height, shows(frame:crop{ height = 56 }, "#ff0000"))
      print(shows(frame:crop{ y = 68, height = 6 }, "#0000ff"), shows(frame:crop{ y = 96 }, "#0000ff"))
      """)
    #expect(outcome.output == "64\t128\ttrue\ntrue\tfalse\n", "\(outcome)")
  }

  @Test(
    "a wrong field is an error that names it and tells what is allowed, before anything is done")
  func refused() async throws {
    let outcome = try await run(
      """
      imagine.film{ clips = { { image = red, seconds = 1 } }, fps = 10 }:save("one.mp4")
      local file = fs.read("one.mp4")
      fs.write("cut.mp4", file:sub(1, #file // 2))
      local data = file:find("mdat", 1, true)
      fs.write("zero.mp4", file:sub(1, data + 3) .. ("\\0"):rep(#file - data - 3))
      local header = file:find("mvhd", 1, true)
      fs.write("endless.mp4", file:sub(1, header + 19) .. "\\xFF\\xFF\\xFF\\xFE" .. file:sub(header + 24))
      fs.write("list.m3u8", "#EXTM3U\\n#EXTINF:1,\\nfile:///etc/hostname\\n")
      fs.write("fake.wav", "RIFF\\0\\0\\0\\0WAVE" .. ("x"):rep(100))
      local one = { image = red, seconds = 1 }
      local many = {}
      for index = 1, 10000 do many[index] = one end
      local film = imagine.film
      local cases = {
        { "clips", {} }, { "clips", { clips = {} } }, { "clips", { clips = many } }, { "clips", { clips = 5 } },
        { "clips[1]", { clips = { {} } } },
        { "clips[2]", { clips = { one, { image = red, video = "one.mp4" } } } },
        { "clips[1].image", { clips = { { image = 5 } } } }, { "image", { clips = { { image = "no.png" } } } },
        { "clips[1].image", { clips = { { image = "one.mp4" } } } },
        { "clips[1].video", { clips = { { video = red } } } }, { "clips[1].video", { clips = { { video = "list.m3u8" } } } },
        { "clips", { clips = { { video = "cut.mp4" } } } }, { "clips[1].video", { clips = { { video = "zero.mp4" } } } },
        { "clips", { clips = { { video = "endless.mp4" } } } }, { "clips", { clips = { one, { image = red, seconds = 600 } } } },
        { "clips[1].seconds", { clips = { { image = red, seconds = 0/0 } } } },
        { "clips[1].seconds", { clips = { { image = red, seconds = 1e9 } } } },
        { "clips[1].seconds", { clips = { { video = "one.mp4", seconds = 1 } } } },
        { "clips[1].from", { clips = { { image = red, from = 1 } } } },
        { "clips[1].from", { clips = { { video = "one.mp4", from = 2 } } } },
        { "clips[1].to", { clips = { { video = "one.mp4", to = 2 } } } },
        { "clips[1].to", { clips = { { video = "one.mp4", from = 0.5, to = 0.5 } } } },
        { "clips[1].caption", { clips = { { image = red, caption = ("x"):rep(3000) } } } },
        { "clips[1].caption", { clips = { { image = red, caption = ("many words "):rep(50) } } } },
        { "captoin", { clips = { { image = red, captoin = "x" } } } },
        { "transition.kind", { clips = { one, one }, transition = { kind = "wipe" } } },
        { "transition.seconds", { clips = { one, one, one }, transition = { seconds = 0.6 } } },
        { "audio", { clips = { one }, audio = "one.lua" } }, { "audio", { clips = { one }, audio = "script.lua" } },
        { "audio", { clips = { one }, audio = "fake.wav" } }, { "audio", { clips = { one }, audio = "one.mp4" } },
        { "audio", { clips = { one }, audio = "list.m3u8" } },
        { "size", { clips = { one }, size = "65x64" } }, { "size", { clips = { one }, size = "99999x64" } },
        { "size", { clips = { one }, size = "wide" } }, { "fps", { clips = { one }, fps = 0 } },
      }
      for index, case in ipairs(cases) do
        local ok, fault = pcall(film, case[2])
        local name = not ok and imagine.is_error(fault) and fault.field
        local isFile = not ok and fault.kind == "io"
        if name ~= case[1] and not isFile then print(index, case[1], name, fault) end
      end
      -- What ffmpeg says comes without addresses of memory and paths of the server.
      for _, case in ipairs{ { clips = { { video = "zero.mp4" } } }, { clips = { one }, audio = "fake.wav" } } do
        local _, fault = pcall(film, case)
        local text = fault.message:gsub("^POST %S+", "")
        if text:find("0x", 1, true) or text:find("/", 1, true) then print(text) end
      end
      -- A file that memory is not planned for.
      local png = red:data()
      fs.write("huge.png", png .. ("\\0"):rep((32 << 20) + 1 - #png))
      for _, case in ipairs{ { imagine.film, { clips = { one, { image = "huge.png", seconds = 1 } } }, "clips[2]" },
        { imagine.sheet, { images = { red, "huge.png" } }, "images[2]" } } do
        local _, fault = pcall(case[1], case[2])
        if fault.field ~= case[3] or not fault.message:find("larger than 32 MB", 1, true) then print(fault) end
      end
      local _, fault = pcall(imagine.film{ clips = { one } }.frame, imagine.film{ clips = { one } }, 1.5)
      print(fault.field, fault.message)
      """)
    #expect(
      outcome.output.hasPrefix("seconds\tfield 'seconds'") && outcome.output.contains("at most")
        && outcome.output.count(where: \.isNewline) == 1, "\(outcome)")
  }

  @Test("a film that nobody waits for ends its ffmpeg")
  func hungUp() async throws {
    let outcome = try await run(
      """
      local film = task.spawn(imagine.film, { clips = { { image = red, seconds = 600 } }, size = "1280x720", fps = 60 })
      local function runs()
        local pipe = io.popen("pgrep -f '[f]fmpeg.*" .. arg.home .. "'")
        local text = pipe:read("a")
        pipe:close()
        return #text > 0
      end
      """.replacingOccurrences(of: "arg.home", with: "\"\(folder.path)\"") + """

        repeat task.sleep(0.02) until runs()
        film:cancel()
        repeat task.sleep(0.02) until not runs()
        -- The server lives on.
        print(shows(red:flip("horizontal"), "#ff0000"), #fs.list("home/steps"))
        """)
    #expect(outcome.output == "true\t0\n", "\(outcome)")
  }

  @Test("without ffmpeg a film is refused at once, with what to install")
  func noProgram() async throws {
    let outcome = try await run(
      """
      local _, fault = pcall(imagine.film, { { image = red } })
      print(fault.message:find("install the package ffmpeg", 1, true) ~= nil, fault.charged)
      """, environment: ["PATH": folder.path])
    #expect(outcome.output == "true\tno\n", "\(outcome)")
  }

  @Test("films are in a recording, and a plan knows their sizes and lengths")
  func recordedAndPlanned() async throws {
    let script = """
      local film = imagine.film{ clips = { { image = red, seconds = 1 }, { image = blue } }, transition = {}, fps = 8 }
      local last = film:frame(film.duration)
      print(film.width, film.duration, last.width, #film:data() > 100)
      """
    let recorded = try await run(script, options: ["--record", "r.recording"])
    #expect(recorded.output == "64\t3.5\t64\ttrue\n", "\(recorded)")
    let replayed = try await run(
      script, options: ["--replay", "r.recording"],
      environment: ["IMAGINE_SERVER_PROGRAM": "/nonexistent"])
    #expect(replayed.output == recorded.output, "\(replayed.errors)")
    let plan = try await Program.imagine.run(
      ["plan", "script.lua"],
      environment: ["IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path],
      in: folder.path)
    #expect((plan.output + plan.errors).contains("64\t3.5\t64\ttrue"), "\(plan)")
  }
}
