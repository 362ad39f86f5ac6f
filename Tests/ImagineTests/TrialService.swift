import Foundation
import ImagineTestSupport
import Testing

/// A server with fault injection, and the environment with which scripts use it.
struct TrialService {
  /// The transport between a script and the service.
  enum Transport: String, CaseIterable {
    case tcp, tls
  }

  let environment: [String: String]
  let base: String

  /// Writes the script to `script.lua`, and runs `body` while the server runs.
  static func run(
    _ script: String, over transport: Transport, in folder: TemporaryFolder,
    plan: String = "",
    _ body: (TrialService) async throws -> Void
  ) async throws {
    try FileSystem.write("paint = \"card\"\n\(plan)", to: folder.file("plan.toml"))
    try FileSystem.write(script, to: folder.file("script.lua"))
    let proxy = transport == .tls ? try await TLSProxy(.loopback) : nil
    // The addresses of its videos also point to the proxy.
    let server = try Program.server.start(
      ["--port", "0", "--home", folder.file("server"), "--rehearse", folder.file("plan.toml")]
        + (proxy.map { ["--public-address", $0.address] } ?? []))
    defer { server.send(SIGKILL) }
    let line = try #require(await server.firstLine { $0.contains("http://") })
    let base = String(try #require(line.split(separator: " ").first { $0.hasPrefix("http://") }))
    var environment = [
      "IMAGINE_BASE_URL": "\(proxy?.address ?? base)/v2", "IMAGINE_RANDOM_SEED": "7,11",
      "XDG_CONFIG_HOME": folder.path,
    ]
    if let proxy {
      proxy.forward(to: try #require(URL(string: base)?.port))
      try FileSystem.write(TestCertificate.authority, to: folder.file("authority.pem"))
      environment["SSL_CERT_FILE"] = folder.file("authority.pem")
    }
    try await body(TrialService(environment: environment, base: base))
    await proxy?.close()
  }
}
