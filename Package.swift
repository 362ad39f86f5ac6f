// swift-tools-version:6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient: Target.Dependency = .product(
  name: "AsyncHTTPClient", package: "async-http-client")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(
  name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(
  name: "HummingbirdTLS", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let lifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPCompression: Target.Dependency = .product(
  name: "NIOHTTPCompression", package: "swift-nio-extras")
let nioHTTPTypes: Target.Dependency = .product(
  name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1: Target.Dependency = .product(
  name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let signals: Target.Dependency = .product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let toml: Target.Dependency = .product(name: "TOMLKit", package: "TOMLKit")

let package = Package(
  name: "imagine",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "imagine", targets: ["imagine"]),
    .executable(name: "imagine-server", targets: ["imagine-server"]),
    .library(name: "Lua", targets: ["Lua"]),
    .library(name: "ImagineEngine", targets: ["ImagineEngine"]),
    .library(
      name: "ImagineScripting", targets: ["ImagineAPI", "ImagineRuns", "ImagineScripting"]),
    .library(name: "ImagineTesting", targets: ["ImagineTesting"]),
    .library(name: "ImagineServer", targets: ["ImagineServer", "ServerStore"]),
    .library(name: "PostgresStore", targets: ["PostgresStore"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // Lua in Swift. Knows nothing of images; useful alone.
    .systemLibrary(
      name: "CLuaLibrary", pkgConfig: "lua5.4",
      providers: [.apt(["liblua5.4-dev"]), .brew(["lua@5.4"])]),
    .target(name: "CLua", dependencies: ["CLuaLibrary"]),
    .target(name: "Lua", dependencies: ["CLua"], swiftSettings: swiftSettings),

    // What host and server share.
    .target(name: "ImagineAPI", swiftSettings: swiftSettings),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .target(
      name: "MediaFiles", dependencies: ["CZlib", "ImagineAPI"], swiftSettings: swiftSettings),
    .target(name: "CProcess"),
    .target(
      name: "ImagineSystem", dependencies: ["CProcess", "ImagineAPI"], swiftSettings: swiftSettings),

    // The host.
    .target(
      name: "ImagineProviders",
      dependencies: [
        "ImagineAPI", "ImagineSystem", "MediaFiles", asyncHTTPClient, crypto, logging, nioCore,
        nioHTTP1, nioHTTPCompression, nioPosix, nioSSL, nioWebSocket, toml,
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "LocalServer", dependencies: ["ImagineAPI", "ImagineProviders", "ImagineSystem"],
      swiftSettings: swiftSettings),
    .target(
      name: "ImagineRuns", dependencies: ["ImagineAPI", "ImagineSystem", "MediaFiles"],
      swiftSettings: swiftSettings),
    .target(
      name: "HostStore",
      dependencies: ["ImagineAPI", "ImagineRuns", "ImagineSystem", "MediaFiles", crypto, grdb],
      swiftSettings: swiftSettings),
    .target(
      name: "ImagineStdlib", path: "stdlib",
      resources: [
        "args", "choose", "csv", "fs", "fs/glob", "http", "json", "log", "process", "project/hello",
        "project/hello_test", "prompts", "prompts/expansion", "prompts/parser", "prompts/wildcards",
        "slug", "sweep", "types/imagine", "verbs/batch", "verbs/convert", "verbs/edit",
        "verbs/generate", "verbs/results", "verbs/sheet",
      ].map { .embedInCode("\($0).lua") },
      swiftSettings: swiftSettings),
    .target(
      name: "ImagineLua",
      dependencies: [
        "ImagineAPI", "ImagineRuns", "ImagineStdlib", "ImagineSystem", "Lua", "MediaFiles", crypto,
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "ImagineScripting",
      dependencies: [
        "HostStore", "ImagineAPI", "ImagineLua", "ImagineProviders", "ImagineRuns",
        "ImagineSystem", "LocalServer", "Lua", "MediaFiles", logging,
      ],
      swiftSettings: swiftSettings),
    // For tests of programs that embed the host.
    .target(
      name: "ImagineTesting",
      dependencies: [
        "ImagineAPI", "ImagineRuns", "ImagineSystem", "MediaFiles", crypto, nioCore, nioHTTP1,
        nioPosix,
      ],
      swiftSettings: swiftSettings),
    .target(name: "LuaCommand", dependencies: ["Lua"], swiftSettings: swiftSettings),
    .target(
      name: "ImagineREPL", dependencies: ["ImagineAPI", "Lua"], swiftSettings: swiftSettings),
    .executableTarget(
      name: "imagine",
      dependencies: [
        "ImagineAPI", "ImagineREPL", "ImagineRuns", "ImagineScripting", "ImagineSystem", "Lua",
        "LuaCommand", "MediaFiles", argumentParser, logging,
      ],
      swiftSettings: swiftSettings),

    // The service.
    .systemLibrary(
      name: "CVips", pkgConfig: "vips",
      providers: [.apt(["libvips-dev"]), .brew(["vips"])]),
    // Debian's opencv4.pc comes only with all of OpenCV, so its headers are named here. Pixels must
    // not depend on the processor: no fused multiply-add.
    .target(
      name: "CImaging", dependencies: ["CVips"],
      cxxSettings: [
        .unsafeFlags([
          "-O2", "-ffp-contract=off", "-isystem", "/usr/include/opencv4", "-isystem",
          "/opt/homebrew/include/opencv4",
        ])
      ],
      linkerSettings: [
        .linkedLibrary("opencv_core"), .linkedLibrary("opencv_imgproc"),
        .linkedLibrary("z"),
      ]),
    // Optimised in debug builds too: every test of an image would take many seconds otherwise.
    .target(
      name: "ImagineEngine", dependencies: ["CImaging", "ImagineAPI", "MediaFiles"],
      swiftSettings: swiftSettings + [
        .unsafeFlags(
          ["-O", "-wmo", "-num-threads", "2", "-disable-batch-mode"],
          .when(configuration: .debug))
      ]),
    .target(
      name: "ServerStore", dependencies: ["ImagineAPI", "ImagineSystem", grdb, grdbSQLite],
      swiftSettings: swiftSettings),
    // Apart, so that a program that embeds the server with SQLite needs no libpq.
    .systemLibrary(
      name: "CPostgres", pkgConfig: "libpq",
      providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
    .target(
      name: "PostgresStore", dependencies: ["CPostgres", "ImagineAPI", "ServerStore"],
      resources: [
        "accounts", "idempotency", "jobs", "leases", "media", "queue", "recipients", "tables",
        "turns", "unbounded_turns",
      ].map { .embedInCode("Schema/\($0).sql") },
      swiftSettings: swiftSettings),
    // Buckets of S3-compatible services. Knows nothing of images; useful alone.
    .target(
      name: "ObjectStorage",
      dependencies: [
        "ImagineAPI", "ImagineSystem", asyncHTTPClient, crypto, logging, nioCore, nioHTTP1,
        nioPosix, nioSSL,
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "ImagineServer",
      dependencies: [
        "ImagineAPI", "ImagineProviders", "ImagineSystem", "MediaFiles", "ObjectStorage",
        "ServerStore", coreMetrics, crypto, httpTypes, hummingbird, hummingbirdCore, hummingbirdTLS,
        lifecycle, logging,
        nioCore, nioHTTP1, nioHTTPTypes, nioHTTPTypesHTTP1, nioPosix, nioSSL, toml,
      ],
      resources: [.embedInCode("Page/page.html")],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "imagine-server",
      dependencies: [
        "ImagineAPI", "ImagineEngine", "ImagineServer", "ImagineSystem", "PostgresStore",
        "ServerStore", argumentParser, lifecycle, logging, nioCore, nioPosix, nioSSL, signals,
      ],
      swiftSettings: swiftSettings),

    // Tests; those of a whole program run it as a user does.
    .target(
      name: "ImagineTestSupport",
      dependencies: [
        "ImagineAPI", "ImagineTesting", "ServerStore", nioCore, nioPosix, nioSSL,
      ],
      path: "Tests/ImagineTestSupport", swiftSettings: swiftSettings),
    .target(
      name: "PseudoTerminal", path: "Tests/PseudoTerminal", swiftSettings: swiftSettings),
    .testTarget(
      name: "LuaTests", dependencies: ["Lua", "PseudoTerminal"], swiftSettings: swiftSettings),
    .testTarget(
      name: "ImagineREPLTests",
      dependencies: ["ImagineAPI", "ImagineREPL", "Lua", "PseudoTerminal"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ImagineAPITests", dependencies: ["ImagineAPI"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "MediaFilesTests", dependencies: ["ImagineAPI", "ImagineTestSupport", "MediaFiles"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ImagineRunsTests",
      dependencies: [
        "ImagineAPI", "ImagineRuns", "ImagineTestSupport", "ImagineTesting", "MediaFiles",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "HostStoreTests",
      dependencies: [
        "HostStore", "ImagineAPI", "ImagineRuns", "ImagineSystem", "ImagineTestSupport",
        "MediaFiles", grdb,
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ImagineProvidersTests",
      dependencies: [
        "HostStore", "ImagineAPI", "ImagineProviders", "ImagineTestSupport", "ImagineTesting",
        "LocalServer", "MediaFiles", logging,
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ImagineLuaTests",
      dependencies: ["ImagineAPI", "ImagineLua", "ImagineRuns", "ImagineSystem", "Lua"],
      exclude: ["Prompts"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ImagineScriptingTests",
      dependencies: [
        "HostStore", "ImagineAPI", "ImagineLua", "ImagineProviders", "ImagineRuns",
        "ImagineScripting", "ImagineStdlib", "ImagineTestSupport", "ImagineTesting", "Lua",
        "MediaFiles",
      ],
      exclude: ["Version1"],
      swiftSettings: swiftSettings),
    // What the documentation shows, as a program that the tests run.
    .executableTarget(
      name: "workflow-example",
      dependencies: ["ImagineAPI", "ImagineRuns", "ImagineScripting", "Lua"],
      path: "Tests/Examples/WorkflowExample", swiftSettings: swiftSettings),
    .testTarget(
      name: "ImagineEngineTests", dependencies: ["ImagineAPI", "ImagineEngine", "MediaFiles"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ServerStoreTests",
      dependencies: [
        "ImagineAPI", "ImagineSystem", "ImagineTestSupport", "PostgresStore", "ServerStore", grdb,
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "PostgresStoreTests",
      dependencies: ["ImagineAPI", "ImagineTestSupport", "PostgresStore", "ServerStore"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ObjectStorageTests",
      dependencies: [
        "ImagineAPI", "ImagineTestSupport", "ObjectStorage", asyncHTTPClient, logging, nioCore,
        nioHTTP1,
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ImagineServerTests",
      dependencies: [
        "ImagineAPI", "ImagineProviders", "ImagineServer", "ImagineSystem", "ImagineTestSupport",
        "ImagineTesting", "MediaFiles", "PostgresStore", "ServerStore", "imagine-server",
        asyncHTTPClient, coreMetrics, crypto, httpTypes, hummingbird, lifecycle, logging, nioCore,
        nioHTTP1, nioPosix, nioSSL,
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ImagineTests",
      dependencies: [
        "ImagineAPI", "ImagineTestSupport", "ImagineTesting", "MediaFiles", "PseudoTerminal",
      ],
      exclude: ["Hostile/HostileCalls.lua", "PowerCut.c"],
      swiftSettings: swiftSettings),
  ],
  cxxLanguageStandard: .cxx17
)

// A sanitizer builds anew whatever it meets: each of these leaves one part and its tests.
let parts = [
  "ONLY_API": ["ImagineAPI", "ImagineAPITests"],
  "ONLY_LUA": [
    "CLuaLibrary", "CLua", "Lua", "LuaCommand", "PseudoTerminal", "LuaTests",
  ],
  "ONLY_REPL": [
    "CLuaLibrary", "CLua", "Lua", "LuaCommand", "ImagineAPI", "ImagineREPL",
    "PseudoTerminal", "LuaTests", "ImagineREPLTests",
  ],
  "ONLY_ENGINE": [
    "CZlib", "ImagineAPI", "MediaFiles", "CVips", "CImaging", "ImagineEngine", "ImagineEngineTests",
  ],
  "ONLY_STORE": [
    "CPostgres", "CProcess", "CZlib", "ImagineAPI", "ImagineRuns", "ImagineSystem",
    "ImagineTestSupport", "ImagineTesting", "MediaFiles", "PostgresStore", "PostgresStoreTests",
    "ServerStore", "ServerStoreTests",
  ],
  "ONLY_OBJECTS": [
    "CProcess", "CZlib", "ImagineAPI", "ImagineRuns", "ImagineSystem", "ImagineTestSupport",
    "ImagineTesting", "MediaFiles", "ObjectStorage", "ObjectStorageTests", "ServerStore",
  ],
]
for (name, targets) in parts where Context.environment[name] != nil {
  package.targets.removeAll { !targets.contains($0.name) }
  package.products.removeAll { !targets.contains($0.name) }
  if !["ONLY_STORE", "ONLY_OBJECTS"].contains(name) { package.dependencies = [] }
}

// Measurements beside those of peers: `BENCHMARKS=1 swift run -c release lua-benchmarks`.
if Context.environment["BENCHMARKS"] != nil,
  !parts.keys.contains(where: { $0 != "ONLY_STORE" && Context.environment[$0] != nil })
{
  package.targets += [
    .target(name: "BenchmarkTable", path: "Benchmarks/Table"),
    .executableTarget(
      name: "store-benchmarks",
      dependencies: [
        "BenchmarkTable", "ImagineAPI", "ImagineTestSupport", "PostgresStore", "ServerStore",
      ],
      path: "Benchmarks/Store", swiftSettings: swiftSettings),
  ]
}
if Context.environment["BENCHMARKS"] != nil,
  !parts.keys.contains(where: { Context.environment[$0] != nil })
{
  let optimised: [CSetting] = [.unsafeFlags(["-O2"])]
  package.targets += [
    .target(
      name: "LuaPeers", dependencies: ["CLuaLibrary"], path: "Benchmarks/LuaPeers",
      cSettings: optimised),
    .executableTarget(
      name: "lua-benchmarks", dependencies: ["BenchmarkTable", "Lua", "LuaPeers"],
      path: "Benchmarks/Lua"),
    .target(
      name: "EnginePeers", dependencies: ["CVips"], path: "Benchmarks/EnginePeers",
      cxxSettings: [
        .unsafeFlags([
          "-O2", "-isystem", "/usr/include/opencv4", "-isystem", "/opt/homebrew/include/opencv4",
        ])
      ],
      linkerSettings: ["core", "imgproc", "photo"].map { .linkedLibrary("opencv_\($0)") }),
    .executableTarget(
      name: "engine-benchmarks",
      dependencies: ["BenchmarkTable", "CImaging", "EnginePeers", "ImagineAPI", "ImagineEngine"],
      path: "Benchmarks/Engine"),
    .executableTarget(
      name: "step-benchmarks",
      dependencies: [
        "BenchmarkTable", "EnginePeers", "HostStore", "ImagineAPI", "ImagineProviders",
        "LocalServer", logging,
      ],
      path: "Benchmarks/Steps"),
    .target(name: "WireTools", path: "Benchmarks/WireTools", cSettings: optimised),
    .executableTarget(
      name: "client-benchmarks", dependencies: ["WireTools"], path: "Benchmarks/Client"),
    .executableTarget(
      name: "server-benchmarks",
      dependencies: [
        "BenchmarkTable", "ImagineAPI", "ImagineServer", "ServerStore", "WireTools", hummingbird,
        logging,
      ],
      path: "Benchmarks/Server"),
  ]
}
