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
  ]
)
