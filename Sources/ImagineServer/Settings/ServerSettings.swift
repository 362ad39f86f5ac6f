public import ImagineAPI
import ImagineProviders
import ImagineSystem
public import Logging

/// The content of `server.toml`. An option of the command takes precedence over the setting of its
/// name.
///
/// ```toml
/// host = "0.0.0.0"
/// port = 8080
/// tokens_file = "tokens.toml"       # relative paths are relative to this file
///
/// [[upstream]]
/// name = "gpu"
/// kind = "sdapi"
/// base_url = "http://10.0.0.7:7860"
/// styles = ["realistic"]
/// ```
public struct ServerSettings: Sendable {
  public private(set) var host: String?
  public private(set) var port: Int?
  public private(set) var socket: String?
  public private(set) var home: String?
  /// The URL of a PostgreSQL database, which may have a password.
  public private(set) var database: String?
  public private(set) var publicAddress: String?
  public private(set) var tokensFile: String?
  public private(set) var rate: Int?
  public private(set) var keepDays: Int?
  /// Queued and running videos of all servers on the store.
  public private(set) var videoQueue: Int?
  /// Queued and running videos of one token.
  public private(set) var videosPerAccount: Int?
  public private(set) var role: ServiceRole?
  public private(set) var logLevel: Logger.Level?
  public private(set) var logFormat: LogFormat?
  public private(set) var tlsCertificate: String?
  public private(set) var tlsKey: String?
  public private(set) var trustedProxies: [AddressRange] = []
  public private(set) var metricsTokenFile: String?
  public private(set) var page: PageAccess?
  public private(set) var drain: Int?
  /// Alias to model.
  public private(set) var modelAliases: [String: String] = [:]
  public private(set) var upstreams: [UpstreamDescription] = []
  public private(set) var objects: ObjectSettings?
  public private(set) var removesOrphans: Bool?

  // A setting of another part of the server: its member above, its name here, its line in `init`.
  private static let keys = [
    "host", "port", "socket", "home", "database", "database_file", "public_address", "tokens_file",
    "rate", "keep_days", "video_queue", "videos_per_account",
    "role", "log_level", "log_format", "tls_certificate", "tls_key", "trusted_proxies",
    "metrics_token_file", "page", "drain", "model_aliases", "upstream", "objects",
  ]

  public static let ports = 0...65535
  public static let rates = 1...1_000_000
  public static let days = 1...36500
  public static let queues = 1...1_000_000
  public static let drains = 0...3600

  /// No settings.
  public init() {}

  /// - Throws: ``ImagineError`` that names the file, the table and the key.
  public init(file path: String) throws(ImagineError) {
    guard let bytes = try FilePath(path).readSmallFile() else {
      throw ImagineError(.io, "there is no \(path)")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ImagineError(.validation, "\(path) is not UTF-8")
    }
    let table = try ConfigTable(toml: text, in: path)
    try table.allow(Self.keys)
    let folder = AtomicFile.parent(of: path)
    host = try table.text("host")
    port = try table.integer("port", in: Self.ports)
    socket = try table.path("socket", from: folder)
    home = try table.path("home", from: folder)
    database = try Self.database(table, filesIn: folder)
    publicAddress = try table.text("public_address")
    tokensFile = try table.path("tokens_file", from: folder)
    rate = try table.integer("rate", in: Self.rates)
    keepDays = try table.integer("keep_days", in: Self.days)
    videoQueue = try table.integer("video_queue", in: Self.queues)
    videosPerAccount = try table.integer("videos_per_account", in: Self.queues)
    role = try table.choice("role")
    logLevel = try table.choice("log_level")
    logFormat = try table.choice("log_format")
    tlsCertificate = try table.path("tls_certificate", from: folder)
    tlsKey = try table.path("tls_key", from: folder)
    trustedProxies = try table.ranges("trusted_proxies")
    metricsTokenFile = try table.path("metrics_token_file", from: folder)
    page = try table.choice("page")
    drain = try table.integer("drain", in: Self.drains)
    try readAliases(table)
    if let objects = try table.table("objects") {
      self.objects = try ObjectSettings(objects, filesIn: folder)
      removesOrphans = try objects.flag("remove_orphans")
    }
    for upstream in try table.tables("upstream") {
      let description = try UpstreamDescription(upstream, filesIn: folder)
      guard !upstreams.contains(where: { $0.name == description.name }) else {
        throw .invalid(
          field: "\(upstream.place).name", given: "\"\(description.name)\" again",
          expected: "another name for each upstream")
      }
      upstreams.append(description)
    }
    try check(in: path)
  }

  /// The address of the database, by itself without a password, or in a file of its own.
  private static func database(
    _ table: ConfigTable, filesIn folder: String
  ) throws(ImagineError) -> String? {
    let address = try table.text("database")
    if let address, address.contains(/:\/\/[^\/]*:[^\/]*@|password=/) {
      throw ImagineError(
        .validation,
        "field '\(table.place).database': it has a password: keep the address in a file of its own "
          + "that nobody else may read, and name that in database_file",
        field: "database")
    }
    guard let path = try table.path("database_file", from: folder) else { return address }
    guard address == nil else {
      throw ImagineError(
        .validation,
        "field '\(table.place).database_file': give database or database_file, not both",
        field: "database_file")
    }
    guard let bytes = try FilePath(path).readSmallFile(isSecret: true) else {
      throw ImagineError(.io, "field '\(table.place).database_file': there is no \(path)")
    }
    let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard words.count == 1 else {
      throw ImagineError(
        .validation,
        "field '\(table.place).database_file': \(path) must have one line, the address",
        field: "database_file")
    }
    return String(words[0])
  }

  private mutating func readAliases(_ table: ConfigTable) throws(ImagineError) {
    guard let aliases = try table.table("model_aliases") else { return }
    for name in aliases.keys { modelAliases[name] = try aliases.text(name) }
  }

  private func check(in path: String) throws(ImagineError) {
    if let publicAddress, !ServiceConfiguration.isPublicAddress(publicAddress) {
      throw .invalid(
        field: "\(path).public_address", given: "\"\(publicAddress)\"",
        expected: "an address such as https://images.example.org")
    }
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ImagineError(
        .validation, "\(path): 'tls_certificate' and 'tls_key' need each other", field: "tls_key")
    }
    guard socket == nil || (host == nil && port == nil) else {
      throw ImagineError(
        .validation, "\(path): 'socket' contradicts 'host' and 'port': give one of them",
        field: "socket")
    }
  }
}

extension ConfigTable {
  /// A path; a relative one begins in a folder.
  func path(_ key: String, from folder: String) throws(ImagineError) -> String? {
    guard let path = try text(key) else { return nil }
    return path.hasPrefix("/") ? path : "\(folder)/\(path)"
  }

  fileprivate func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String
  ) throws(ImagineError) -> Choice? {
    guard let name = try text(key) else { return nil }
    guard let choice = Choice(rawValue: name) else {
      let names = Choice.allCases.map(\.rawValue)
      throw .invalid(
        field: "\(place).\(key)", given: "\"\(name)\"",
        expected: "one of: \(names.joined(separator: ", "))", allowed: names)
    }
    return choice
  }

  fileprivate func ranges(_ key: String) throws(ImagineError) -> [AddressRange] {
    var ranges: [AddressRange] = []
    for text in try texts(key) ?? [] {
      guard let range = AddressRange(text) else {
        throw .invalid(
          field: "\(place).\(key)", given: "\"\(text)\"",
          expected: "ranges such as \"10.0.0.0/8\", addresses, or \"unix\"")
      }
      ranges.append(range)
    }
    return ranges
  }
}

/// How log lines are written.
public enum LogFormat: String, Sendable, CaseIterable {
  case text, json
}
