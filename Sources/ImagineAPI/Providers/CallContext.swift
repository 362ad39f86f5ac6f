/// What a provider is given with each call.
public struct CallContext: Sendable {
  /// Timeout, deadline and retries.
  public var options: CallOptions
  /// Stores what comes, and reads input images.
  public var store: any MediaStore
  /// Observes the attempts; nil for none.
  public var observer: (any CallObserver)?
  /// Converts input images for a service that takes other formats or sizes; nil if nothing can.
  public var converter: (any ImageConverter)?
  /// Input images in another form than the user's, by field name: upright ones that the host made for
  /// an edit inside a mask, and what ``Provider/derivedInputs(of:_:)`` made. The request has the
  /// user's.
  public var derived: [String: [ImageInput]] = [:]
  /// The ticket that the host chose; nil unless ``ProviderProfile/takesTickets``.
  public var ticket: Ticket?
  /// The key that names the call at a service which promised that a call with the same key is done
  /// and charged once; nil if it promised nothing.
  public var idempotencyKey: String?

  public init(
    _ options: CallOptions = CallOptions(), store: any MediaStore,
    observer: (any CallObserver)? = nil, converter: (any ImageConverter)? = nil,
    ticket: Ticket? = nil
  ) {
    self.options = options
    self.store = store
    self.observer = observer
    self.converter = converter
    self.ticket = ticket
  }

  /// The images of a field in the form in which they are sent.
  public func images(_ field: String, of request: Request) -> [ImageInput] {
    derived[field] ?? request.images[field] ?? []
  }
}
