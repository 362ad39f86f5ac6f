public import ImagineAPI
public import MediaFiles

/// An image of a workflow. Its bytes are in the asset store, not in memory.
public struct Image: Sendable {
  public let asset: Asset
  public let header: ImageHeader
  /// How it was made; nil for an imported image.
  public let metadata: ImageMetadata?
  /// Nil if no price is known.
  public let cost: Price?
  package let workflow: Workflow
  /// How likely it is what was asked for, 0 … 1, if the provider told.
  public package(set) var confidence: Double?
  /// How far the provider's answer was from the image outside the mask: the mean difference of the
  /// pixels, from 0 (none) to 1. Nil for anything but an edit inside a mask, and if it is not known.
  public package(set) var drift: Double?
  /// The answer that was paid for, if this is a composite of it and the call's image.
  package var answer: (asset: Asset, header: ImageHeader)?
}

extension Image {
  /// The provider's answer as it came; nil if this image is that answer.
  public var original: Image? {
    answer.map { answer in
      var metadata = metadata
      metadata?.size = answer.header.size
      metadata?.sha256 = answer.asset.sha256
      metadata?.original = nil
      metadata?.isComposite = false
      return Image(
        asset: answer.asset, header: answer.header, metadata: metadata, cost: cost,
        workflow: workflow, confidence: confidence, drift: drift)
    }
  }
}
