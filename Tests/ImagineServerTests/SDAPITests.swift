import Foundation
import ImagineAPI
import ImagineTestSupport
import MediaFiles
import ServerStore
import Synchronization
import Testing

@testable import ImagineServer

@Suite("The API of A1111")
struct SDAPITests {
  private let root = "/sdapi/v1"
  private let image = StubEngine.png(PixelSize(width: 64, height: 32))
  private let mask = StubEngine.png(PixelSize(width: 64, height: 32), content: "m")

  private func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

  /// What the stub writes after the header, without the text that the server inserts at byte 33.
  private static func words(of image: [UInt8]) -> String {
    guard image.count > 45 else { return "" }
    let length = image[33..<37].reduce(0) { $0 << 8 | Int($1) }
    return String(
      decoding: image[24..<33] + image.dropFirst(33 + 12 + length), as: UTF8.self)
  }

  @Test("generates images from the prompt, and tells seeds, size and prompt")
  func textToImage() async throws {
    try await RunningServer.with { server in
      let answer = try await server.postJSON(
        "\(root)/txt2img",
        """
        {"prompt":"a cat","negative_prompt":"dogs","seed":7,"batch_size":2,"n_iter":2,"width":1024,
         "height":1024,"steps":20,"cfg_scale":7.5,"sampler_name":"DPM++ 2M Karras",
         "sampler_index":"Euler","scheduler":"Bong Tangent","save_images":true,"send_images":true,
         "styles":[],"alwayson_scripts":{"ADetailer":{"args":[false]}},"script_name":null,
         "override_settings":{"sd_model_checkpoint":"flux-1","CLIP_stop_at_last_layers":2},
         "enable_hr":false,"hr_upscaler":"Latent","subseed":-1,"subseed_strength":0.0,
         "auth":"user:secret"}
        """)
      let images = try answer.sdapiImages
      #expect(images.count == 4)
      for (index, image) in images.enumerated() {
        #expect(ImageHeader(image)?.size == PixelSize(width: 1024, height: 1024))
        #expect(Self.words(of: image) == "a cat|flux-dev|\(7 + index)")
      }
      let info = try answer.sdapiInfo
      #expect(info["all_seeds"] as? [Int] == [7, 8, 9, 10] && info["seed"] as? Int == 7)
      #expect(info["prompt"] as? String == "a cat" && info["width"] as? Int == 1024)
      #expect((info["infotexts"] as? [String])?.first?.hasPrefix("a cat\nSeed: 7, Size: ") == true)
      let parameters = try #require(try answer.json["parameters"] as? [String: Any])
      #expect(parameters["cfg_scale"] as? Double == 7.5 && parameters["seed"] as? Int == 7)
      #expect(!answer.text.contains("secret"))
    }
  }

  @Test("makes and charges a call with an Idempotency-Key once")
  func keys() async throws {
    let engine = StubEngine()
    let alice = Authentication.digest(of: "alice")
    try await RunningServer.with(engine: engine) {
      $0.authentication = .listed(TokenList(entries: [alice: .init(balance: 1000)]))
    } _: { server in
      func post(_ route: String, _ body: String) async throws -> Answer {
        try await server.send(
          .post, "\(root)/\(route)", token: "alice",
          headers: [("Content-Type", "application/json"), ("Idempotency-Key", "k")],
          body: Array(body.utf8))
      }
      let edit = #"{"init_images":["\#(base64(image))"],"mask":"\#(base64(mask))","prompt":"a"}"#
      for (route, body) in [
        ("txt2img", #"{"prompt":"a cat"}"#), ("img2img", edit),
        ("extra-single-image", #"{"image":"\#(base64(image))"}"#),
      ] {
        let first = try await post(route, body)
        #expect(first.status == 200, "\(route): \(first.text.prefix(300))")
        let balance = try await server.store.balance(of: alice)
        let second = try await post(route, body)
        #expect(second.bytes == first.bytes && second.headers["idempotent-replayed"] == "true")
        #expect(try await server.store.balance(of: alice) == balance)
      }
      #expect(engine.painted.withLock { $0 } == 1)
    }
  }

  @Test("makes 512x512 by default, another size at wish, and a random seed for -1")
  func sizes() async throws {
    try await RunningServer.with { server in
      var seeds: Set<Int> = []
      for (members, size) in [
        ("", "512x512"), (#","width":640,"seed":-1"#, "640x512"),
        (#","width":2048,"height":2048,"seed":null"#, "2048x2048"),
      ] {
        let answer = try await server.postJSON("\(root)/txt2img", #"{"prompt":"a"\#(members)}"#)
        #expect(ImageHeader(try answer.sdapiImages[0])?.size.description == size)
        seeds.insert(try #require(try answer.sdapiInfo["seed"] as? Int))
      }
      #expect(seeds.count == 3 && seeds.allSatisfy { $0 > 0 })
    }
  }

  @Test("writes how an image was made into it, and reads it back")
  func texts() async throws {
    try await RunningServer.with {
      $0.faultPlan = FaultPlan(paint: .card)
    } _: { server in
      let prompt = #"a \"cat\", 猫\nsecond line: yes"#
      let made = try await server.postJSON(
        "\(root)/txt2img", #"{"prompt":"\#(prompt)","seed":5,"width":1024,"height":1024}"#)
      let image = try made.sdapiImages[0]
      for prefix in ["", "data:image/png;base64,"] {
        let answer = try await server.postJSON(
          "\(root)/png-info", #"{"image":"\#(prefix)\#(base64(image))"}"#)
        let info = try answer.json
        let text = try #require(info["info"] as? String)
        #expect(text.hasPrefix("a \"cat\", 猫\nsecond line: yes\nSeed: 5, Size: 1024x1024, Model: "))
        #expect((info["items"] as? [String: String])?["parameters"] == text)
        let parameters = try #require(info["parameters"] as? [String: String])
        #expect(parameters["Prompt"] == "a \"cat\", 猫\nsecond line: yes")
        #expect(parameters["Seed"] == "5" && parameters["Size"] == "1024x1024")
      }
      let plain = try await server.postJSON(
        "\(root)/png-info", #"{"image":"\#(base64(TinyImage.png))"}"#)
      #expect(try plain.json["info"] as? String == "")
    }
  }

  @Test("reads the texts of other programs")
  func foreignTexts() {
    let text = """
      a castle, (red:1.2)
      Negative prompt: blurry,
      ugly
      Steps: 20, Sampler: DPM++ 2M, CFG scale: 7, Lora hashes: "a: 1, b: 2", Size: 512x768
      """
    #expect(
      Infotext.parameters(in: text) == [
        "Prompt": "a castle, (red:1.2)", "Negative prompt": "blurry,\nugly", "Steps": "20",
        "Sampler": "DPM++ 2M", "CFG scale": "7", "Lora hashes": "a: 1, b: 2", "Size": "512x768",
      ])
    #expect(
      Infotext.parameters(in: "a: b, c") == ["Prompt": "a: b, c", "Negative prompt": ""])
    #expect(Infotext.parameters(in: "") == ["Prompt": "", "Negative prompt": ""])
  }

  @Test("fills or retouches inside a mask, at the size that is asked for")
  func imageToImage() async throws {
    try await RunningServer.with { server in
      func answer(_ members: String) async throws -> Answer {
        try await server.postJSON(
          "\(root)/img2img",
          #"{"init_images":["\#(base64(image))"],"mask":"data:image/png;base64,\#(base64(mask))"\#(members)}"#
        )
      }
      func content(_ answer: Answer) throws -> String {
        Self.words(of: try answer.sdapiImages[0])
      }
      let filled = try await answer(#","prompt":"a tree","denoising_strength":0.9,"seed":3"#)
      #expect(try content(filled) == "fill|a tree|109")
      #expect(try filled.sdapiInfo["seed"] as? Int == 3)
      #expect(try content(try await answer(#","prompt":"""#)) == "retouch|109")
      // Image and mask are scaled first, as their last byte tells.
      let last = String(Conversion.standardQuality).utf8.last ?? 0
      let scaled = try await answer(#","prompt":"a tree","width":100,"height":90,"resize_mode":1"#)
      #expect(try content(scaled) == "fill|a tree|\(last)")
      #expect(ImageHeader(try scaled.sdapiImages[0])?.size == PixelSize(width: 100, height: 90))
    }
  }

  @Test("enlarges an image by a factor or to a size")
  func enlarging() async throws {
    try await RunningServer.with { server in
      for (members, size) in [
        (#","upscaler_1":"Imagine""#, "128x64"),
        (#","upscaler_1":"Imagine","upscaling_resize":3.5"#, "224x112"),
        (#","upscaler_1":"None","upscaler_2":"None""#, "128x64"),
        (#","upscaler_1":"Nearest","upscaling_resize":4"#, "256x128"),
        (#","resize_mode":1,"upscaling_resize_w":90,"upscaling_resize_h":90"#, "90x90"),
        (
          #","resize_mode":1,"upscaling_resize_w":90,"upscaling_resize_h":90,"upscaling_crop":false"#,
          "180x90"
        ),
      ] {
        let answer = try await server.postJSON(
          "\(root)/extra-single-image", #"{"image":"\#(base64(image))"\#(members)}"#)
        let text = try #require(try answer.json["image"] as? String, "\(answer.text)")
        #expect(ImageHeader(Array(Data(base64Encoded: text) ?? Data()))?.size.description == size)
      }
    }
  }

  @Test("refuses what it cannot do in A1111's form, and names the field")
  func faults() async throws {
    let text = [
      (#"{}"#, "prompt"), (#"{"prompt":""}"#, "prompt"), (#"{"prompt":"a","width":0}"#, "width"),
      (#"{"prompt":"a","width":4096,"height":4096}"#, "width"),
      (#"{"prompt":"a","width":"wide"}"#, "width"), (#"{"prompt":"a","seed":-2}"#, "seed"),
      (#"{"prompt":"a","seed":1.5}"#, "seed"), (#"{"prompt":"a","batch_size":17}"#, "batch_size"),
      (#"{"prompt":"a","batch_size":5,"n_iter":4}"#, "n_iter"),
      (#"{"prompt":"a","sampler_name":"Magic"}"#, "sampler_name"),
      (#"{"prompt":"a","script_name":"x/y/z plot"}"#, "script_name"),
      (
        #"{"prompt":"a","alwayson_scripts":{"ControlNet":{"args":[{"image":"x"}]}}}"#,
        "alwayson_scripts"
      ),
      (#"{"prompt":"a","enable_hr":true}"#, "enable_hr"),
      (#"{"prompt":"a","tiling":true}"#, "tiling"),
      (#"{"prompt":"a","styles":["oil"]}"#, "styles"),
      (#"{"prompt":"a","subseed_strength":0.5}"#, "subseed_strength"),
      (#"{"prompt":"a","send_images":false}"#, "send_images"),
      (
        #"{"prompt":"a","override_settings":{"sd_model_checkpoint":"other"}}"#,
        "sd_model_checkpoint"
      ),
      (#"{"prompt":"a","override_settings":{"samples_format":"jpg"}}"#, "samples_format"),
    ].map { ("txt2img", $0.0, $0.1) }
    let start = #"{"prompt":"a","init_images":["\#(base64(image))"]"#
    let masked = start + #","mask":"\#(base64(mask))""#
    let edits = [
      (#"{"prompt":"a"}"#, "init_images"), (#"{"prompt":"a","init_images":[]}"#, "init_images"),
      (#"{"prompt":"a","init_images":["bm8="]}"#, "init_images"),
      (#"{"prompt":"a","init_images":[7]}"#, "init_images"), (start + "}", "mask"),
      (start + #","mask":"bm8="}"#, "mask"), (start + #","mask":"!"}"#, "mask"),
      (masked + #","inpainting_mask_invert":1}"#, "inpainting_mask_invert"),
      (masked + #","batch_size":2}"#, "batch_size"),
      (masked + #","resize_mode":2,"width":8,"height":8}"#, "resize_mode"),
    ].map { ("img2img", $0.0, $0.1) }
    let extras = [
      (#"{}"#, "image"), (#"{"image":"bm8="}"#, "image"),
      (#"{"image":"\#(base64(image))","upscaler_1":"R-ESRGAN 4x+"}"#, "upscaler_1"),
      (#"{"image":"\#(base64(image))","upscaling_resize":9}"#, "upscaling_resize"),
      (#"{"image":"\#(base64(image))","gfpgan_visibility":0.5}"#, "gfpgan_visibility"),
      (
        #"{"image":"\#(base64(image))","resize_mode":1,"upscaling_resize_w":16384,"upscaling_resize_h":9}"#,
        "upscaling_resize_w"
      ),
    ].map { ("extra-single-image", $0.0, $0.1) }
    let others = [
      ("png-info", #"{"image":"bm8="}"#, "image"),
      ("options", #"{"sd_model_checkpoint":"other"}"#, "sd_model_checkpoint"),
      ("options", #"{"sd_model_checkpoint":7}"#, "sd_model_checkpoint"),
      ("options", #"{"samples_format":"jpg"}"#, "samples_format"),
    ]
    try await RunningServer.with { server in
      for (route, json, field) in text + edits + extras + others {
        let answer = try await server.postJSON("\(root)/\(route)", json)
        #expect(answer.status == 422, "\(route) \(json): \(answer.text.prefix(300))")
        let fault = (try answer.json["detail"] as? [[String: Any]])?.first
        #expect(fault?["loc"] as? [String] == ["body", field], "\(route) \(json): \(answer.text)")
        #expect((fault?["msg"] as? String)?.isEmpty == false)
      }
      let routing = try await server.send(.get, "\(root)/txt2img")
      #expect(routing.status == 405)
      #expect(try routing.json["detail"] is String)
      let noObject = try await server.postJSON("\(root)/txt2img", "[1]")
      #expect(noObject.status == 422)
      #expect(try noObject.json["errors"] is String)
    }
  }

  @Test("lists what clients choose from, and lets an account choose its model")
  func settings() async throws {
    try await RunningServer.with {
      $0.modelAliases = ["my-model": "flux-1"]
    } _: { server in
      func names(_ list: String, _ key: String = "name") async throws -> [String] {
        let answer = try await server.send(.get, "\(root)/\(list)")
        let entries = try JSONSerialization.jsonObject(with: Data(answer.bytes))
        return try #require(entries as? [[String: Any]]).compactMap { $0[key] as? String }
      }
      #expect(try await names("sd-models", "title") == ["flux-1", "my-model"])
      #expect(try await names("samplers").contains("Euler a"))
      #expect(try await names("schedulers").contains("automatic"))
      #expect(try await names("upscalers") == ["None", "Lanczos", "Nearest", "Imagine"])
      for list in ["latent-upscale-modes", "sd-vae", "loras", "prompt-styles"] {
        #expect(try await names(list).isEmpty)
      }
      var options = try await server.send(.get, "\(root)/options").json
      #expect(options["sd_model_checkpoint"] as? String == "flux-1")
      options["sd_model_checkpoint"] = "my-model"
      let all = String(decoding: try JSONSerialization.data(withJSONObject: options), as: UTF8.self)
      #expect(try await server.postJSON("\(root)/options", all).status == 200)
      let chosen = try await server.send(.get, "\(root)/options").json
      #expect(chosen["sd_model_checkpoint"] as? String == "my-model")
      let other = try await server.send(.get, "\(root)/options", token: "other").json
      #expect(other["sd_model_checkpoint"] as? String == "flux-1")
      let image = try await server.postJSON("\(root)/txt2img", #"{"prompt":"a"}"#)
      #expect(try image.sdapiInfo["sd_model_name"] as? String == "flux-1")
    }
  }

  @Test("tells the progress of the caller's own calls, and stops them and no others")
  func interruption() async throws {
    let engine = StubEngine(paintGate: .init(open: false))
    try await RunningServer.with(engine: engine) { server in
      func jobs(_ token: String) async throws -> Int? {
        let progress = try await server.send(.get, "\(root)/progress", token: token).json
        #expect((0...1).contains(progress["progress"] as? Double ?? -1))
        return (progress["state"] as? [String: Any])?["job_count"] as? Int
      }
      let json = #"{"prompt":"a","batch_size":2}"#
      async let first = server.postJSON("\(root)/txt2img", json)
      async let second = server.postJSON("\(root)/txt2img", json, token: "other")
      for token in ["test", "other"] {
        _ = try await eventually { try await jobs(token) == 2 ? true : nil }
      }
      #expect(try await jobs("third") == 0)
      #expect(try await server.postJSON("\(root)/interrupt", "").status == 200)
      let stopped = try await first
      #expect(stopped.status == 409 && stopped.text.contains("interrupted"))
      #expect(try await jobs("test") == 0)
      engine.paintGate.open()
      #expect(try await second.status == 200)
    }
  }

  @Test("takes a token as a bearer or as a password; where any token will do, it needs none")
  func tokens() async throws {
    func login(_ text: String) -> [(String, String)] {
      [("Authorization", "Basic \(Data(text.utf8).base64EncodedString())")]
    }
    try await RunningServer.with {
      $0.authentication = .listed(
        TokenList(entries: [
          Authentication.digest(of: "alice"): .init(), Authentication.digest(of: "a:b"): .init(),
        ]))
    } _: { server in
      let path = "\(root)/options"
      #expect(try await server.send(.get, path, token: "alice").status == 200)
      for text in ["user:alice", ":alice", "alice:a:b"] {
        #expect(try await server.send(.get, path, token: nil, headers: login(text)).status == 200)
      }
      for headers in [
        [], login("alice"), login("alice:"), login("user:eve"), [("Authorization", "Basic ")],
        [("Authorization", "Basic %%%")],
      ] {
        let answer = try await server.send(.get, path, token: nil, headers: headers)
        #expect(answer.status == 401 && answer.headers["www-authenticate"] == "Basic")
        #expect(try answer.json["detail"] is String)
      }
      let elsewhere = try await server.send(
        .get, "/v2/video/x/status", token: nil, headers: login("user:alice"))
      #expect(elsewhere.code == 1000)
    }
    try await RunningServer.with { server in
      for headers in [[], login(""), [("Authorization", "Basic ")]] {
        let answer = try await server.send(
          .get, "\(root)/options", token: nil, headers: headers)
        #expect(answer.status == 200)
      }
      #expect(try await server.send(.get, "/v1/models", token: nil).status == 401)
    }
  }

  @Test("is charged, and meets the faults of a plan in its own form")
  func chargesAndFaults() async throws {
    var fault = FaultPlan.Fault(route: "/sdapi/v1/txt2img")
    (fault.after, fault.count, fault.code) = (1, 1, 1202)
    try await RunningServer.with {
      $0.authentication = .listed(
        TokenList(entries: [Authentication.digest(of: "alice"): .init(balance: 40)]))
      $0.faultPlan = FaultPlan(faults: [fault])
    } _: { server in
      let json = #"{"prompt":"a","batch_size":2}"#
      #expect(try await server.postJSON("\(root)/txt2img", json, token: "alice").status == 200)
      let busy = try await server.postJSON("\(root)/txt2img", json, token: "alice")
      #expect(busy.status == 429)
      #expect(try busy.json["error"] as? String == "TooManyRequests")
      let poor = try await server.postJSON("\(root)/txt2img", json, token: "alice")
      #expect(poor.status == 402)
      #expect(try await server.store.balance(of: Authentication.digest(of: "alice")) == 10)
    }
  }
}

extension Answer {
  /// The images of an answer of A1111's API.
  fileprivate var sdapiImages: [[UInt8]] {
    get throws {
      let texts = try #require(try json["images"] as? [String], "\(text.prefix(300))")
      return texts.map { Array(Data(base64Encoded: $0) ?? Data()) }
    }
  }

  /// What it tells about them.
  fileprivate var sdapiInfo: [String: Any] {
    get throws {
      let info = try #require(try json["info"] as? String, "\(text.prefix(300))")
      return try #require(
        try JSONSerialization.jsonObject(with: Data(info.utf8)) as? [String: Any])
    }
  }
}
