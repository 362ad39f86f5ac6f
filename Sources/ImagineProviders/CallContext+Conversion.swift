import ImagineAPI

extension CallContext {
  /// Converts an input image for a service.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` that names the field if nothing here can.
  func convert(
    _ asset: Asset, to conversion: Conversion, field: String
  ) async throws -> Asset {
    guard let converter else {
      throw ImagineError(
        .validation,
        "field '\(field)': the image must be converted for this service, and nothing here can do it",
        field: field)
    }
    return try await converter.convert(asset, to: conversion, into: store)
  }
}

extension ImageInput {
  /// Whether a service that takes these formats does not take the file, or may read it in another
  /// orientation.
  func mustBeConverted(to formats: [ImageFormat]) -> Bool {
    guard case .asset(let asset) = self, let header = asset.header else { return false }
    return !header.isUpright || !formats.contains(header.format)
  }
}
