import ImagineCore
import Lua
import Synchronization

extension Session {
  /// What a script's call of an operation waits for.
  ///
  /// The call is billed: when nobody waits for it any more, and it has been sent, it goes on until
  /// its answer is stored; the provider sees to that.
  ///
  /// - Parameters:
  ///   - name: of the operation.
  ///   - argument: where the prompt or the table of fields stands.
  ///   - image: the picture whose method was called.
  ///   - provider: the one whose function was called; nil for that of the call or the one in use.
  func asyncCall(
    of name: String, _ call: borrowing LuaCall, argument: Int, image: Image? = nil,
    provider: (any Provider)? = nil
  ) throws -> LuaAsyncCall {
    let fields = try CallFields(
      call, argument, of: name, image: image, defaults: defaults.withLock { $0 })
    let read = try read(
      fields, of: name, bound: provider, spending: Spending(in: call.state, self))
    try DescriptorCheck.run()
    let title = read.request.operation.title
    switch read.request.operation.answer {
    case .job:
      return LuaAsyncCall(whenCancelled: .stopInBackground, purpose: title) {
        try await self.submit(read)
      }
    case .picture:
      let givesList = read.count != nil
      return LuaAsyncCall(whenCancelled: .stopInBackground, purpose: title) {
        try await self.draw(read)
      } completion: { state, images in
        givesList ? try state.results(images) : try state.results(images.first)
      }
    }
  }

  /// Checks a call against its provider's own description of the operation.
  private func read(
    _ fields: CallFields, of name: String, bound: (any Provider)?, spending: Spending
  ) throws -> Call {
    let provider = try bound ?? self.provider(fields.provider)
    guard let operation = provider.operations.first(where: { $0.name == name }) else {
      throw ImagineError.notOffered(operation: name, by: provider.name)
    }
    try fields.check(for: operation, at: provider.name)
    var request = try operation.request(
      from: fields.arguments(for: operation), by: .script,
      options: CallFields.options(of: operation))
    request.extra = fields.extra
    return try makeCall(
      request, provider, options: fields.callOptions, count: fields.count,
      usesCache: fields.usesCache, spending: spending)
  }

  /// Gives a checked request its place in the run.
  ///
  /// - Parameter count: how many pictures; nil for one that is not in a list.
  func makeCall(
    _ request: Request, _ provider: any Provider, options: CallOptions, count: Int? = nil,
    usesCache: Bool = false, spending: Spending
  ) throws -> Call {
    let pictures = try request.pictures.mapValues(sha256)
    let name = run.name(
      for: RequestDescription(request, pictures: pictures), provider: provider.name, count: count
    ) { assets.sha256(of: Array($0.canonicalText.utf8)) }
    return Call(
      request: request, pictures: pictures, provider: provider, options: options, count: count,
      usesCache: usesCache, name: name, spending: spending)
  }

  /// The name of a picture's content. Read at once, so that equal calls are told apart in the order
  /// in which the script makes them.
  private func sha256(of picture: Picture) throws -> String {
    switch picture {
    case .file(let path):
      try storedAsset(picture)?.sha256 ?? assets.sha256(ofFile: path)
    case .bytes(let bytes): assets.sha256(of: bytes)
    }
  }
}

extension Session {
  /// A call of a script, read and checked against its provider's description.
  struct Call: Sendable {
    var request: Request
    /// SHA-256 of the input pictures, by the names of their fields.
    var pictures: [String: String]
    var provider: any Provider
    var options: CallOptions
    /// How many pictures; nil for one that is not in a list.
    var count: Int?
    var usesCache: Bool
    var name: CurrentRun.Name
    var spending: Spending

    /// The request as it is written down, with a seed that was drawn.
    func description(of request: Request) -> RequestDescription {
      RequestDescription(request, pictures: pictures).withoutPrivateExtras
    }

    func options(tracedBy trace: any CallTrace) -> CallOptions {
      var options = options
      options.trace = trace
      return options
    }
  }
}
