// swift-tools-version:6.2
import PackageDescription

let package = Package(
  name: "imagine-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "imagine", path: "..")],
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
      ]),
    .executableTarget(
      name: "engine-benchmarks",
      dependencies: ["EnginePeers", .product(name: "ImagineEngine", package: "imagine")],
      path: "Sources/EngineBenchmarks"),
  ],
  cxxLanguageStandard: .cxx17
)
