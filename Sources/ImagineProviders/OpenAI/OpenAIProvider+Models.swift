public import ImagineAPI

extension OpenAIProvider {
  /// `GET /models`; nil if the service has no such route.
  public func models(_ context: CallContext) async throws -> [ListedModel]? {
    let call = call("GET", "/models", context)
    return try await transport.performFollowingRedirects(call) { answer in
      let body = try await answer.isSuccess ? answer.bytes() : answer.errorBody()
      guard answer.isSuccess else {
        if [404, 405, 501].contains(answer.status) { return nil }
        throw answer.fault(body)
      }
      let root = JSONValue(body)
      guard let list = root?.list ?? root?[["data", "models"]]?.list else {
        throw answer.unexpected("the answer lists no models")
      }
      return list.compactMap { entry in
        (entry.text ?? entry[["id", "name"]]?.text).map {
          ListedModel(
            id: $0, endsAt: entry[["shutdown_date", "shutdown_at"]].flatMap(Self.seconds))
        }
      }
    }
  }

  /// Seconds since 1970, from such a number or from a date such as `2026-12-01`.
  private static func seconds(_ value: JSONValue) -> Double? {
    if let number = value.number { return number.isFinite && number > 0 ? number : nil }
    let parts = value.text?.prefix(10).split(separator: "-").map { Int($0) } ?? []
    guard parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2],
      (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    return Double(RetryAfter.days(year, month, day)) * 86_400
  }
}
