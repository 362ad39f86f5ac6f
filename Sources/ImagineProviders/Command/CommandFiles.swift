import ImagineAPI
import ImagineSystem
import MediaFiles

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The files of one run of a program: copies of its input images, and its output.
struct CommandFiles {
  private let folder: String
  private let name: String

  /// Seconds after which the output of an earlier run is removed: it is stored, or was given up.
  private static let maxAge = 7.0 * 86_400
  private static let outputSuffix = ".out.png"

  /// - Throws: ``ImagineError`` of kind `io`.
  init(in folder: String) throws(ImagineError) {
    self.folder = folder
    var generator = SystemRandomNumberGenerator()
    name = String(generator.next(), radix: 36) + String(generator.next(), radix: 36)
    try AtomicFile.makeFolder(folder, mode: 0o700)
    Self.removeOld(in: folder)
  }

  private static func removeOld(in folder: String) {
    let manager = FileManager.default
    for name in (try? manager.contentsOfDirectory(atPath: folder)) ?? [] {
      let path = "\(folder)/\(name)"
      let attributes = try? manager.attributesOfItem(atPath: path)
      guard let date = attributes?[.modificationDate] as? Date,
        Date().timeIntervalSince(date) > maxAge
      else { continue }
      try? manager.removeItem(atPath: path)
    }
  }

  /// Where the program writes its image.
  var output: String { "\(folder)/\(name)\(Self.outputSuffix)" }

  /// Whether a path is that of an output: it comes from the journal or from a caller.
  static func isOutput(_ path: String, in folder: String) -> Bool {
    guard path.hasPrefix("\(folder)/"), path.hasSuffix(outputSuffix) else { return false }
    return !path.dropFirst(folder.count + 1).contains("/")
  }

  /// Writes a copy of an input image: the program must not be able to change the stored one.
  ///
  /// - Returns: its path.
  func write(_ bytes: [UInt8], _ field: String) throws(ImagineError) -> String {
    let path = "\(folder)/\(name).\(field).\(ImageHeader(bytes)?.format.pathExtension ?? "bin")"
    try FilePath(path).write(bytes, replacing: true)
    return path
  }

  /// The image that the program has written.
  ///
  /// - Throws: ``ImagineError`` of kind `badResponse` if it is missing or incomplete.
  func image(of program: String) throws(ImagineError) -> [UInt8] {
    var bytes: [UInt8] = []
    var reason: String?
    do {
      bytes = try FileReader(FilePath(output)).all(limit: ImageAnswer.maxBytes)
      reason = MediaFault(in: MediaSource(bytes)).map { "wrote an image that \($0)" }
      if reason == nil, ImageHeader(bytes) == nil { reason = "wrote no image" }
    } catch {
      reason = "ended with status 0, but wrote no readable {output}"
    }
    if let reason {
      throw ImagineError(.badResponse, "\(program) \(reason)", charged: .unknown)
    }
    return bytes
  }

  /// Removes the input files.
  ///
  /// - Parameter keepsOutput: whether the journal has the path of the output.
  func remove(keepsOutput: Bool) {
    let manager = FileManager.default
    for file in (try? manager.contentsOfDirectory(atPath: folder)) ?? []
    where file.hasPrefix("\(name).") && !(keepsOutput && file.hasSuffix(Self.outputSuffix)) {
      try? manager.removeItem(atPath: "\(folder)/\(file)")
    }
  }
}
