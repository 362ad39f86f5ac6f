import Foundation
import Synchronization

/// A real S3-compatible server of another project, which checks signatures, in a process of its own.
///
/// `scripts/test` installs both from PyPI, below `.build`.
public final class ObjectServer: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case moto, nanio
  }

  public let endpoint: String
  public let accessKey: String
  public let secretKey: String
  public static let bucket = "imagine"

  private let process: Process
  /// The server ends when this is closed, so it ends with this process, however that ends.
  private let input: Pipe
  private let folder: TemporaryFolder

  /// The folder of the servers' Python.
  private static var environment: String {
    ProcessInfo.processInfo.environment["OBJECT_SERVERS"]
      ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: ".build/object-servers").path
  }

  public static var isInstalled: Bool {
    FileManager.default.isExecutableFile(atPath: "\(environment)/bin/python")
  }

  private static let running = Mutex<[Kind: Task<ObjectServer, any Error>]>([:])

  /// The server of this process, started by the first call. Tests use different names.
  public static func shared(_ kind: Kind) async throws -> ObjectServer {
    try await running.withLock { running in
      let task = running[kind] ?? Task { try ObjectServer(kind) }
      running[kind] = task
      return task
    }.value
  }

  /// Starts a server with an empty bucket.
  public init(_ kind: Kind) throws {
    struct Description: Decodable {
      let endpoint: String
      let access: String
      let secret: String
    }
    folder = try TemporaryFolder()
    process = Process()
    input = Pipe()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "\(Self.environment)/bin/python")
    process.arguments = ["-c", Self.program, kind.rawValue, folder.path]
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    var line = Data()
    while !line.contains(0x0A) {
      let piece = output.fileHandleForReading.availableData
      guard !piece.isEmpty else { throw CocoaError(.fileReadUnknown) }
      line += piece
    }
    let description = try JSONDecoder().decode(Description.self, from: line)
    endpoint = description.endpoint
    accessKey = description.access
    secretKey = description.secret
  }

  deinit { stop() }

  /// Ends the server at once.
  public func stop() {
    try? input.fileHandleForWriting.close()
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  private static let program = #"""
    import json, os, sys, threading

    kind, folder = sys.argv[1:3]

    def ready(port, access, secret):
        print(json.dumps({"endpoint": f"http://127.0.0.1:{port}", "access": access,
                          "secret": secret}), flush=True)

    def moto():
        import boto3
        from moto import settings
        from moto.moto_server.threaded_moto_server import ThreadedMotoServer
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        port = server.get_host_and_port()[1]
        def client(service):
            return boto3.client(
                service, region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{port}",
                aws_access_key_id="setup", aws_secret_access_key="setup")
        iam = client("iam")
        iam.create_user(UserName="imagine")
        iam.put_user_policy(UserName="imagine", PolicyName="all", PolicyDocument=json.dumps(
            {"Version": "2012-10-17",
             "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
        key = iam.create_access_key(UserName="imagine")["AccessKey"]
        client("s3").create_bucket(Bucket="imagine")
        # From now on, signatures are checked.
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
        ready(port, key["AccessKeyId"], key["SecretAccessKey"])

    def nanio():
        import socket
        from pathlib import Path
        os.environ["NANIO_ACCESS_KEY"] = "nanio-test"
        os.environ["NANIO_SECRET_KEY"] = "nanio-secret"
        import uvicorn
        from nanio.app import build_app
        from nanio.config import Settings
        os.makedirs(f"{folder}/imagine")
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        server = uvicorn.Server(uvicorn.Config(
            build_app(Settings(data_dir=Path(folder))), log_level="error", lifespan="off"))
        threading.Thread(
            target=lambda: server.run(sockets=[listener]), daemon=True).start()
        ready(listener.getsockname()[1], "nanio-test", "nanio-secret")

    {"moto": moto, "nanio": nanio}[kind]()
    sys.stdin.read()
    os._exit(0)
    """#
}
