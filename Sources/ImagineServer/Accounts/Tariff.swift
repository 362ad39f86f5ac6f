import ImagineCore

/// What calls cost here, in tokens.
///
/// The vendor publishes prices for some styles only; for the rest a service with balances has to
/// have its own, and these are ours.
enum Tariff {
  private static let unpublishedPicture: Int64 = 5
  private static let unpublishedFilm: Int64 = 30

  static func price(of request: Request) -> Int64 {
    if request.operation.answer == .job { return unpublishedFilm }
    let style = request.style.flatMap(ImageStyle.init(rawValue:))
    return style?.price.map(Int64.init) ?? unpublishedPicture
  }
}
