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
}
