public import ImagineAPI
import ImagineSystem
import MediaFiles

/// Opens, converts and saves images and videos.
extension Workflow {
  /// Imports an image from a file or a web address.
  /// - Throws: ``ImagineError``.
  public func open(_ path: FilePath) async throws -> Image {
    if let address = path.text, address.hasPrefix("https://") || address.hasPrefix("http://") {
      return try image(in: await fetch(address), from: "the file at the address")
    }
    return try image(in: await assets.importFile(path), from: path.description)
  }

  /// An image from encoded bytes.
  ///
  /// - Throws: ``ImagineError``.
  public func decode(_ bytes: [UInt8]) async throws -> Image {
    if let fault = MediaFault(in: MediaSource(bytes)) {
      throw ImagineError(.validation, "the string \(fault)", field: "image")
    }
    return try image(in: await assets.store(bytes), from: "the string")
  }

  /// The content of an asset.
  ///
  /// - Throws: ``ImagineError`` of kind `io` if it is damaged.
  package func content(of asset: Asset) throws -> [UInt8] {
    try assets.content(of: asset)
  }

  private func image(in asset: Asset, from source: String) throws(ImagineError) -> Image {
    guard let header = asset.header else {
      throw ImagineError(
        .validation, "\(source) is not an image (expected \(ImageHeader.expectation))",
        field: "image")
    }
    return Image(asset: asset, header: header, metadata: nil, cost: nil, workflow: self)
  }

  /// Converts an image to another format or size.
  ///
  /// - Throws: ``ImagineError``.
  public func convert(_ image: Image, to conversion: Conversion) async throws -> Image {
    let asset = try await converter.convert(image.asset, to: conversion, into: assets)
    guard let header = asset.header else {
      throw ImagineError(.badResponse, "the conversion did not return an image")
    }
    var metadata = image.metadata
    metadata?.size = header.size
    let derived = asset.derived(by: derivation(conversion.description(of: image.asset.identity)))
    return Image(asset: derived, header: header, metadata: metadata, cost: nil, workflow: self)
  }
}

extension Conversion {
  /// - Parameter image: names the image that is converted.
  fileprivate func description(of image: String) -> RequestDescription {
    var fields: [String: Value] = [
      "format": .text(format.rawValue), "fit": .text(fit.rawValue),
      "kernel": .text(kernel.rawValue), "quality": .integer(Int64(quality)), "mask": .flag(isMask),
      "min_quality": .integer(Int64(minQuality)),
    ]
    fields["width"] = width.map { .integer(Int64($0)) }
    fields["height"] = height.map { .integer(Int64($0)) }
    fields["background"] = background.map { .text($0.text) }
    fields["max_bytes"] = maxBytes.map { .integer(Int64($0)) }
    return RequestDescription(operation: "convert", fields: fields, images: ["image": [image]])
  }
}

extension ImageFormat {
  /// The format of a path's extension; nil without an extension, which keeps the image's own
  /// format.
  init?(forSavingTo path: FilePath) throws(ImagineError) {
    let name = String(decoding: path.name.bytes, as: UTF8.self)
    guard !name.isEmpty else {
      throw .invalid(field: "path", given: "\"\(path)\"", expected: "the name of a file")
    }
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex,
      !path.isStream
    else { return nil }
    let suffix = name[name.index(after: dot)...]
    guard let format = ImageFormat(pathExtension: suffix), Self.writable.contains(format) else {
      throw .invalid(
        field: "path", given: "\"\(path)\"", expected: "an extension of png, jpg, webp or avif",
        allowed: ImageFormat.writable.map(\.pathExtension))
    }
    self = format
  }
}
