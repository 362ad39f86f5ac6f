public import ImagineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An OpenAI-style images API: OpenAI's own, llm.vin, or a model on one's own machine.
///
/// It draws from prompts and does nothing else of what the Imagine API does.
public struct OpenAIProvider: Provider {
  public let name: String
  private let transport: HTTPTransport
  private let endpoint: Endpoint
  private let model: String?
  private let sizes: [PixelSize]?
  public let prices: PriceList

  /// - Parameters:
  ///   - model: what is sent where a script names none.
  ///   - sizes: those that the service takes; nil where it may take others than are usual.
  public init(
    name: String, transport: HTTPTransport, endpoint: Endpoint, model: String?,
    sizes: [PixelSize]? = nil, prices: PriceList = .unknown
  ) {
    self.name = name
    self.transport = transport
    self.endpoint = endpoint
    self.model = model
    self.sizes = sizes
    self.prices = prices
  }

  public var operations: [Operation] { [.openAIGenerate(model: model, sizes: sizes)] }
  public var takesCount: Bool { true }
  public var polling: JobPolling { JobPolling() }

  public func draw(
    _ request: Request, count: Int, options: CallOptions, into store: any AssetStore
  ) async throws -> [Drawing] {
    let call = HTTPTransport.Call(
      method: "POST", address: endpoint.address(request.operation.path),
      endpoint: request.operation.endpoint,
      authorization: endpoint.authorization(for: endpoint.baseURL),
      contentType: "application/json", body: try body(of: request, count: count),
      isBilled: true, limit: .total(options.timeout ?? transport.timeouts.call))
    let entries = try await transport.perform(call) { answer in
      let body = try await answer.bytes(upTo: Self.longestAnswer)
      guard answer.status == 200 else { throw OpenAIAnswer.fault(body, of: answer) }
      return try OpenAIAnswer.entries(body, of: call)
    }
    do {
      let addresses = entries.compactMap(\.address)
      // What is told by address alone can be fetched by a later attempt too.
      if addresses.count == entries.count { try await options.trace?.wasAnswered(at: addresses) }
      var drawings: [Drawing] = []
      var fault: (any Error)?
      for entry in entries {
        do {
          let asset = try await asset(of: entry, call, into: store)
          drawings.append(Drawing(asset: asset, engine: nil))
        } catch {
          // One that is no picture costs none of the others; one that can be fetched later is waited for.
          guard entry.address == nil else { throw error }
          fault = fault ?? error
        }
      }
      if drawings.isEmpty, let fault { throw fault }
      return drawings
    } catch var error as ImagineError {
      // The pictures were drawn, whatever became of their files.
      error.charged = .yes
      error.retryable = false
      throw error
    }
  }

  public func submit(_ request: Request, options: CallOptions) async throws -> JobStatus {
    throw unsupported()
  }

  public func status(of job: String) async throws -> JobStatus { throw unsupported() }

  public func delete(job: String) async throws { throw unsupported() }

  public func download(_ address: String, into store: any AssetStore) async throws -> Asset {
    try await Download(transport: transport, source: .service(endpoint), store: store).fetch(
      address)
  }

  /// The longest answer that is read, in bytes: ten pictures in base64.
  private static let longestAnswer = 256 << 20

  private func unsupported() -> ImagineError {
    .notOffered(operation: "job", by: name)
  }

  private func body(of request: Request, count: Int) throws -> [UInt8] {
    var fields = request.extra
    for (name, value) in request.values where name != "aspect_ratio" && name != "approximate" {
      fields[name] = RequestDescription.Scalar(value)
    }
    if let shape = request.aspectRatio {
      guard fields["size"] == nil else {
        throw ImagineError(
          .validation, "size and aspect_ratio say the same thing: give one", field: "aspect_ratio")
      }
      let size = try PixelSize.having(
        shape, among: sizes ?? PixelSize.openAISizes,
        approximate: request["approximate"]?.flag ?? false)
      fields["size"] = .text(size.description)
    }
    if count > 1 { fields["n"] = .integer(Int64(count)) }
    return Array(try JSONEncoder().encode(fields))
  }

  private func asset(
    of entry: OpenAIAnswer.Entry, _ call: HTTPTransport.Call, into store: any AssetStore
  ) async throws -> Asset {
    let asset =
      switch entry {
      case .bytes(let bytes): try await store.store(bytes)
      case .address(let address): try await download(address, into: store)
      }
    guard asset.header != nil else {
      throw ServiceAnswer.unexpected("an entry of the answer is no picture", of: call)
    }
    return asset
  }
}

/// Reads what an OpenAI-style service says in JSON.
enum OpenAIAnswer {
  /// One picture of an answer.
  enum Entry: Sendable {
    case bytes([UInt8])
    case address(String)

    var address: String? {
      if case .address(let address) = self { address } else { nil }
    }
  }

  private struct Body: Decodable {
    struct Entry: Decodable {
      let url: String?
      let base64: String?

      enum CodingKeys: String, CodingKey {
        case url
        case base64 = "b64_json"
      }
    }
    let data: [Entry]
  }

  /// The pictures of an answer; one that cannot be read costs none of the others.
  ///
  /// - Throws: ``ImagineError`` where none can be read.
  static func entries(_ body: [UInt8], of call: HTTPTransport.Call) throws -> [Entry] {
    let json = LiftedJSON(body)
    guard let answer = try? JSONDecoder().decode(Body.self, from: Data(json.text)),
      !answer.data.isEmpty
    else { throw ServiceAnswer.unexpected("the answer holds no pictures", of: call) }
    let entries = answer.data.map { entry in Result { try Self.entry(entry, in: json, of: call) } }
    let readable = entries.compactMap { try? $0.get() }
    return readable.isEmpty ? [try entries[0].get()] : readable
  }

  private static func entry(
    _ entry: Body.Entry, in json: LiftedJSON, of call: HTTPTransport.Call
  ) throws -> Entry {
    if let text = entry.base64 { return .bytes(try decode(json.bytes(of: text), of: call)) }
    guard let address = entry.url else {
      throw ServiceAnswer.unexpected(
        "an entry of the answer has neither url nor b64_json", of: call)
    }
    let bytes = json.bytes(of: address)
    guard bytes.starts(with: "data:".utf8) else {
      return .address(String(decoding: bytes, as: UTF8.self))
    }
    guard let comma = bytes.firstIndex(of: UInt8(ascii: ",")),
      bytes[..<comma].suffix(";base64".utf8.count).elementsEqual(";base64".utf8)
    else {
      throw ServiceAnswer.unexpected("a data address of the answer is not base64", of: call)
    }
    return .bytes(try decode(bytes[(comma + 1)...], of: call))
  }

  private static func decode(
    _ text: ArraySlice<UInt8>, of call: HTTPTransport.Call
  ) throws -> [UInt8] {
    let text = Data(text)
    // Line ends within base64 are seldom, and looking for them takes its time.
    guard
      let data = Data(base64Encoded: text)
        ?? Data(base64Encoded: text, options: .ignoreUnknownCharacters)
    else {
      throw ServiceAnswer.unexpected("a picture of the answer is not base64", of: call)
    }
    return Array(data)
  }

  private struct Fault: Decodable {
    struct Content: Decodable {
      let message: String?
      let type: String?
      let code: LooseNumber?
      let param: String?
    }
    let error: Content
  }

  /// The error that an answer means. A quota that is used up comes as 429, though waiting mends
  /// nothing: it is `payment`.
  static func fault(_ body: [UInt8], of answer: HTTPAnswer) -> ImagineError {
    var error = ServiceAnswer.fault(
      status: answer.status, body: [], endpoint: answer.call.endpoint,
      isBilled: answer.call.isBilled, header: answer.header)
    guard let content = (try? JSONDecoder().decode(Fault.self, from: Data(body)))?.error else {
      return error
    }
    if let message = content.message { error.message = "\(answer.call.endpoint): \(message)" }
    // Some servers repeat the HTTP status as the code.
    let code = content.code?.integer == nil ? content.code?.text : nil
    error.name = code ?? content.type
    error.field = content.param
    if code == "insufficient_quota" || content.type == "insufficient_quota" {
      error.kind = .payment
      error.retryable = false
    }
    return error
  }
}
