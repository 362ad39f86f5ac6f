import Foundation

/// The smallest PNG, 2x1 pixels, for services that a test stands in for.
public enum TinyPicture {
  public static let png: [UInt8] = Array(
    Data(
      base64Encoded:
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGP4z8DA8J8BAAf/Af8Bf4mnAAAAAElFTkSuQmCC"
    ) ?? Data())

  /// A PNG of 2x3 pixels.
  public static let tallPNG: [UInt8] = Array(
    Data(
      base64Encoded:
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAIAAAA2iEnWAAAAEElEQVR4nGMQUDAAIgYUCgAW9QJBFAxP+QAAAABJRU5ErkJggg=="
    ) ?? Data())

  /// A PNG that is another file for another text, which stands behind its end.
  public static func png(with text: String) -> [UInt8] { png + Array(text.utf8) }
}
