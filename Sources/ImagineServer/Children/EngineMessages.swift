import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

// The heads of the frames between the server and an engine child, as JSON. HTTP would parse again
// what the server has parsed, and has no place for progress.

/// What a child is asked to do. The frame's files are the call's images.
struct EngineRequest: Sendable, Codable {
  var call: EngineCall
  /// The bytes of each image.
  var imageBytes: [Int]
  /// How many threads to use.
  var threads: Int
  /// The limit of the child's data.
  var dataBytes: Int
}

/// What a child says about a call. The frame's file is the image of the result.
enum EngineReply: Sendable, Codable {
  /// The part done, 0 … 1; more follows.
  case progress(Double)
  case finished(EngineResult)
  case failed(EngineError)
}

extension Encodable {
  func encodedHead() throws -> [UInt8] { Array(try JSONEncoder().encode(self)) }
}

extension Decodable {
  init(head: [UInt8]) throws { self = try JSONDecoder().decode(Self.self, from: Data(head)) }
}
