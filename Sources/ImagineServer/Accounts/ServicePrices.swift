import ImagineAPI

/// The prices of calls, in tokens.
///
/// The vendor publishes prices for some styles only. The others are our own.
enum ServicePrices {
  private static let otherImages: Int64 = 5
  private static let videos: Int64 = 30

  static func price(of call: ImageCall) -> Int64 {
    price(of: call.request) * Int64(call.count)
  }

  static func price(of request: Request) -> Int64 {
    if request.operation.answer == .job { return videos }
    let style = request.style.flatMap(ImageStyle.init(rawValue:))
    return style?.price.map(Int64.init) ?? otherImages
  }
}
