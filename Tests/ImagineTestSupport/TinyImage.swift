import Foundation

/// Tiny PNG files that stub services answer with.
public enum TinyImage {
  /// A PNG of 2x1 pixels.
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

  /// The PNG with a text after its end, so that each text gives a different file.
  public static func png(with text: String) -> [UInt8] { png + Array(text.utf8) }
}
