import ImagineAPI

/// Sends what only reads; any other request is checked, and answered with status 200 and no body.
struct PlannedWeb: WebClient {
  let web: any WebClient

  func answer(
    to request: WebRequest, willTake: @escaping @Sendable (Int) throws -> Void
  ) async throws -> WebAnswer {
    if request.method == "GET" { return try await web.answer(to: request, willTake: willTake) }
    try web.check(request)
    return WebAnswer(status: 200, headers: [:], body: [])
  }
}
