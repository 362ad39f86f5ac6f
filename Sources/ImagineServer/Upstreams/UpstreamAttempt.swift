import ImagineAPI
import MediaFiles

/// One call of an upstream's provider, from its input images to the images that were asked for.
struct UpstreamAttempt: Sendable {
  let candidate: CurrentUpstreams.Candidate
  let converter: EngineConverter
  /// The call's, for an upstream that does a call with a key once; nil for another.
  let key: String?

  private var upstream: Upstream { candidate.upstream }
  private var provider: any Provider { upstream.provider }
  /// Converts what the upstream made.
  private var finisher: EngineConverter {
    var converter = converter
    converter.isBounded = false
    return converter
  }

  private static let maxImageBytes = 256 << 20

  /// - Parameter number: added to the seed.
  /// - Throws: `ImagineError` of the provider, whose `charged` says what is known of the bill; what
  ///   the engine throws.
  func images(_ number: Int, count: Int) async throws -> [EngineImage] {
    let store = AnswerStore(limit: Self.maxImageBytes)
    let asked = try await request(number, count: count, in: store)
    let options = CallOptions(
      timeout: upstream.description.timeout,
      deadline: Deadline(in: upstream.description.timeout))
    var context = CallContext(options, store: store, converter: converter)
    if provider.profile.takesTickets { context.ticket = Ticket(id: try RandomID.next()) }
    let request = try await withPlainMask(asked, in: store)
    context.derived = try await provider.derivedInputs(of: request, context)
    let outputs: [Output]
    switch try await upstream.perform(request, context, key: key) {
    case .finished(let answer): outputs = answer.outputs
    case .running(let job): outputs = try await self.outputs(of: job.ticket, context)
    }
    guard outputs.count >= count else {
      throw unusable("it made \(outputs.count) of \(count) images")
    }
    var images: [EngineImage] = []
    for output in outputs.prefix(count) {
      var finished = output
      do {
        finished.asset = try await finish(output.asset, of: asked, in: store)
      } catch let error where !(error is ImagineError) {
        throw unusable("its image could not be converted: \(error)")
      }
      finished.seed = output.seed ?? asked.seed
      images.append(EngineImage(finished, bytes: try store.content(of: finished.asset)))
    }
    return images
  }

  /// The request with its images in the store, upright.
  private func request(
    _ number: Int, count: Int, in store: AnswerStore
  ) async throws -> Request {
    var request = candidate.request.request
    request.count = count
    if number > 0, let seed = request.seed {
      request = request.with(seed: request.operation.seed(seed, plus: number))
    }
    return try await request.storingInputs(in: store, converter)
  }

  /// The request with a mask without alpha, where the upstream reads no other: what is opaque is
  /// edited.
  private func withPlainMask(_ request: Request, in store: AnswerStore) async throws -> Request {
    guard !provider.profile.usesMaskAlpha, case .asset(let mask)? = request.image("mask"),
      let header = mask.header, header.hasAlpha
    else { return request }
    let base = [PictureOperation.base: [ImageInput.bytes(try store.content(of: mask))]]
    let step = try PictureStep(.alpha, [:], images: base) { _, _, _ in .init(size: header.size) }
    let plain = try await converter.perform(step, into: store)
    return request.with(images: ["mask": [.asset(plain.asset)]])
  }

  // MARK: Jobs

  /// Waits for the images of a job. What fails now was sent.
  private func outputs(of ticket: Ticket, _ context: CallContext) async throws -> [Output] {
    do {
      try await Task.sleep(for: .clamped(seconds: provider.profile.polling.pause(after: 1)))
      let job = UpstreamJob(ticket: ticket, options: context.options) { [provider] in provider }
      return try await download(job.finalStatus(outlives: \.retryable), context)
    } catch {
      // The task may be cancelled.
      let (provider, context) = (provider, CallContext(store: context.store))
      _ = await Task { try? await provider.cancel(ticket, context) }.value
      guard var fault = error as? ImagineError else { throw error }
      fault.charged = upstream.isFree ? .no : max(.unknown, fault.charged)
      // It was sent: no other upstream may do it.
      if fault.isCertainlyUndone { fault.kind = .server }
      throw fault
    }
  }

  private func download(_ status: JobStatus, _ context: CallContext) async throws -> [Output] {
    var outputs: [Output] = []
    for address in status.imageAddresses {
      outputs.append(
        Output(asset: try await provider.download(address, context), engine: status.engine))
    }
    return outputs
  }

  // MARK: Answers

  /// Makes an image what was asked for: its size, what is outside the mask, its format.
  private func finish(
    _ answer: Asset, of request: Request, in store: AnswerStore
  ) async throws -> Asset {
    let target = candidate.request.target
    guard let header = answer.header else { throw unusable("its answer is no image") }
    if let fault = PixelBudget.fault(of: header.size) { throw unusable(fault) }
    if let fault = MediaFault(in: MediaSource(try store.content(of: answer))) {
      throw unusable("its image \(fault)")
    }
    guard target.restoresOutsideMask, case .asset(let image)? = request.image("image"),
      case .asset(let mask)? = request.image("mask"), let size = image.header?.size
    else { return try await convert(answer, header, to: target, in: store) }
    var inShape = target
    (inShape.size, inShape.format) = (size, header.format)
    let edited = try await convert(answer, header, to: inShape, in: store)
    let edit = MaskedEdit(image: image, mask: mask, edited: edited, measuresOnly: false)
    guard let whole = try await finisher.composite(edit, into: store).asset,
      let wholeHeader = whole.header
    else { throw unusable("its image does not fit into the original") }
    return try await convert(whole, wholeHeader, to: target, in: store)
  }

  private func convert(
    _ asset: Asset, _ header: ImageHeader, to target: UpstreamRequest.Target,
    in store: AnswerStore
  ) async throws -> Asset {
    var size = target.size
    if size == nil, let shape = target.shape, !header.size.hasShape(of: shape) { size = shape }
    let isOfSize = size == nil || size == header.size
    guard !isOfSize || header.format != target.format else { return asset }
    var conversion = Conversion(format: target.format, quality: target.quality)
    if !isOfSize, let size {
      (conversion.width, conversion.height, conversion.fit) = (size.width, size.height, .cover)
    }
    return try await finisher.convert(asset, to: conversion, into: store)
  }

  /// The error of an answer that was paid for and cannot be used.
  private func unusable(_ reason: String) -> ImagineError {
    ImagineError(.badResponse, reason, charged: .yes)
  }
}

extension Request {
  /// The request with its images in a store, upright: some services ignore the orientation of a file.
  func storingInputs(
    in store: AnswerStore, _ converter: EngineConverter
  ) async throws -> Request {
    var images: [String: [ImageInput]] = [:]
    for (field, inputs) in self.images {
      for case .bytes(let bytes) in inputs {
        var asset = try await store.store(bytes)
        if asset.header?.isUpright == false {
          asset = try await converter.convert(asset, to: Conversion(format: .png), into: store)
        }
        images[field, default: []].append(.asset(asset))
      }
    }
    return with(images: images)
  }
}
