/// A style of Text to Image. The raw value is the service's name.
public enum ImageStyle: String, CaseIterable, Sendable, Hashable, Codable {
  case anime
  case fluxDev = "flux-dev"
  case fluxDevFast = "flux-dev-fast"
  case fluxSchnell = "flux-schnell"
  case imagineTurbo = "imagine-turbo"
  case realistic
  case sdxl = "sdxl-1.0"

  /// The style that the host sends if a script names none.
  public static let standard = ImageStyle.imagineTurbo

  /// One line about what the style is good for.
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

  /// The published price of one image in tokens; nil if none is published.
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
/// The service publishes no full list, so the host sends any name to a remote provider. The names
/// here are documented or in use; our server accepts only these.
public enum VideoStyle {
  /// The style that the host sends if a script names none; the only documented one.
  public static let standard = "fast-svd"

  public static let known = [
    standard, "kling-1.0-pro", "kling-1.0-standard", "kling-1.5", "hailuo-ai", "hailuo-live-ai",
    "imagine-v1", "imagine-v2", "luma-dream-machine-ray-2",
  ]
}
