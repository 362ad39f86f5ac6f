public import ImagineAPI
import ImagineSystem
import MediaFiles

/// How an image is saved.
public struct SaveOptions: Sendable {
  /// What happens to a file at the path.
  public enum Overwrite: Sendable {
    case replace
    /// It is an error.
    case refuse
    /// It is saved as `NAME-2`, `NAME-3`, …
    case number
  }

  /// 1 … 100, of lossy formats; nil keeps a file that has the format, and is
  /// ``Conversion/standardQuality`` for others.
  public var quality: Int?
  /// The most bytes of the file, its metadata included; nil for any number.
  public var maxBytes: Int?
  /// The least quality that ``maxBytes`` may cause.
  public var minQuality: Int?
  /// The color below what is transparent.
  public var background: PictureColor?
  public var overwrite = Overwrite.replace
  /// Whether the file contains how the image was made.
  public var hasMetadata = true

  public init() {}

  /// - Throws: ``ImagineError`` of kind `validation` for options that contradict each other.
  package func check() throws(ImagineError) {
    guard let minQuality else { return }
    guard maxBytes != nil else {
      throw ImagineError(
        .validation, "field 'min_quality': min_quality needs max_bytes", field: "min_quality")
    }
    let most = quality ?? Conversion.standardQuality
    guard minQuality <= most else {
      throw .invalid(field: "min_quality", given: "\(minQuality)", expected: "at most \(most)")
    }
  }
}

extension Workflow {
  /// Saves an image in the format of the path's extension, converted if needed.
  ///
  /// - Returns: the path of the file.
  @discardableResult
  package func save(
    _ image: Image, to path: FilePath, _ options: SaveOptions = SaveOptions()
  ) async throws -> FilePath {
    try options.check()
    let asset = try await encoded(image, for: path, options)
    return try await export(
      asset, to: path, options.overwrite, embedding: options.hasMetadata ? image.metadata : nil)
  }

  /// Saves a video.
  ///
  /// - Returns: the path of the file.
  @discardableResult
  package func save(
    _ video: Video, to path: FilePath, overwrite: SaveOptions.Overwrite = .replace
  ) async throws -> FilePath {
    try await export(video.asset, to: path, overwrite, embedding: video.metadata)
  }

  private func export(
    _ asset: Asset, to path: FilePath, _ overwrite: SaveOptions.Overwrite,
    embedding metadata: ImageMetadata?
  ) async throws -> FilePath {
    guard overwrite == .number, !path.isStream else {
      try await assets.export(
        asset, to: path, replacing: overwrite == .replace, embedding: metadata)
      return path
    }
    // The content that a file of an earlier attempt has counts as saved.
    for number in 1...Self.maxNumber {
      let numbered = number == 1 ? path : path.numbered(number)
      do {
        try await assets.export(asset, to: numbered, replacing: false, embedding: metadata)
        return numbered
      } catch let error as ImagineError where error.kind == .io && numbered.exists {
        continue
      }
    }
    throw ImagineError(.io, "\(path) and \(Self.maxNumber) numbered files exist")
  }

  /// Files of one name that ``SaveOptions/Overwrite/number`` makes.
  private static let maxNumber = 100_000

  /// The image in the form in which it is saved, without its metadata.
  private func encoded(
    _ image: Image, for path: FilePath, _ options: SaveOptions
  ) async throws -> Asset {
    let own = image.header.format
    let format = try ImageFormat(forSavingTo: path) ?? own
    let metadata = options.hasMetadata ? image.metadata : nil
    let isKept = format == own && options.quality == nil && options.background == nil
    if isKept {
      guard let most = options.maxBytes else { return image.asset }
      if try byteCount(of: image.asset, metadata) <= most { return image.asset }
    }
    guard ImageFormat.writable.contains(format) else {
      throw ImagineError.invalid(
        field: "path", given: "a \(format.rawValue) with other pixels",
        expected: "an extension of png, jpg, webp or avif",
        allowed: ImageFormat.writable.map(\.pathExtension))
    }
    var conversion = Conversion(
      format: format, quality: options.quality ?? Conversion.standardQuality)
    conversion.background = options.background
    conversion.maxBytes = options.maxBytes
    conversion.minQuality = min(
      options.minQuality ?? Conversion.standardMinQuality, conversion.quality)
    let asset = try await convert(image, to: conversion).asset
    guard let most = options.maxBytes else { return asset }
    let total = try byteCount(of: asset, metadata)
    guard total > most else { return asset }
    let rest = most - (total - asset.byteCount)
    guard rest > 0 else {
      throw ImagineError.invalid(
        field: "max_bytes", given: "\(most)",
        expected: "at least the \(total - asset.byteCount) bytes of the metadata; metadata = false"
          + " leaves it out")
    }
    conversion.maxBytes = rest
    return try await convert(image, to: conversion).asset
  }

  /// The length of a file with its metadata.
  private func byteCount(of asset: Asset, _ metadata: ImageMetadata?) throws -> Int {
    guard let metadata, let format = asset.header?.format else { return asset.byteCount }
    return metadata.embedded(in: try assets.content(of: asset), format: format).count
  }
}

extension FilePath {
  /// The path with a number before its extension.
  fileprivate func numbered(_ number: Int) -> FilePath {
    let name = name.bytes
    let dot = name.lastIndex(of: UInt8(ascii: "."))
    let stem = dot.flatMap { $0 > 0 ? $0 : nil } ?? name.count
    let start = bytes.count - name.count
    return FilePath(
      bytes: bytes[..<(start + stem)] + Array("-\(number)".utf8) + name[stem...])
  }

  fileprivate var exists: Bool { ((try? status()) ?? nil) != nil }
}
