/// A style of Text to Image, by the name that the service gives it.
public enum ImageStyle: String, CaseIterable, Sendable, Hashable {
  case anime
  case fluxDev = "flux-dev"
  case fluxDevFast = "flux-dev-fast"
  case fluxSchnell = "flux-schnell"
  case imagineTurbo = "imagine-turbo"
  case realistic
  case sdxl = "sdxl-1.0"

  /// What the host sends where a script names no style.
  public static let standard = ImageStyle.imagineTurbo

  /// What the style is good for, in a line.
  public var summary: String {
    switch self {
    case .anime: "flat, outlined characters and scenes in the manner of anime"
    case .fluxDev: "futuristic and experimental: technology, light, bold environments"
    case .fluxDevFast: "as flux-dev, with fewer steps"
    case .fluxSchnell: "abstract, dynamic and unusual"
    case .imagineTurbo: "fast prototypes: speed before detail"
    case .realistic: "lifelike landscapes and portraits with much detail"
    case .sdxl: "high resolution, sharp lines, vivid colours"
    }
  }

  /// The published price of one picture in tokens; nil where none is published.
  public var price: Int? {
    switch self {
    case .imagineTurbo: 1
    case .anime, .realistic, .fluxSchnell, .fluxDevFast: 5
    case .fluxDev: 15
    case .sdxl: nil
    }
  }
}

/// The styles of the video operations.
///
/// The service publishes no full list, so a remote provider is sent whatever the script names;
/// these are the names that are documented or in use, and the ones that our server takes.
public enum VideoStyle {
  /// What the host sends where a script names no style; the only one the service documents.
  public static let standard = "fast-svd"

  public static let known = [
    standard, "kling-1.0-pro", "kling-1.0-standard", "kling-1.5", "hailuo-ai", "hailuo-live-ai",
    "imagine-v1", "imagine-v2", "luma-dream-machine-ray-2",
  ]
}
