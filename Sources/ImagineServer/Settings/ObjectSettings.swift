import ImagineAPI
import ImagineProviders
import ImagineSystem
import Logging
import ObjectStorage

/// The bucket of a service: `[objects]` of `server.toml`.
///
/// ```toml
/// [objects]
/// endpoint = "https://s3.eu-central-1.amazonaws.com"
/// region = "eu-central-1"
/// bucket = "images"
/// access_key_file = "/run/credentials/access-key"     # else AWS_ACCESS_KEY_ID
/// secret_key_file = "/run/credentials/secret-key"     # else AWS_SECRET_ACCESS_KEY
/// ```
public struct ObjectSettings: Sendable {
  /// Whether clients read from the bucket themselves.
  public var redirects: Bool

  private let place: String
  private let location: S3Location
  private let accessKeyFile: String?
  private let secretKeyFile: String?
  private let sessionTokenFile: String?

  static let keys = [
    "endpoint", "region", "bucket", "prefix", "public_endpoint", "access_key_file",
    "secret_key_file", "session_token_file", "ca_file", "redirect", "remove_orphans",
  ]

  /// Nil for a table without `endpoint`, which is about the data directory.
  ///
  /// - Throws: ``ImagineError`` that names the file, the table and the key.
  init?(_ table: ConfigTable, filesIn folder: String) throws(ImagineError) {
    try table.allow(Self.keys)
    place = table.place
    guard let endpoint = try table.endpoint("endpoint") else {
      for key in Self.keys where key != "remove_orphans" && table.keys.contains(key) {
        throw ImagineError(
          .validation, "\(table.place): '\(key)' needs 'endpoint'", field: "endpoint")
      }
      return nil
    }
    guard let bucket = try table.text("bucket") else {
      throw ImagineError(.validation, "\(table.place): 'bucket' is missing", field: "bucket")
    }
    guard bucket.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{1,62}/) != nil else {
      throw .invalid(
        field: "\(table.place).bucket", given: "\"\(bucket)\"",
        expected: "3 to 63 letters, digits, dots and hyphens")
    }
    location = S3Location(
      endpoint: endpoint, region: try table.text("region") ?? "us-east-1", bucket: bucket,
      prefix: try Self.prefix(table), publicEndpoint: try table.endpoint("public_endpoint"),
      trustedCertificates: try table.path("ca_file", from: folder))
    accessKeyFile = try table.path("access_key_file", from: folder)
    secretKeyFile = try table.path("secret_key_file", from: folder)
    sessionTokenFile = try table.path("session_token_file", from: folder)
    redirects = try table.flag("redirect") ?? true
    guard (accessKeyFile == nil) == (secretKeyFile == nil) else {
      throw ImagineError(
        .validation, "\(table.place): 'access_key_file' and 'secret_key_file' need each other",
        field: "secret_key_file")
    }
    guard sessionTokenFile == nil || accessKeyFile != nil else {
      throw ImagineError(
        .validation, "\(table.place): 'session_token_file' needs 'access_key_file'",
        field: "access_key_file")
    }
  }

  /// With a slash at its end.
  private static func prefix(_ table: ConfigTable) throws(ImagineError) -> String {
    guard let prefix = try table.text("prefix"), !prefix.isEmpty else { return "" }
    guard prefix.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._\/-]{0,200}/) != nil,
      !prefix.contains("//"), !prefix.contains("..")
    else {
      throw .invalid(
        field: "\(table.place).prefix", given: "\"\(prefix)\"", expected: "a name such as imagine/")
    }
    return prefix.hasSuffix("/") ? prefix : "\(prefix)/"
  }

  /// What is configured, in words without secrets.
  public var description: String { "\(location.endpoint), bucket \(location.bucket)" }

  /// Opens the bucket; nothing is sent.
  ///
  /// - Throws: ``ImagineError`` about the key or the certificates.
  func bucket(
    environment: [String: String], logger: Logger
  ) throws(ImagineError) -> S3Bucket {
    try S3Bucket(location, credentials(environment), logger: logger)
  }

  private func credentials(_ environment: [String: String]) throws(ImagineError) -> S3Credentials {
    if let accessKeyFile, let secretKeyFile {
      return S3Credentials(
        accessKey: try Self.secret(in: accessKeyFile),
        secretKey: try Self.secret(in: secretKeyFile),
        sessionToken: try sessionTokenFile.map(Self.secret))
    }
    func secret(_ name: String) throws(ImagineError) -> String? {
      guard let text = environment[name], !text.isEmpty else { return nil }
      guard Self.isKey(text) else {
        throw ImagineError(
          .validation, "\(name) must be one word without control characters", field: name)
      }
      return text
    }
    let names = Self.keyVariables
    guard let access = try secret(names[0]), let key = try secret(names[1]) else {
      throw ImagineError(
        .validation,
        "\(place): there is no key: set 'access_key_file' and 'secret_key_file', or the variables "
          + "\(names[0]) and \(names[1])", field: "access_key_file")
    }
    return S3Credentials(accessKey: access, secretKey: key, sessionToken: try secret(names[2]))
  }

  /// The environment variables with its key.
  static let keyVariables = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]

  private static func isKey(_ text: some StringProtocol) -> Bool {
    text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }

  private static func secret(in path: String) throws(ImagineError) -> String {
    guard let bytes = try FilePath(path).readSmallFile(isSecret: true) else {
      throw ImagineError(.io, "there is no \(path)")
    }
    let text = String(decoding: bytes, as: UTF8.self)
      .trimmingPrefix(while: \.isWhitespace).split(whereSeparator: \.isNewline).first
    guard let text, isKey(text) else {
      throw ImagineError(.validation, "\(path) does not have one line with a key")
    }
    return String(text)
  }
}

extension ConfigTable {
  fileprivate func endpoint(_ key: String) throws(ImagineError) -> S3Endpoint? {
    guard let text = try text(key) else { return nil }
    guard let endpoint = S3Endpoint(text) else {
      throw .invalid(
        field: "\(place).\(key)", given: "\"\(text)\"",
        expected: "an address such as https://s3.example.org, without a path")
    }
    return endpoint
  }
}
