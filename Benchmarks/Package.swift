// swift-tools-version:6.2
import PackageDescription

let package = Package(
  name: "imagine-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "imagine", path: ".."),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .systemLibrary(name: "CLuaForBenchmarks", pkgConfig: "lua5.4"),
    .target(
      name: "BenchmarkPeers", dependencies: ["CLuaForBenchmarks"],
      cSettings: [.unsafeFlags(["-O2"])]),
    .executableTarget(
      name: "lua-benchmarks",
      dependencies: ["BenchmarkPeers", .product(name: "Lua", package: "imagine")],
      path: "Sources/LuaBenchmarks"),

    .systemLibrary(name: "CVipsForBenchmarks", pkgConfig: "vips"),
    .target(
      name: "EnginePeers", dependencies: ["CVipsForBenchmarks"],
      cxxSettings: [
        .unsafeFlags([
          "-O2", "-isystem", "/usr/include/opencv4", "-isystem", "/opt/homebrew/include/opencv4",
        ])
      ],
      linkerSettings: [.linkedLibrary("opencv_photo")]),
    .executableTarget(
      name: "engine-benchmarks",
      dependencies: ["EnginePeers", .product(name: "ImagineEngine", package: "imagine")],
      path: "Sources/EngineBenchmarks"),

    .target(name: "WireTools", cSettings: [.unsafeFlags(["-O2"])]),
    .executableTarget(
      name: "client-benchmarks",
      dependencies: ["WireTools"],
      path: "Sources/ClientBenchmarks"),
    .executableTarget(
      name: "server-benchmarks",
      dependencies: [
        "WireTools", .product(name: "ImagineServer", package: "imagine"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Sources/ServerBenchmarks"),
  ],
  cxxLanguageStandard: .cxx17
)
