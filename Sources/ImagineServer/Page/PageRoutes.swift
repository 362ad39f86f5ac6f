import Crypto
import HTTPTypes
import Hummingbird
import ImagineAPI
import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Who gets the page `GET /`, on which people can try the service.
public enum PageAccess: String, Sendable, CaseIterable {
  /// Everybody who reaches the service.
  case on
  /// Nobody.
  case off
  /// Browsers on this machine.
  case local
}

extension ImagineService {
  var pageRoutes: [Route] {
    guard configuration.page != .off else { return [] }
    // An account of its own for whoever does not have a token, where any token is accepted.
    let token = if case .anyToken = configuration.authentication { "page" } else { "" }
    let page = TrialPage(token: token)
    return [
      Route(.get, "/", access: .open) { incoming in
        guard configuration.page == .on || client(of: incoming).isLocal else {
          throw APIError.notFound("there is no page here")
        }
        return page.response
      }
    ]
  }
}

/// The page: one file with its style and script, and nothing from elsewhere.
private struct TrialPage {
  private let text: String
  private let policy: String

  /// - Parameter token: what the field of the token holds at first.
  init(token: String) {
    let styles = Self.options(ImageStyle.allCases, chosen: .standard)
    let shapes = Self.options(AspectRatio.allCases, chosen: .square)
    text = String(decoding: PackageResources.page_html, as: UTF8.self)
      .replacing("<!-- styles -->", with: styles)
      .replacing("<!-- shapes -->", with: shapes)
      .replacing("<!-- token -->", with: token)
    policy = """
      default-src 'none'; script-src \(Self.source(in: text, "script")); \
      style-src \(Self.source(in: text, "style")); img-src blob: data:; connect-src 'self'; \
      base-uri 'none'; form-action 'none'; frame-ancestors 'none'
      """
  }

  var response: Response {
    var headers: HTTPFields = [
      .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: policy,
      .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
    ]
    headers[.referrerPolicy] = "no-referrer"
    return Response(
      status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  private static func options<Choice: RawRepresentable<String> & Equatable>(
    _ choices: [Choice], chosen: Choice
  ) -> String {
    choices.map { "<option\($0 == chosen ? " selected" : "")>\($0.rawValue)</option>" }.joined()
  }

  /// The hash by which a browser knows that an inline element is ours.
  private static func source(in page: String, _ element: String) -> String {
    guard let start = page.firstRange(of: "<\(element)>"),
      let end = page.firstRange(of: "</\(element)>")
    else { return "'none'" }
    let digest = SHA256.hash(data: Data(page[start.upperBound..<end.lowerBound].utf8))
    return "'sha256-\(Data(digest).base64EncodedString())'"
  }
}
