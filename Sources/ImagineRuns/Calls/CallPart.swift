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
