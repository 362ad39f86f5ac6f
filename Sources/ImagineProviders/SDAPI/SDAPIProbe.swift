import ImagineAPI

/// Tells which server of the A1111 API is at an address.
struct SDAPIProbe {
  private let probe: Probe

  init(_ probe: Probe) { self.probe = probe }

  /// Nil if it is another program, or nothing.
  func server() async -> FoundServer? {
    guard let answer = await probe.get("/sdapi/v1/options") else { return nil }
    switch answer.status {
    case 200: return options(answer.json)
    case 401:
      return found(
        "a Stable Diffusion web UI with user and password",
        [.init(name: "token_env", value: "SDAPI_LOGIN")],
        advice: "set SDAPI_LOGIN to user:password, as --api-auth of the server has it")
    default:
      guard let front = await probe.get("/"), front.status == 200,
        let title = ErrorAnswer(front.body).message, ErrorAnswer.isHTML(front.body),
        Self.titles.contains(where: title.contains)
      else { return nil }
      return found(
        "a Stable Diffusion web UI without its API", [],
        advice: "start it with --api; then this provider reaches it")
    }
  }

  private static let titles = ["Stable Diffusion", "SD.Next"]

  /// Each of these servers has settings, by which they differ.
  private func options(_ json: JSONValue?) -> FoundServer? {
    guard case .object(let members)? = json else { return nil }
    if members["sd_model_checkpoint"] != nil {
      let name = json?["sd_model_checkpoint"]?.text
      // koboldcpp answers so where it has a language model only.
      guard name != "inactive" else { return nil }
      let model = name.map { ", model \($0)" } ?? ""
      // The server of stable-diffusion.cpp has two settings, A1111 hundreds.
      return members.count <= 4
        ? found("stable-diffusion.cpp or a relative\(model)", [Self.dialect(.sdcpp)])
        : found("A1111 or a relative\(model)", [])
    }
    guard members["guidance_scale"] != nil, members["batch_count"] != nil else { return nil }
    let model = json?["model"]?.text.map { ", model \($0)" } ?? ""
    return found("Draw Things\(model)", [Self.dialect(.drawthings)])
  }

  private static func dialect(_ dialect: SDAPIDialect) -> FoundServer.Setting {
    .init(name: "dialect", value: dialect.rawValue)
  }

  private func found(
    _ title: String, _ settings: [FoundServer.Setting], advice: String? = nil
  ) -> FoundServer {
    FoundServer(
      kind: .sdapi, title: title, address: probe.address, settings: settings,
      advice: advice)
  }
}
