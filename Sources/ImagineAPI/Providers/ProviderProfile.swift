/// What a provider takes and what that costs: all that checks, prices, plans, recordings and
/// completion need to know of it. Contains no address and no token.
public struct ProviderProfile: Sendable, Hashable, Codable {
  /// The name in scripts, the configuration and the journal.
  public var name: String
  /// The API that it speaks, such as `imagine` or `openai`.
  public var kind: String
  /// Its operations, with the fields that it takes.
  public var operations: [MediaOperation]
  /// Whether one call may ask for several images.
  public var takesCount: Bool
  public var prices: PriceList
  /// How often to poll a job.
  public var polling: JobPolling
  /// Whether the alpha channel of a mask is the mask. The built-in engine reads it so; other
  /// services differ and do not document it.
  public var usesMaskAlpha: Bool
  /// Whether the host chooses the ticket of a call. It is then journaled before the send, and a
  /// call whose answer was lost is found by it.
  public var takesTickets: Bool
  /// Whether the host chooses a seed for a call without one, if the operation takes seeds. False for
  /// a service of which only some models do.
  public var choosesSeeds: Bool
  /// Whether the service makes every image in the size that its call fixes (``Request/fixedSize``), so
  /// that an image of another size is an error.
  public var keepsSizes: Bool
  /// Whether an edit inside a mask changes no pixel outside it. If not, the host puts the original
  /// back there.
  public var keepsOutsideMask: Bool

  public init(
    name: String, kind: String, operations: [MediaOperation], takesCount: Bool = false,
    prices: PriceList = .unknown, polling: JobPolling = JobPolling(), usesMaskAlpha: Bool = false,
    takesTickets: Bool = false, choosesSeeds: Bool = true, keepsSizes: Bool = false,
    keepsOutsideMask: Bool = false
  ) {
    self.name = name
    self.kind = kind
    self.operations = operations
    self.takesCount = takesCount
    self.prices = prices
    self.polling = polling
    self.usesMaskAlpha = usesMaskAlpha
    self.takesTickets = takesTickets
    self.choosesSeeds = choosesSeeds
    self.keepsSizes = keepsSizes
    self.keepsOutsideMask = keepsOutsideMask
  }

  /// Whether one call of an operation makes several images. No service upscales several at once.
  public func takesCount(of operation: MediaOperation) -> Bool {
    takesCount && operation.name != MediaOperation.upscale.name
  }

  /// The operation with a script's name for it.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` if the provider does not have it.
  public func operation(_ name: String) throws(ImagineError) -> MediaOperation {
    guard let operation = operations.first(where: { $0.name == name }) else {
      throw .unsupportedOperation(operation: name, by: self.name)
    }
    return operation
  }
}

extension ProviderProfile {
  /// Reads the profile of a recording too, whose program may not have known all members.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      name: try container.decode(String.self, forKey: .name),
      kind: try container.decode(String.self, forKey: .kind),
      operations: try container.decode([MediaOperation].self, forKey: .operations),
      takesCount: try container.decode(Bool.self, forKey: .takesCount),
      prices: try container.decode(PriceList.self, forKey: .prices),
      polling: try container.decode(JobPolling.self, forKey: .polling),
      usesMaskAlpha: try container.decode(Bool.self, forKey: .usesMaskAlpha),
      takesTickets: try container.decode(Bool.self, forKey: .takesTickets),
      choosesSeeds: try container.decodeIfPresent(Bool.self, forKey: .choosesSeeds) ?? true,
      keepsSizes: try container.decodeIfPresent(Bool.self, forKey: .keepsSizes) ?? false,
      // An older program put nothing back, so its recording has no such image.
      keepsOutsideMask: try container.decodeIfPresent(Bool.self, forKey: .keepsOutsideMask) ?? true)
  }
}
