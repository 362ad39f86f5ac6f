import Foundation
import ImagineTestSupport

@testable import ImagineServer

extension ObjectServer {
  /// The variables with the key of the server.
  var variables: [String: String] {
    ["AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey]
  }

  /// `[objects]` of a settings file, below a prefix that nobody else uses.
  func settings(prefix: String = UUID().uuidString, _ more: String = "") -> String {
    """
    [objects]
    endpoint = "\(endpoint)"
    bucket = "\(Self.bucket)"
    prefix = "\(prefix)"
    \(more)
    """
  }
}

extension ObjectSettings {
  /// What a settings file says.
  static func parsed(_ toml: String, in folder: TemporaryFolder) throws -> ObjectSettings? {
    let path = folder.file("\(UUID().uuidString).toml")
    try FileSystem.write(toml, to: path)
    return try ServerSettings(file: path).objects
  }
}

extension MediaStorage {
  /// All names below a beginning.
  func names(below beginning: String = "jobs/") async throws -> [String] {
    let names = Names()
    try await forEach(below: beginning) { medium in
      await names.add(medium.name)
      return true
    }
    return await names.all
  }
}

private actor Names {
  private(set) var all: [String] = []

  func add(_ name: String) { all.append(name) }
}
