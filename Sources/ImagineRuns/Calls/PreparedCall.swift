public import ImagineAPI
import Synchronization

/// A call with a checked request, its own copies of the input files, and a fixed journal key.
public struct PreparedCall: Sendable {
  let workflow: Workflow
  /// Its input images are in the asset store.
  let request: Request
  let provider: any Provider
  /// Input images that were staged for this call and are not synced yet.
  let staged: [Asset]
  /// The request as the journal and image metadata describe it, before the host chooses a seed.
  let description: RequestDescription
  let options: CallOptions
  /// How many images; nil for a single image that is not in a list.
  let count: Int?
  let usesCache: Bool
  /// Whether the script wants the original back outside the mask of its edit. Nil for any other call,
  /// and at a provider that changes nothing there (``ProviderProfile/keepsOutsideMask``).
  let composites: Bool?
  let keys: CallKeys
  let budgets: CallBudgets
  /// The derived images among the input images.
  let derived: [DerivedInput]

  /// The operation that is called.
  public var operation: MediaOperation { request.operation }
}

/// What a call gives.
public enum CallValue: Sendable {
  /// As many images as were asked for, in that order.
  case images([Image])
  /// A job, whose video takes minutes.
  case job(Job)
}

extension PreparedCall {
  /// Sends the call, or takes its answer from the journal or the cache.
  ///
  /// If the calling task is cancelled, this throws at once. A call that was sent by then goes on in
  /// the workflow until its answer is stored (``Workflow/finish(within:)``); one that was not sent
  /// is never sent.
  ///
  /// - Throws: ``ImagineError``; ``PartialFailure``; `CancellationError`.
  public func value() async throws -> CallValue {
    try await workflow.sentCalls.run { try await perform() }
  }

  /// Does the same, but is not cancelled before the answer of a sent call is stored.
  package func perform() async throws -> CallValue {
    switch operation.answer {
    case .image: .images(try await workflow.images(of: self))
    case .job: .job(try await workflow.job(of: self))
    }
  }

  func context(observedBy entry: CallEntry) -> CallContext {
    CallContext(
      options, store: workflow.assets, observer: entry, converter: workflow.converter,
      ticket: entry.ticket)
  }
}

extension Workflow {
  /// Checks a call and fixes its journal key. Equal calls are numbered in the order in which they
  /// are prepared, so this is synchronous; it copies and hashes input files on the caller's thread.
  ///
  /// - Throws: ``ImagineError``; nothing is sent.
  public func prepare(_ call: Call) throws -> PreparedCall {
    try resumeRun()
    let provider = try call.provider ?? provider(nil)
    let defaults = defaults.withLock { $0 }
    return try prepare(
      call.request(at: provider.profile), at: provider,
      options: call.options ?? defaults.options, count: call.count,
      usesCache: call.usesCache ?? defaults.usesCache, composites: call.composites ?? true,
      scope: call.scope)
  }

  func prepare(
    _ request: Request, at provider: any Provider, options: CallOptions, count: Int? = nil,
    usesCache: Bool = false, composites: Bool = true, scope: BudgetScope? = nil
  ) throws -> PreparedCall {
    let inputs = try request.images.mapValues { try $0.map { try journaled(assets.stage($0)) } }
    try check(inputs)
    let given = Set(request.images.values.joined())
    let staged = Set(inputs.values.joined()).filter { !given.contains(.asset($0)) }
    let request = request.with(images: inputs.mapValues { $0.map(ImageInput.asset) })
    let description = RequestDescription(
      request, images: inputs.mapValues { $0.map(\.sha256) })
    let keys = run.keys(for: description, provider: provider.name, count: count) {
      assets.sha256(of: Array($0.canonicalText.utf8))
    }
    let mayDrift =
      request.operation.editsInsideMask && request.image("mask") != nil
      && !provider.profile.keepsOutsideMask
    return PreparedCall(
      workflow: self, request: request, provider: provider, staged: Array(staged),
      description: description, options: options, count: count, usesCache: usesCache,
      composites: mayDrift ? composites : nil, keys: keys, budgets: budgets(scope),
      derived: inputs.values.joined().compactMap { asset in
        asset.derivation.map { DerivedInput($0, sha256: asset.sha256) }
      })
  }

  /// - Throws: ``ImagineError`` of kind `validation` for a file that is no image, and for a mask of
  ///   another size than its image.
  private func check(_ images: [String: [Asset]]) throws(ImagineError) {
    for (name, assets) in images.sorted(by: { $0.key < $1.key }) {
      for asset in assets where asset.header == nil {
        throw .invalid(
          field: name, given: "a file that is not an image", expected: ImageHeader.expectation)
      }
    }
    guard let mask = images["mask"]?.first?.header else { return }
    if let image = images["image"]?.first?.header?.size, image != mask.size {
      throw .invalid(
        field: "mask", given: "a mask of \(mask.size) pixels",
        expected: "the image's size, \(image)")
    }
  }
}
