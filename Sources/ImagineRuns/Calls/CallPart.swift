import ImagineAPI

/// The part of a call that is sent as one request.
struct CallPart: Sendable {
  let call: PreparedCall
  let request: Request
  /// As the journal has it: redacted, with the seed that is sent.
  let description: RequestDescription
  let keys: CallKeys

  init(_ call: PreparedCall, seed: Int64, count: Int, keys: CallKeys) {
    self.call = call
    self.keys = keys
    let choosesSeed = call.provider.profile.choosesSeeds || call.request.seed != nil
    var request = choosesSeed ? call.request.with(seed: seed) : call.request
    request.count = count
    self.request = request
    var description = call.description.redacted
    description.fields["seed"] = request["seed"]
    self.description = description
  }
}

extension MediaOperation {
  /// A seed so many after another; after the last one that the operation takes comes the first.
  func seed(_ first: Int64, plus index: Int) -> Int64 {
    guard case .integer(let range)? = field("seed")?.kind else { return first &+ Int64(index) }
    let rest = Int64(index) - max(0, range.upperBound - first)
    return rest <= 0 ? first + Int64(index) : range.lowerBound + rest - 1
  }
}
