import Foundation
import HostStore
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Logging
import MediaFiles

@testable import ImagineProviders

/// Calls of an `sdapi` provider, sent to a stub of a server.
struct SDAPITrial {
  let folder: TemporaryFolder
  let store: FileAssetStore
  var service = SDAPIService()
  var prices = PriceList.free

  init() throws {
    folder = try TemporaryFolder()
    store = FileAssetStore(root: folder.file("assets"))
  }

  static func base64(_ image: [UInt8] = TinyImage.png) -> String {
    Data(image).base64EncodedString()
  }

  /// An answer as A1111 gives it.
  static func answer(_ images: [[UInt8]] = [TinyImage.png], info: String = "{}") -> String {
    let list = images.map { #""\#(base64($0))""# }.joined(separator: ",")
    return #"{"images":[\#(list)],"parameters":{},"info":\#(Value.text(info).json)}"#
  }

  /// Makes images of the wanted size; their bytes end with what was asked for.
  struct NamingConverter: ImageConverter {
    func convert(
      _ asset: Asset, to conversion: Conversion, into store: any MediaStore
    ) async throws -> Asset {
      var size = asset.header?.size ?? PixelSize(width: 1, height: 1)
      if let width = conversion.width, let height = conversion.height {
        size = PixelSize(width: width, height: height)
      }
      let kind = conversion.isMatte ? "matte" : "\(conversion.fit)"
      return try await store.store(BlankImage.png(size: size) + Array(kind.utf8))
    }

    func thumbnail(
      of asset: Asset, within box: PixelSize, from store: any MediaStore
    ) async throws -> Thumbnail {
      throw ImagineError(.notFound, "no provider asks for a thumbnail")
    }
  }

  func provider(at address: String, token: String? = nil) -> SDAPIProvider {
    SDAPIProvider(
      name: "gpu", transport: HTTPTransport(logger: Logger(label: "test")),
      endpoint: Endpoint(
        baseURL: address, token: token.flatMap(Token.init), takesPasswords: true),
      service: service, prices: prices)
  }

  func request(
    _ operation: String, _ fields: [String: Value], images: [String: [UInt8]] = [:],
    count: Int = 1, extra: [String: Value] = [:], at provider: SDAPIProvider
  ) async throws -> Request {
    var inputs: [String: [ImageInput]] = [:]
    for (name, bytes) in images { inputs[name] = [.asset(try await store.store(bytes))] }
    var request = try provider.profile.operation(operation).request(
      from: fields, images: inputs, source: .script)
    request.count = count
    request.extra = extra
    return request
  }

  /// Makes a call as the host does: converted images first, then the send.
  func outputs(
    _ request: Request, at provider: some Provider, observer: (any CallObserver)? = nil,
    options: CallOptions = CallOptions()
  ) async throws -> [Output] {
    var context = CallContext(
      options, store: store, observer: observer, converter: NamingConverter())
    context.derived = try await provider.derivedInputs(of: request, context)
    guard case .finished(let answer) = try await provider.perform(request, context) else {
      return []
    }
    return answer.outputs
  }

  /// Makes a call at a stub.
  ///
  /// - Returns: what was sent, and the images.
  func call(
    _ operation: String, _ fields: [String: Value] = [:], images: [String: [UInt8]] = [:],
    count: Int = 1, extra: [String: Value] = [:], token: String? = nil,
    _ handler: @escaping StubServer.Handler = { _ in .json(200, answer()) }
  ) async throws -> (sent: [StubServer.Request], outputs: [Output]) {
    let stub = try await StubServer(handler)
    let provider = provider(at: stub.address, token: token)
    let outputs: [Output]
    do {
      outputs = try await self.outputs(
        request(operation, fields, images: images, count: count, extra: extra, at: provider),
        at: provider)
    } catch {
      await stub.close()
      throw error
    }
    let sent = stub.requests
    await stub.close()
    return (sent, outputs)
  }

  /// A PNG with alpha; its pixels are not meant to be read.
  static func cutout(_ size: PixelSize) -> [UInt8] {
    var image = BlankImage.png(size: size)
    // Depth 8, colour type 6 in the header chunk, whose checksum follows.
    image[24] = 8
    image[25] = 6
    let sum = CRC32.checksum(Array(image[12..<29]))
    withUnsafeBytes(of: sum.bigEndian) {
      for (index, byte) in $0.enumerated() { image[29 + index] = byte }
    }
    return image
  }
}

extension StubServer.Request {
  /// The members of the JSON body.
  var members: [String: Value] { (try? Value(json: body, name: "body").table) ?? [:] }

  /// An image of the body, decoded.
  func image(_ name: String) -> [UInt8] {
    let value = members[name]
    let text = value?.text ?? value?.list?.first?.text ?? ""
    return Data(base64Encoded: text).map(Array.init) ?? []
  }
}
