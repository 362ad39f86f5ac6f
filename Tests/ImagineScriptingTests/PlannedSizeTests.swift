import ImagineAPI
import ImagineScripting
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite("A plan has images of the sizes that each provider makes")
struct PlannedSizeTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Data(BlankImage.png(size: PixelSize(width: 64, height: 64)))
      .write(to: URL(filePath: folder.file("square.png")))
  }

  /// - Parameter own: the provider; nil for one with these settings.
  private func sizes(
    _ settings: String, _ calls: String, _ own: (any Provider)? = nil
  ) async throws -> String {
    if own == nil {
      try FileSystem.write("[providers.p]\n\(settings)", to: folder.file("imagine/config.toml"))
    }
    var configuration = ScriptHost.Configuration(
      service: .program("/nonexistent"), environment: ["XDG_CONFIG_HOME": folder.path])
    configuration.home = folder.file("home")
    configuration.providers = own.map { [$0] } ?? []
    configuration.provider = own?.name ?? "p"
    configuration.plans = true
    return try await ScriptHost.withHost(configuration) { host in
      try await host.run(
        """
        local image = imagine.open("\(folder.file("square.png"))")
        local sizes = {}
        for _, made in ipairs{ \(calls) } do sizes[#sizes + 1] = made.width .. "x" .. made.height end
        return table.concat(sizes, " ")
        """, reading: String.self)
    }
  }

  @Test("a server of the A1111 API extends an image, and draws near its model's resolution")
  func sdapi() async throws {
    let settings = "kind = \"sdapi\"\nbase_url = \"http://127.0.0.1:1\"\nresolution = 512"
    let sizes = try await sizes(
      settings,
      """
      imagine.generate{ prompt = "x", aspect_ratio = "16:9" }, imagine.generate("x"),
        image:resize{ aspect_ratio = "16:9" }, image:upscale()
      """)
    #expect(sizes == "640x360 512x512 120x64 128x128")
    let error = await #expect(throws: (any Error).self) {
      try await self.sizes(settings, #"image:resize{ aspect_ratio = "1:1" }"#)
    }
    #expect("\(String(describing: error))".contains("the shape of the image already"))
  }

  @Test("another provider that resizes without a mask draws the image anew, in any shape")
  func others() async throws {
    let resize = MediaOperation.resize
    let own = MemoryProvider(
      ProviderProfile(
        name: "own", kind: "own",
        operations: [
          resize.with(path: "/", fields: resize.fields.filter { $0.name != "mask" })
        ], prices: .free))
    let sizes = try await sizes(
      "", #"image:resize{ aspect_ratio = "1:1" }, image:resize{ aspect_ratio = "16:9" }"#, own)
    #expect(sizes == "1024x1024 1280x720")
  }
}
