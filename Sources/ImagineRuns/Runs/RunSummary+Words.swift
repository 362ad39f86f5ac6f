import ImagineAPI

extension RunSummary {
  /// What resuming saves, in words.
  var keptText: String {
    var parts = ["\(answered) of \(calls) answers kept"]
    if accepted > 0 { parts.append("\(accepted) accepted and not downloaded") }
    if uncertain > 0 { parts.append("\(uncertain) uncertain") }
    return parts.joined(separator: ", ")
  }

  var uncertainText: String {
    uncertain == 1
      ? "1 uncertain call, which may have been paid for and has no answer"
      : "\(uncertain) uncertain calls, which may have been paid for and have no answer"
  }
}

extension JournaledCall {
  /// A short name of the call for messages: `generate "a red boat"`.
  var name: String {
    guard let prompt = request.prompt else { return request.operation }
    return "\(request.operation) \"\(prompt.prefix(40))\(prompt.count > 40 ? "…" : "")\""
  }
}
