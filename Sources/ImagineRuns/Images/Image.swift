package import ImagineAPI
package import MediaFiles

/// An image in a script. Its bytes are in the asset store, not in memory.
package struct Image: Sendable {
  package let asset: Asset
  package let header: ImageHeader
  /// How it was made; nil for an imported image.
  package let metadata: ImageMetadata?
  /// Nil if no price is known.
  package let cost: Price?
  package let workflow: Workflow
}
