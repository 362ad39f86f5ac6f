extension MediaOperation {
  /// `/x/composite` of the private server: puts the original of an edit back outside its mask.
  public static let composite = MediaOperation(
    "composite", title: "Composite", path: "/composite", answer: .image,
    summary: "puts the original of an edit back outside its mask",
    fields: [.image, .mask(.required), CompositeField.edited, CompositeField.measure])
}

/// The fields of `/x/composite` beside image and mask. Only the host sends them.
public enum CompositeField {
  public static let edited = Field(
    "edited", .image, .required, summary: "the edited image, of the image's shape")

  public static let measure = Field(
    "measure", .flag, .optional, summary: "answer with the drift alone")

  /// The header of the answer with ``Composite/drift``.
  public static let driftHeader = "x-imagine-drift"
}
