import Foundation
import HostStore
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import Testing

@testable import ImagineProviders

@Suite("A request has the form that each server of the A1111 API takes")
struct SDAPIRequestTests {
  private var trial: SDAPITrial

  init() throws { trial = try SDAPITrial() }

  private func trial(_ change: (inout SDAPIService) -> Void) -> SDAPITrial {
    var trial = trial
    change(&trial.service)
    return trial
  }

  private static let small = PixelSize(width: 64, height: 48)
  private static let odd = PixelSize(width: 501, height: 333)

  @Test("a call sends what it gives and nothing else, by the names of each dialect")
  func fields() async throws {
    let plain = try await trial.call("generate", ["prompt": "a cat"])
    #expect(plain.sent.map(\.target) == ["/sdapi/v1/txt2img"])
    #expect(Set(plain.sent[0].members.keys) == ["prompt", "force_task_id"])
    let given: [String: Value] = [
      "prompt": "a cat", "negative_prompt": "dogs", "width": 640, "height": 384, "steps": 9,
      "cfg_scale": 3.5, "sampler": "DPM++ 2M", "seed": 7,
    ]
    let wire: [String: Value] = [
      "prompt": "a cat", "negative_prompt": "dogs", "width": 640, "height": 384, "steps": 9,
      "cfg_scale": 3.5, "sampler_name": "DPM++ 2M", "seed": 7,
    ]
    for dialect in SDAPIDialect.allCases {
      var fields = given
      if dialect != .drawthings { fields["scheduler"] = "Karras" }
      var members = try await trial { $0.dialect = dialect }.call("generate", fields).sent[0]
        .members
      #expect((members.removeValue(forKey: "force_task_id") != nil) == (dialect == .a1111))
      #expect(
        (members.removeValue(forKey: "scheduler") != nil) == (dialect != .drawthings))
      #expect(members == wire, "\(dialect)")
    }
  }

  @Test(
    "a size is a multiple of 8 near what the model was trained with",
    arguments: [
      (["aspect_ratio": "16:9"], nil, "1280x720"), (["aspect_ratio": "16:9"], 512, "640x360"),
      (["aspect_ratio": "3:4"], 768, "648x864"), (["width": 640], nil, "640x1024"),
      (["height": 64], 512, "512x64"), ([:], 512, "512x512"),
      (["width": 513], nil, "field 'width': 513 is not allowed"),
      (["height": 100], nil, "a multiple of 8"),
      (["width": 640, "aspect_ratio": "1:1"], nil, "contradict"), (["width": 8], nil, "64 to 8192"),
    ] as [([String: Value], Int?, String)])
  func sizes(fields: [String: Value], resolution: Int?, expected: String) async throws {
    do {
      let sent = try await trial { $0.resolution = resolution }.call(
        "generate", fields.merging(["prompt": "x"]) { $1 }
      ).sent[0].members
      #expect(
        "\(sent["width"]?.integer ?? 0)x\(sent["height"]?.integer ?? 0)" == expected)
    } catch let error as ImagineError {
      #expect(error.kind == .validation && error.charged == .no)
      #expect(error.message.contains(expected), "\(error.message)")
    }
  }

  @Test("a size that cannot be made is refused before the call is journaled as sent")
  func early() async throws {
    let provider = trial { $0.dialect = .sdcpp }.provider(at: "http://127.0.0.1:1")
    let odd = BlankImage.png(size: Self.odd)
    for (operation, fields, images) in [
      ("generate", ["prompt": "x", "width": 513], [:]),
      ("generate", ["prompt": "x"], ["image": odd]),
      ("fill", ["prompt": "x"], ["image": odd, "mask": odd]),
      ("resize", ["aspect_ratio": "16:9"], ["image": odd]),
    ] as [(String, [String: Value], [String: [UInt8]])] {
      let request = try await trial.request(operation, fields, images: images, at: provider)
      let error = await #expect(throws: ImagineError.self) {
        try await provider.derivedInputs(of: request, CallContext(store: trial.store))
      }
      #expect(error?.kind == .validation && error?.charged == .no, "\(operation)")
    }
  }

  @Test("an image to begin with is changed by its strength, in its own shape")
  func begins() async throws {
    for (size, expected) in [(Self.small, "64x48"), (Self.odd, "1256x832")] {
      let call = try await trial.call(
        "generate", ["prompt": "x", "strength": 0.4], images: ["image": BlankImage.png(size: size)])
      let members = call.sent[0].members
      #expect(call.sent[0].target == "/sdapi/v1/img2img")
      #expect(call.sent[0].image("init_images") == BlankImage.png(size: size))
      #expect(members["denoising_strength"] == 0.4 && members["mask"] == nil)
      #expect(
        "\(members["width"]?.integer ?? 0)x\(members["height"]?.integer ?? 0)" == expected)
    }
  }

  @Test("an edit sends the mask as it is, and the part around it of an image of another size")
  func masks() async throws {
    for (size, isWhole) in [(Self.small, true), (Self.odd, false)] {
      let (image, mask) = (BlankImage.png(size: size), BlankImage.png(size: size) + [1])
      let call = try await trial.call(
        "fill", ["prompt": "a gull"], images: ["image": image, "mask": mask])
      let (sent, members) = (call.sent[0], call.sent[0].members)
      #expect(sent.target == "/sdapi/v1/img2img")
      #expect(sent.image("init_images") == image && sent.image("mask") == mask)
      #expect(members["inpaint_full_res"] == .flag(!isWhole) && members["inpainting_fill"] == 1)
      #expect(members["denoising_strength"] == 0.9)
      #expect(members["width"] == (isWhole ? 64 : 1256))
      // A member that the host chose may be given in another way.
      let other = try await trial.call(
        "retouch", images: ["image": image, "mask": mask],
        extra: ["inpainting_fill": 3, "mask_blur": 8])
      #expect(other.sent[0].members["inpainting_fill"] == 3)
      #expect(other.sent[0].members["mask_blur"] == 8 && other.sent[0].members["prompt"] == "")
      // But not how many images there are: they are counted.
      let error = await #expect(throws: ImagineError.self) {
        try await trial.call(
          "retouch", images: ["image": image, "mask": mask], extra: ["batch_size": 4])
      }
      #expect(error?.field == "extra.batch_size")
    }
  }

  @Test("stable-diffusion.cpp is given whole images whose sides it can make, and always a prompt")
  func sdcpp() async throws {
    let trial = trial { $0.dialect = .sdcpp }
    let image = BlankImage.png(size: Self.small)
    let sent = try await trial.call("retouch", images: ["image": image, "mask": image]).sent[0]
    #expect(sent.members["prompt"]?.text?.isEmpty == false && sent.members["width"] == 64)
    #expect(sent.members["model"] == nil && sent.members["override_settings"] == nil)
    let odd = BlankImage.png(size: Self.odd)
    let error = await #expect(throws: ImagineError.self) {
      try await trial.call("fill", ["prompt": "x"], images: ["image": odd, "mask": odd])
    }
    #expect(error?.message.contains("multiples of 8") == true && error?.field == "image")
    // It makes several images one after the other.
    let several = try await trial.call("generate", ["prompt": "x"], count: 3)
    #expect(several.sent[0].members["batch_size"] == 3)
  }

  @Test("a background is painted where a cut-out is transparent, an extension where its canvas is")
  func madeMasks() async throws {
    let cutout = SDAPITrial.cutout(Self.small)
    let background = try await trial.call(
      "add_background", ["prompt": "a beach"], images: ["image": cutout])
    #expect(background.sent[0].image("init_images") == cutout)
    #expect(background.sent[0].image("mask").ends(with: "matte"))
    #expect(background.sent[0].members["denoising_strength"] == 1.0)
    let wide = try await trial.call(
      "resize", ["aspect_ratio": "16:9"], images: ["image": BlankImage.png(size: Self.small)])
    let sent = wide.sent[0]
    #expect(sent.members["width"] == 88 && sent.members["height"] == 48)
    #expect(sent.image("init_images").ends(with: "pad"))
    #expect(ImageHeader(sent.image("mask"))?.size == PixelSize(width: 88, height: 48))
    for (operation, fields, words) in [
      ("add_background", ["prompt": "x"], "without transparency"),
      ("resize", ["aspect_ratio": "4:3"], "the shape of the image already, is not allowed"),
    ] as [(String, [String: Value], String)] {
      let error = await #expect(throws: ImagineError.self) {
        try await trial.call(
          operation, fields, images: ["image": BlankImage.png(size: Self.small)])
      }
      #expect(error?.kind == .validation && error?.charged == .no)
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
  }

  @Test("upscaling names the upscaler and the scale")
  func upscales() async throws {
    let answer = #"{"html_info":"","image":"data:image/png;base64,\#(SDAPITrial.base64())"}"#
    let list = #"[{"name":"None"},{"name":"R-ESRGAN 4x+"},{"name":"Lanczos"}]"#
    let handler: StubServer.Handler = { .json(200, $0.method == "GET" ? list : answer) }
    let call = try await trial.call("upscale", images: ["image": TinyImage.png], handler)
    #expect(
      call.sent.map(\.target) == ["/sdapi/v1/upscalers", "/sdapi/v1/extra-single-image"])
    #expect(
      call.sent[1].members == [
        "image": .text(SDAPITrial.base64()), "upscaling_resize": 2.0, "upscaler_1": "R-ESRGAN 4x+",
      ])
    #expect(call.outputs.count == 1)
    // A name is sent as the server writes it, and one that it does not know is refused.
    let other = try await trial.call(
      "upscale", ["upscaler": "lanczos", "scale": 3], images: ["image": TinyImage.png], handler)
    #expect(other.sent[1].members["upscaler_1"] == "Lanczos")
    let error = await #expect(throws: ImagineError.self) {
      try await trial.call(
        "upscale", ["upscaler": "R-ESRGAN"], images: ["image": TinyImage.png], handler)
    }
    #expect(error?.field == "upscaler" && error?.allowed == ["R-ESRGAN 4x+", "Lanczos"])
  }

  @Test("a model is sent as the server lists it, whatever name the call gives")
  func model() async throws {
    let list = """
      [{"title":"xl.safetensors [31e35c80fc]","model_name":"xl","hash":"31e35c80fc",
      "filename":"C:\\\\models\\\\xl-base.safetensors"},{"title":"other"}]
      """
    for name in ["xl", "XL-base", "31e35c80fc", "xl.safetensors [31e35c80fc]"] {
      let call = try await trial.call(
        "generate", ["prompt": "x", "model": .text(name)],
        extra: ["override_settings": ["eta_noise_seed_delta": 31_337]]
      ) { request in
        .json(200, request.method == "GET" ? list : SDAPITrial.answer())
      }
      #expect(call.sent.map(\.target) == ["/sdapi/v1/sd-models", "/sdapi/v1/txt2img"])
      #expect(
        call.sent[1].members["override_settings"] == [
          "sd_model_checkpoint": "xl.safetensors [31e35c80fc]", "eta_noise_seed_delta": 31_337,
        ])
      #expect(call.sent[1].members["override_settings_restore_afterwards"] == false)
    }
    let error = await #expect(throws: ImagineError.self) {
      try await trial.call("generate", ["prompt": "x", "model": "xll"]) { _ in .json(200, list) }
    }
    #expect(error?.field == "model" && error?.charged == .no)
    #expect(error?.allowed == ["xl.safetensors [31e35c80fc]", "other"])
    // Draw Things has no list.
    let sent = try await trial { $0.dialect = .drawthings }
      .call("generate", ["prompt": "x", "model": "flux.ckpt"]).sent
    #expect(sent.count == 1 && sent[0].members["model"] == "flux.ckpt")
  }

  @Test(
    "several images of one request come in equal rounds, with their own seeds and texts",
    arguments: [(6, 4, 3, 2), (7, 4, 1, 7), (4, 4, 4, 1)])
  func batches(count: Int, batch: Int, size: Int, rounds: Int) async throws {
    let images = (0...count + 1).map { TinyImage.png(with: "\($0)") }
    let seeds = (0..<count).map { String(70 + $0) }.joined(separator: ",")
    let texts = (0...count).map { #""text \#($0)""# }.joined(separator: ",")
    // A grid comes first, and the picture of an extension last.
    let info = #"{"index_of_first_image":1,"all_seeds":[\#(seeds)],"infotexts":[\#(texts)]}"#
    let call = try await trial { $0.batch = batch }.call(
      "generate", ["prompt": "x", "seed": 70], count: count
    ) { _ in .json(200, SDAPITrial.answer(images, info: info)) }
    #expect(call.sent[0].members["batch_size"] == .integer(Int64(size)))
    #expect(call.sent[0].members["n_iter"]?.integer ?? 1 == Int64(rounds))
    #expect(call.outputs.map(\.seed) == (0..<count).map { Int64(70 + $0) })
    for (index, output) in call.outputs.enumerated() {
      let bytes = try trial.store.content(of: output.asset)
      #expect(bytes.ends(with: "\(index + 1)"))
      let texts = try #require(ImageTexts(MediaSource(bytes))).entries
      #expect(texts.map(\.keyword) == ["parameters"] && texts[0].text == "text \(index + 1)")
    }
  }

  @Test("a user and a password are sent as such, any other token as a bearer's")
  func authorization() async throws {
    for (token, header) in [
      ("me:secret", "Basic bWU6c2VjcmV0"), ("secret", "Bearer secret"), (nil, nil),
    ] {
      let call = try await trial.call("generate", ["prompt": "x"], token: token)
      #expect(call.sent[0].headers["authorization"] == header)
    }
  }
}

extension [UInt8] {
  fileprivate func ends(with text: String) -> Bool {
    suffix(text.utf8.count).elementsEqual(text.utf8)
  }
}
