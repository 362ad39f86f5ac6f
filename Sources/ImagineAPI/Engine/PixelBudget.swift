/// The bounds of every image: those that come in, those that are asked for, and those that are
/// made on the way.
///
/// Header checks, decoders, targets of edits and buffers use this one description, so no size
/// that one of them accepts can surprise another.
public enum PixelBudget {
  /// Pixels of a side; products of two sides fit every integer in use.
  public static let side = 16_384
  /// Pixels of an image.
  public static let area = 64_000_000
  /// The longer side in multiples of the shorter one. A gradient of one column passes; a strip
  /// that grows to a square of thousands of times its own area does not.
  public static let aspect = 256
  /// Bytes of a decoded image, before it is brought to 8 bits and four channels.
  public static let decodedBytes = 16 * area

  /// Pixels of an AVIF file that is written: its encoder takes seconds for each million, and nothing
  /// stops it once it has begun.
  public static let avifArea = 16_000_000

  /// The product of two sides, whatever they are; the largest number where it overflows.
  public static func area(_ width: Int, _ height: Int) -> Int {
    let (area, overflows) = width.multipliedReportingOverflow(by: height)
    return overflows ? .max : area
  }

  /// Why an image of this size is not read or made; nil where it is.
  public static func fault(of size: PixelSize) -> String? {
    let (long, short) = (max(size.width, size.height), min(size.width, size.height))
    if short < 1 { return "\(size) pixels; a side has at least 1" }
    if long > side { return "\(size) pixels; a side may have at most \(side)" }
    // Both sides are small by now, so neither product overflows.
    if long * short > area { return "\(size) pixels are too many (at most \(area))" }
    if long > short * aspect {
      return "\(size) pixels; one side may be at most \(aspect) times the other"
    }
    return nil
  }

  /// - Throws: ``EngineError/unusable(field:reason:)`` for a size over the bounds.
  public static func check(_ size: PixelSize, field: String) throws(EngineError) {
    if let fault = fault(of: size) { throw .unusable(field: field, reason: fault) }
  }
}
