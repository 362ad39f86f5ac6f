import Foundation
import ImagineAPI

/// Makes almost valid requests. Equal seeds give equal requests.
struct RequestMutator {
  private var generator: SeededGenerator
  private let image: [UInt8]

  /// - Parameter image: a file that the server can decode.
  init(seed: UInt64, image: [UInt8]) {
    generator = SeededGenerator(seed: seed)
    self.image = image
  }

  /// All bytes that one client sends.
  mutating func next() -> [UInt8] {
    var bytes = request()
    for _ in 0..<Int.random(in: 0...3, using: &generator) { bytes = mutated(bytes) }
    // Sometimes pipeline another request.
    if chance(10) { bytes += request() }
    return bytes
  }

  private mutating func chance(_ oneIn: Int) -> Bool {
    Int.random(in: 0..<oneIn, using: &generator) == 0
  }

  private mutating func one<Element>(of elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &generator)]
  }

  private mutating func request() -> [UInt8] {
    switch Int.random(in: 0..<10, using: &generator) {
    case 0...4: return post(one(of: MediaOperation.all))
    case 5: return json()
    case 6: return chance(2) ? edit() : webUI()
    default: return question()
    }
  }

  private mutating func head(_ method: String, _ path: String, _ fields: [String]) -> [UInt8] {
    var lines = ["Host: \(one(of: Self.hosts))", "Authorization: Bearer \(one(of: Self.words))"]
    if !chance(20) { lines[0] = "Host: 127.0.0.1" }
    if !chance(10) { lines[1] = "Authorization: Bearer fuzz" }
    lines += fields
    if chance(5) { lines.append(one(of: Self.fields)) }
    let version = chance(20) ? one(of: ["1.0", "1.1", "2.0", "0.9", "1.2"]) : "1.1"
    return Array(
      "\(method) \(path) HTTP/\(version)\r\n\(lines.joined(separator: "\r\n"))\r\n\r\n".utf8)
  }

  private mutating func body(_ path: String, type: String, _ bytes: [UInt8]) -> [UInt8] {
    guard chance(4) else {
      let length = chance(20) ? one(of: Self.numbers) : String(bytes.count)
      return head("POST", path, ["Content-Type: \(type)", "Content-Length: \(length)"]) + bytes
    }
    var chunks: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(Int.random(in: 1...max(1, bytes.count / 2), using: &generator))
      let size = chance(30) ? one(of: Self.numbers) : String(piece.count, radix: 16)
      chunks += Array("\(size)\r\n".utf8) + piece + [13, 10]
      rest = rest.dropFirst(piece.count)
    }
    let last = Array("0\r\n\r\n".utf8)
    return head("POST", path, ["Content-Type: \(type)", "Transfer-Encoding: chunked"])
      + chunks + last
  }

  private mutating func post(_ operation: MediaOperation) -> [UInt8] {
    var form = FormWriter()
    for field in operation.fields where !chance(12) {
      let isOdd = chance(6)
      switch field.kind {
      case .image:
        form.add(field.wireName, file: isOdd ? Array(one(of: Self.words).utf8) : image)
      case .choice(let names) where !isOdd, .openChoice(let names) where !isOdd:
        form.add(field.wireName, one(of: names))
      default:
        form.add(field.wireName, isOdd ? one(of: Self.words + Self.numbers) : "7")
      }
    }
    if chance(15) { form.add(one(of: Self.words), one(of: Self.words)) }
    let path = chance(15) ? one(of: ["/x/convert", "/x/step"]) : "/v2" + operation.path
    let type = "multipart/form-data; boundary=\(chance(20) ? one(of: Self.words) : form.boundary)"
    return body(path, type: type, form.bytes)
  }

  private mutating func json() -> [UInt8] {
    var members = [
      "\"model\":\"flux-1\"", "\"prompt\":\"a cat\"", "\"response_format\":\"b64_json\"",
    ]
    for name in ["n", "size", "seed", "stream", "output_format", "guidance_scale", "model", "user"]
    where chance(4) {
      members.append("\"\(name)\":\(one(of: Self.values))")
    }
    members.shuffle(using: &generator)
    return body(
      "/v1/images/generations", type: "application/json",
      Array("{\(members.joined(separator: ","))}".utf8))
  }

  private mutating func edit() -> [UInt8] {
    var form = FormWriter()
    for field in MediaOperation.openAIEdits.fields where !chance(3) {
      let isImage = field.maxImages > 0 && !chance(6)
      if isImage {
        form.add(field.wireName, file: image)
      } else {
        form.add(field.wireName, one(of: Self.words + Self.numbers))
      }
    }
    return body(
      one(of: ["/v1/images/edits", "/v1/videos", "/v1/images/variations"]),
      type: "multipart/form-data; boundary=\(form.boundary)", form.bytes)
  }

  private mutating func webUI() -> [UInt8] {
    let file = "\"\(Data(image).base64EncodedString())\""
    var members = [
      "\"prompt\":\"a cat\"", "\"image\":\(file)", "\"init_images\":[\(file)]", "\"mask\":\(file)",
    ]
    for name in [
      "seed", "width", "height", "batch_size", "n_iter", "styles", "image", "init_images", "mask",
      "resize_mode", "upscaling_resize", "upscaler_1", "override_settings", "alwayson_scripts",
      "prompt", "sd_model_checkpoint",
    ] where chance(4) {
      members.append("\"\(name)\":\(one(of: Self.values))")
    }
    members.shuffle(using: &generator)
    let route = one(of: [
      "txt2img", "img2img", "extra-single-image", "options", "png-info", "interrupt",
    ])
    return body(
      "/sdapi/v1/\(route)", type: "application/json",
      Array("{\(members.joined(separator: ","))}".utf8))
  }

  private mutating func question() -> [UInt8] {
    let method = one(of: ["GET", "GET", "GET", "HEAD", "DELETE", "POST", "PUT", "OPTIONS", "TRACE"])
    let id = one(of: Self.words + Self.numbers + ["00000000-0000-4000-8000-000000000000"])
    let path = one(of: [
      "/healthz", "/readyz", "/v1/models", "/v1/models/\(id)", "/v2/video/\(id)/status",
      "/v2/assets/\(id)/status", "/v2/video/status/\(id)", "/v2/video/\(id)",
      "/v2/video/delete/\(id)", "/media/\(id)/video.mp4?expires=\(id)&signature=\(id)",
      "/v1/videos", "/v1/videos?limit=\(id)&after=\(id)", "/v1/videos/\(id)/content?variant=\(id)",
      "/sdapi/v1/options", "/sdapi/v1/progress", "/sdapi/v1/samplers", "/media/\(id)/picture.png",
      "/x/rehearsal", "/\(id)", "http://\(id)/healthz", "*",
    ])
    let fields = chance(5) ? ["Range: bytes=\(one(of: Self.numbers))-\(one(of: Self.numbers))"] : []
    return head(method, path, fields)
  }

  private mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
    guard !bytes.isEmpty else { return bytes }
    var bytes = bytes
    // Most errors are in the head.
    let reach = chance(2) ? min(bytes.count, 400) : bytes.count
    let place = Int.random(in: 0..<reach, using: &generator)
    let end = min(bytes.count, place + Int.random(in: 1...40, using: &generator))
    switch Int.random(in: 0..<7, using: &generator) {
    case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
    case 1: bytes.removeSubrange(place..<end)
    case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
    case 3: bytes.insert(contentsOf: Array(one(of: Self.words).utf8), at: place)
    case 4: bytes.removeSubrange(place...)
    case 5: bytes.swapAt(place, end - 1)
    default: bytes[place] = one(of: [0, 10, 13, 32, 34, 45, 58, 0x7F, 0x80, 0xFF])
    }
    return bytes
  }

  private static let hosts = ["x", "", "a b", "[::1", "evil.example", "127.0.0.1:99999", "\u{e9}"]
  private static let numbers = [
    "0", "-1", "1", "18446744073709551616", "9223372036854775807", "-9223372036854775808", "1e300",
    "NaN", "0x10", "FFFFFFFFFFFFFFFF", " 5", "5 ", "+5", "1.5", "33554433",
  ]
  private static let words = [
    "", "a", "%", "%00", "%ff", "%2e%2e%2f", "..", "../../etc/passwd", "\u{1b}[31m", "\r\n", "\0",
    "\"", "'", "name=", "--", "--test-boundary--", "é", "\u{202e}",
    String(repeating: "x", count: 5000),
    "x'y''z", "UTF-8''%", "{}", "null", "fast-svd", "sdxl 1.0",
  ]
  private static let fields = [
    "Expect: 100-continue", "Connection: close", "Connection: upgrade", "Upgrade: websocket",
    "Upgrade: h2c", "Content-Length: 5", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip",
    "Origin: null", "Origin: http://evil.example", "If-Range: x", "Accept-Encoding: gzip", ": x",
    " folded", "X: \u{1}", "Content-Encoding: gzip", "Host: 127.0.0.1", "Trailer: Host",
  ]
  private static let values = [
    "null", "true", "0", "-1", "1", "1e300", "-1e-300", "1.5", "18446744073709551616", "\"\"",
    "\"x\"", "\"\\ud83d\"", "\"\\udc00\\ud83d\"", "\"\\u0000\"", "[]", "{}", "[[[[[[[[]]]]]]]]",
    "\"1024x1024\"", "\"auto\"", "\"webp\"",
  ]
}
