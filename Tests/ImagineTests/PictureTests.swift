import Foundation
import ImagineTestSupport
import ImagineTesting
import Testing

/// Steps over pixels, by the real private server.
@Suite("A script changes pixels without another program")
struct PictureTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(
    _ script: String, options: [String] = [], environment: [String: String] = [:]
  ) async throws -> Program.Outcome {
    try FileSystem.write(script, to: folder.file("script.lua"))
    var variables = environment
    variables["IMAGINE_HOME"] = folder.file("home")
    variables["XDG_CONFIG_HOME"] = folder.file("home")
    return try await Program.imagine.run(
      options + ["script.lua"], environment: variables, in: folder.path)
  }

  /// A photo of two colors without a painter, so that tests are fast: red left, blue right.
  private static let photo = """
    local red = imagine.canvas{ width = 60, height = 80, background = "red" }
    local photo = imagine.canvas{ width = 120, height = 80, background = "#0000ff" }:paste(red)
    local function differs(one, other) return one:difference(other).max > 0.02 end
    local function size(image) return image.width .. "x" .. image.height end

    """

  @Test("each step has the size that its fields say, and its pixels are where they belong")
  func steps() async throws {
    let outcome = try await run(
      Self.photo + """
        local dots = {}
        for _, name in ipairs{ "red", "#0000ff", "white", "#00ff00", "black", "transparent" } do
          dots[name] = imagine.canvas{ width = 1, height = 1, background = name }
        end
        local function has(image, x, y, name)
          return not differs(image:crop{ x = x, y = y, width = 1, height = 1 }, dots[name])
        end
        local cases = {
          { photo:crop{ x = -70, y = "25%", width = 20, height = "50%" }, "20x40", 5, 5, "red" },
          { photo:crop{ aspect_ratio = "1:1" }, "80x80", 79, 0, "#0000ff" },
          { photo:crop{ aspect_ratio = "1:2", gravity = "attention" }, "40x80" },
          { photo:crop{ x = 20 }, "100x80", 0, 0, "red" },
          { photo:pad(10), "140x100", 2, 2, "transparent" },
          { photo:pad{ margin = { left = "50%", top = 5 }, background = "white" }, "180x85", 9, 9, "white" },
          { photo:pad(4):trim(), "120x80", 0, 0, "red" },
          { photo:pad(4):trim{ margin = 2 }, "124x84", 0, 0, "transparent" },
          { photo:rotate(90), "80x120", 0, 0, "red" },
          { photo:rotate(-90), "80x120", 0, 0, "#0000ff" },
          { photo:rotate{ degrees = 45, background = "white" }, "142x142", 0, 0, "white" },
          { photo:flip("horizontal"), "120x80", 0, 0, "#0000ff" },
          { photo:flip{ direction = "vertical" }, "120x80", 0, 0, "red" },
          { photo:adjust{ brightness = -100 }, "120x80", 0, 0, "black" },
          { photo:adjust{ hue = 0 }, "120x80", 119, 0, "#0000ff" },
          { photo:convert{ width = 50, height = 50, fit = "pad" }, "50x50", 0, 0, "transparent" },
          { photo:convert{ width = 50, height = 50, fit = "pad", background = "#00ff00" }, "50x50", 0, 0, "#00ff00" },
          { photo:convert{ width = 240, kernel = "nearest" }, "240x160", 119, 0, "red" },
          { photo:paste{ image = red, x = -10, width = "10%" }, "120x80", 115, 2, "red" },
          { photo:paste{ image = red, x = -10, opacity = 0 }, "120x80", 115, 2, "#0000ff" },
          { imagine.canvas{ width = 9, height = 7 }, "9x7", 0, 0, "transparent" },
          { imagine.sheet{ images = { photo, red, photo }, cell = 100, columns = 2 }, "215x215", 0, 0, "white" },
          { photo:label{ text = "<b>&", size = 12, background = "white" }, "120x80", 0, 0, "red" },
        }
        for index, case in ipairs(cases) do
          local image, wanted, x, y, name = table.unpack(case)
          if size(image) ~= wanted or image.format ~= "png" or x and not has(image, x, y, name) then
            print(index, size(image), wanted, name)
          end
        end
        print(photo:measure().opacity, photo:difference(photo).changed)
        """)
    #expect(outcome.status == 0 && outcome.output == "1.0\t0.0\n", "\(outcome)")
  }

  @Test("a wrong field is an error of its own line that names the field, before anything is done")
  func refused() async throws {
    let outcome = try await run(
      Self.photo + """
        local long = ("x"):rep(1 << 20)
        local cases = {
          { "x", photo.crop, photo, { x = 120, width = 1 } },
          { "width", photo.crop, photo, { width = 121 } },
          { "width", photo.crop, photo, { width = 0 } },
          { "width", photo.crop, photo, { width = 0/0 } },
          { "width", photo.crop, photo, { width = 1e300 } },
          { "width", photo.crop, photo, { width = "-5%" } },
          { "height", photo.crop, photo, { height = "50 %%" } },
          { "width", photo.crop, photo, {} },
          { "x", photo.crop, photo, { x = 1, aspect_ratio = "1:1" } },
          { "gravity", photo.crop, photo, { width = 1, gravity = "center" } },
          { "aspect_ratio", photo.crop, photo, { aspect_ratio = "1:0" } },
          { "base", photo.crop, photo, { base = photo, width = 1 } },
          { "marginn", photo.pad, photo, { marginn = 1 } },
          { "margin", photo.pad, photo, { margin = 20000 } },
          { "margin", photo.pad, photo, { margin = { 1, 2 } } },
          { "up", photo.pad, photo, { margin = { up = 1 } } },
          { "margin.top", photo.pad, photo, { margin = { top = -1 } } },
          { "background", photo.pad, photo, { margin = 1, background = "#12345" } },
          { "degrees", photo.rotate, photo, "far" },
          { "degrees", photo.rotate, photo, 1e9 },
          { "direction", photo.flip, photo, "up" },
          { "brightness", photo.adjust, photo, { brightness = 101 } },
          { "threshold", photo.trim, imagine.canvas{ width = 4, height = 4 }, {} },
          { "image", photo.paste, photo, { image = 7 } },
          { "x", photo.paste, photo, { image = red, x = 120 } },
          { "opacity", photo.paste, photo, { image = red, opacity = 2 } },
          { "text", photo.label, photo, long },
          { "text", photo.label, photo, "a\\0b" },
          { "text", photo.label, photo, { text = "a long text, too long", size = 60 } },
          { "size", photo.label, photo, { text = "x", size = 5000 } },
          { "font", photo.label, photo, { text = "x", font = "Sans 12" } },
          { "padding", photo.label, photo, { text = "x", padding = 60 } },
          { "width", imagine.canvas, { width = 1 << 40, height = 1 } },
          { "width", imagine.canvas, { width = 16384, height = 16384 } },
          { "images", imagine.sheet, { images = {} } },
          { "labels", imagine.sheet, { images = { photo }, labels = { "a", "b" } } },
          { "labels[1]", imagine.sheet, { images = { photo }, labels = { {} } } },
          { "shapes", imagine.mask, { width = 8, height = 8 } },
          { "shapes", imagine.mask, { width = 8, height = 8, shapes = { { shape = "rectangle" } } } },
          { "shapes[1].x", imagine.mask, { width = 8, height = 8, shapes = { { shape = "ellipse", x = 8 } } } },
          { "shape", imagine.mask, { width = 8, height = 8, shapes = { {x = 1} } } },
          { "form", imagine.mask, { width = 8, height = 8, shapes = { { form = "ellipse" } } } },
          { "image", photo.alpha, photo },
          { "pixels", photo.grow, photo, 501 },
          { "mask", photo.combine, photo, red },
          { "image", photo.difference, photo, red },
        }
        for index, case in ipairs(cases) do
          local ok, fault = pcall(table.unpack(case, 2, 5))
          local name = not ok and imagine.is_error(fault) and fault.field
          if name ~= case[1] or fault.kind ~= "validation" or fault.charged ~= "no" then
            print(index, case[1], name, fault)
          end
        end
        photo:crop{ width = 121 }
        """)
    #expect(outcome.output == "", "\(outcome.output)")
    #expect(outcome.status == 1 && outcome.errors.contains("script.lua:61:"), "\(outcome.errors)")
  }

  @Test("a sheet that is too large says how many pages there are")
  func pages() async throws {
    let outcome = try await run(
      Self.photo + """
        local images = {}
        for index = 1, 100 do images[index] = photo end
        local _, fault = pcall(imagine.sheet, { images = images, cell = 2048, columns = 4 })
        print(fault.field, fault.message)
        """)
    #expect(outcome.output.hasPrefix("images\t") && outcome.output.contains("12 fit on a page"))
    #expect(outcome.output.contains("make 9 pages"), "\(outcome)")
  }

  @Test("masks are made, changed and combined, and a cut-out as a mask is its opaque part")
  func masks() async throws {
    let outcome = try await run(
      Self.photo + """
        local left = imagine.mask{ image = photo, shapes = { { shape = "rectangle", width = "50%" } } }
        local right = left:invert()
        local all = left:combine(right)
        print(left:measure().brightness, right:measure().brightness, all:measure().brightness)
        print(left:combine{ mask = right, mode = "intersect" }:measure().brightness,
          all:combine{ mask = right, mode = "subtract" }:difference(left).max)
        print(left:grow(10):measure().brightness * 120, left:grow(-10):measure().brightness * 120)
        local hole = red:pad{ margin = 20 }
        print(hole:alpha():difference(imagine.mask{ image = hole }).max, hole:alpha():measure().saturation)
        local soft = imagine.mask{ image = photo, feather = 12, shapes = { { shape = "ellipse" } } }
        print(soft:crop{ x = 60, y = 40, width = 1, height = 1 }:measure().brightness,
          soft:measure().brightness < 0.785)
        """)
    #expect(
      outcome.output == """
        0.5\t0.5\t1.0
        0.0\t0.0
        70.0\t50.0
        0.0\t0.0
        1.0\ttrue

        """, "\(outcome)")
  }

  @Test("a cut-out as a mask is sent in white and black to a service that reads no alpha")
  func cutoutMask() async throws {
    let stub = try await StubServer { _ in .full(status: 200, body: TinyImage.png) }
    let outcome = try await run(
      Self.photo + """
        photo:retouch{ mask = red:pad{ margin = { right = 60 } } }
        """, environment: ["IMAGINE_BASE_URL": "\(stub.address)/v2", "IMAGINE_TOKEN": "t"])
    #expect(outcome.status == 0, "\(outcome)")
    let body = try #require(stub.requests.first?.body)
    let mark: [UInt8] = [0x89, 0x50, 0x4E, 0x47]
    let starts = body.indices.filter { body[$0...].starts(with: mark) }
    // The type of colors in the headers: 2 is without alpha, 6 with.
    #expect(starts.map { body[$0 + 25] } == [2, 2])
    await stub.close()
  }

  @Test("save keeps a limit of bytes with its metadata, numbers files, and says the least")
  func saving() async throws {
    let outcome = try await run(
      """
      local photo = imagine.generate{ prompt = "a red boat", seed = 7 }
      local fs = require "fs"
      for _, name in ipairs{ "a.jpg", "a.webp" } do
        photo:save(name, { max_bytes = 60000 })
        local facts = imagine.inspect(name)
        print(facts.bytes <= 60000 and facts.bytes > 40000, facts.claims.prompt, facts.claims.seed, facts.alpha)
      end
      local _, fault = pcall(photo.save, photo, "b.jpg", { max_bytes = 100, metadata = false })
      print(fault.field, fault.message:match("at least (%d+) bytes, at quality 40") ~= nil)
      _, fault = pcall(photo.save, photo, "b.png", { max_bytes = 100, metadata = false })
      print(fault.field, fs.exists("b.png"), fs.exists("b.jpg"))
      for _, options in ipairs{ { min_quality = 50 }, { max_bytes = 9, quality = 30, min_quality = 50 },
        { quality = 0 }, { overwrite = "maybe" }, { background = "reddish" } } do
        print(select(2, pcall(photo.save, photo, "c.jpg", options)).field)
      end
      local other = photo:crop{ width = 64, height = 64 }
      for _ = 1, 2 do
        print(photo:save("d/n.jpg", { overwrite = "number" }), other:save("d/n.jpg", { overwrite = "number" }))
      end
      local cutout = imagine.png{ prompt = "a red apple", seed = 3 }
      cutout:save("cut.jpg", { background = "#00ff00", quality = 100 })
      local corner = imagine.open("cut.jpg"):crop{ width = 1, height = 1 }
      print(corner:difference(imagine.canvas{ width = 1, height = 1, background = "#00ff00" }).max < 0.02)
      print(photo:save("q.jpg", { quality = 10 }) == "q.jpg", fs.info("q.jpg").size < fs.info("d/n.jpg").size)
      """)
    #expect(
      outcome.output == """
        true\ta red boat\t7\tfalse
        true\ta red boat\t7\tfalse
        max_bytes\ttrue
        max_bytes\tfalse\tfalse
        min_quality
        min_quality
        quality
        overwrite
        background
        d/n.jpg\td/n-2.jpg
        d/n.jpg\td/n-2.jpg
        true
        true\ttrue

        """, "\(outcome)")
  }

  @Test("a phone's photo is upright after each step, and a file that is only copied stays as it is")
  func upright() async throws {
    let outcome = try await run(
      Self.photo + """
        local fs = require "fs"
        photo:save("plain.jpg", { quality = 100, metadata = false })
        local file = fs.read("plain.jpg")
        -- Orientation 6: to be turned clockwise.
        local exif = "Exif\\0\\0MM\\0*\\0\\0\\0\\8\\0\\1\\1\\x12\\0\\3\\0\\0\\0\\1\\0\\6\\0\\0\\0\\0\\0\\0"
        fs.write("phone.jpg", file:sub(1, 2) .. "\\xFF\\xE1" .. string.pack(">I2", #exif + 2) .. exif .. file:sub(3))
        local phone = imagine.open("phone.jpg")
        print(size(phone), size(phone:flip("horizontal")), size(phone:crop{ height = 20 }))
        local wanted = imagine.open("plain.jpg"):rotate(90)
        print(differs(phone:convert{ format = "png" }, wanted), differs(phone:rotate(0), wanted))
        phone:save("copy.jpg")
        print(fs.sha256("copy.jpg") == fs.sha256("phone.jpg"))
        phone:save("small.jpg", { quality = 95 })
        print(size(imagine.open("small.jpg")))
        """)
    #expect(
      outcome.output == "80x120\t80x120\t80x20\nfalse\tfalse\ntrue\n80x120\n", "\(outcome)")
  }

  @Test("a file that is larger than what a service takes is changed all the same")
  func large() async throws {
    let outcome = try await run(
      Self.photo + """
        -- What follows the end of a PNG is no part of the image.
        local large = imagine.decode(photo:data() .. ("x"):rep(33 << 20))
        print(differs(large:flip("horizontal"), photo:flip("horizontal")))
        """)
    #expect(outcome.output == "false\n", "\(outcome)")
  }

  @Test("steps are in a recording, and a plan knows their sizes and says what needs pixels")
  func recordedAndPlanned() async throws {
    let script =
      Self.photo + """
        local cut = photo:pad(4):trim():rotate(90)
        print(size(cut), photo:crop{ aspect_ratio = "1:1" }.width, photo:measure().opacity > 0)
        imagine.generate("a cat"):crop{ width = "50%" }:save("cat.jpg", { max_bytes = 60000 })
        """
    let recorded = try await run(script, options: ["--record", "r.recording"])
    #expect(recorded.status == 0 && recorded.output == "80x120\t80\ttrue\n", "\(recorded)")
    let replayed = try await run(
      script, options: ["--replay", "r.recording"],
      environment: ["IMAGINE_SERVER_PROGRAM": "/nonexistent"])
    #expect(replayed.output == recorded.output, "\(replayed.errors)")
    let plan = try await Program.imagine.run(
      ["plan", "--json", "script.lua"],
      environment: ["IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path],
      in: folder.path)
    #expect(plan.errors.contains("88x128\t80\ttrue"), "\(plan)")
    let json = try JSONSerialization.jsonObject(with: Data(plan.output.utf8)) as? [String: Any]
    let notes = json?["needs_pixels"] as? [String] ?? []
    #expect(notes.count == 3 && notes[0].contains("trim"), "\(notes)")
    #expect(json?["calls"] as? Int == 1)
  }

  @Test("a text where no font is installed is an error that says what to install")
  func noFont() async throws {
    try FileSystem.write(
      "<?xml version=\"1.0\"?><fontconfig><dir>\(folder.file("nothing"))</dir></fontconfig>",
      to: folder.file("fonts.conf"))
    let outcome = try await run(
      """
      local canvas = imagine.canvas{ width = 200, height = 100 }
      local _, fault = pcall(canvas.label, canvas, "x")
      print(fault.kind, fault.message:find("fonts-dejavu-core", 1, true) ~= nil)
      """, environment: ["FONTCONFIG_FILE": folder.file("fonts.conf")])
    #expect(outcome.output == "unavailable\ttrue\n", "\(outcome)")
  }

  @Test("a killed script that derives its inputs pays for no call twice")
  func killed() async throws {
    let script = """
      local photo = imagine.generate("a red boat")
      local part = photo:crop{ aspect_ratio = "16:9" }:adjust{ contrast = 10 }
      local mask = imagine.mask{ image = part, shapes = { { shape = "ellipse", width = "50%" } } }
      local big = part:upscale()
      local filled = part:fill{ prompt = "a lake", mask = mask }
      print(big.width, filled.width)
      """
    try await TrialService.run(script, over: .tcp, in: folder) { service in
      let environment = service.environment.merging([
        "IMAGINE_HOME": folder.file("home"), "IMAGINE_TOKEN": "a",
      ]) { $1 }
      // The second call, of a derived image, is paid for.
      _ = try await Program.imagine.run(
        ["script.lua"], environment: environment.merging(["IMAGINE_KILL_AT": "stored:2"]) { $1 },
        in: folder.path)
      let resumed = try await Program.imagine.run(
        ["--resume", "script.lua"], environment: environment, in: folder.path)
      #expect(resumed.status == 0 && resumed.output == "2048\t1024\n", "\(resumed)")
      let answer = try await Program(path: "/usr/bin/env").run([
        "curl", "-s", "\(service.base)/x/rehearsal", "-H", "Authorization: Bearer a",
      ])
      let json = try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
      let charges = (json as? [String: Any])?["by_route"] as? [String: Int] ?? [:]
      #expect(charges.values.reduce(0, +) == 3, "\(charges)")
    }
  }
}
