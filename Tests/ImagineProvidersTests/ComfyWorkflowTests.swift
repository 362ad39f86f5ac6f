import ImagineAPI
import ImagineTestSupport
import Testing

@testable import ImagineProviders

@Suite("A workflow of ComfyUI is checked when its description is read")
struct ComfyWorkflowTests {
  private func graph(_ text: String) throws -> ComfyGraph {
    try ComfyGraph(Value(json: Array(text.utf8)), name: "w.json")
  }

  private func workflow(
    _ inputs: [String: [String]], of text: String = ComfyWorkflows.generate,
    output: String? = nil, for operation: MediaOperation = .generate
  ) throws -> ComfyWorkflow {
    let graph = try graph(text)
    return try ComfyWorkflow(
      graph, inputs: inputs.mapValues { $0.compactMap(ComfyInput.init) }, output: output,
      for: operation, file: "w.json", in: "w")
  }

  @Test(
    "a mistake is told with its field, what was given and what is there",
    arguments: [
      (["prompt": ["66.text"]], nil, "w.inputs.prompt", "6 (CLIPTextEncode)"),
      (["prompt": ["6.prompt"]], nil, "w.inputs.prompt", "one of clip, text"),
      (["prompt": ["6.clip"]], nil, "w.inputs.prompt", "a link to node 4 (CheckpointLoaderSimple)"),
      (["prompt": ["11.text"]], nil, "w.inputs.prompt", "node 9 (SaveImage), depends on"),
      (["prompt": ["3.seed"]], nil, "w.inputs.prompt", "which is a number"),
      (["seed": ["6.text"]], nil, "w.inputs.seed", "which is text"),
      (["extra_text": ["6.text", "3.cfg"]], nil, "w.inputs.extra_text", "different types"),
      (
        ["prompt": ["6.text"], "title": ["6.text"]], nil, "w.inputs.title", "which is also `prompt`"
      ),
      (["timeout": ["3.steps"]], nil, "w.inputs.timeout", "calls use otherwise"),
      (["two words": ["3.steps"]], nil, "w.inputs.two words", "letters, digits and _"),
      (["prefix": ["9.filename_prefix"]], nil, "w.inputs.prefix", "the id of the call"),
      ([:], "10", "w.output", "one of 9 (SaveImage)"),
    ] as [([String: [String]], String?, String, String)])
  func mistakes(
    inputs: [String: [String]], output: String?, field: String, words: String
  ) throws {
    let error = #expect(throws: ImagineError.self) { try workflow(inputs, output: output) }
    #expect(error?.kind == .validation && error?.field == field, "\(String(describing: error))")
    #expect(error?.message.contains(words) == true, "\(String(describing: error))")
  }

  @Test("what the file says itself is checked: batches, numbers, images that a call must give")
  func files() throws {
    let batch = ComfyWorkflows.generate.replacing("\"batch_size\": 1", with: "\"batch_size\": 4")
    #expect(throws: ImagineError.self) { try workflow(["prompt": ["6.text"]], of: batch) }
    let seed = ComfyWorkflows.generate.replacing(
      "\"seed\": 5", with: "\"seed\": 18446744073709551615")
    #expect(throws: ImagineError.self) { try workflow(["prompt": ["6.text"]], of: seed) }
    #expect(throws: Never.self) { try workflow(["seed": ["3.seed"]], of: seed) }
    let error = #expect(throws: ImagineError.self) {
      try workflow([:], of: ComfyWorkflows.upscale, for: .upscale)
    }
    #expect(error?.field == "inputs.image")
    let two = ComfyWorkflows.generate.replacing("PreviewAny", with: "SaveImage")
      .replacing("\"source\":", with: "\"filename_prefix\": \"b\", \"images\":")
    #expect(throws: ImagineError.self) { try workflow([:], of: two) }
    #expect(
      try workflow([:], of: two, output: "12").graph.nodes.keys.sorted() == ["11", "12", "4"])
  }

  @Test("a changed file, mapping or output is another call")
  func identity() throws {
    func id(_ text: String, _ inputs: [String: [String]]) throws -> String? {
      try workflow(inputs, of: text).operation.field("workflow")?.hostDefault
    }
    let first = try id(ComfyWorkflows.generate, ["seed": ["3.seed"]])
    #expect(first?.hasPrefix("w.json@") == true)
    #expect(try first == id(ComfyWorkflows.generate + " ", ["seed": ["3.seed"]]))
    #expect(try first != id(ComfyWorkflows.generate, ["steps": ["3.steps"]]))
    let changed = ComfyWorkflows.generate.replacing("euler", with: "dpmpp_2m")
    #expect(try first != id(changed, ["seed": ["3.seed"]]))
    // A node that is not sent makes no difference.
    let other = ComfyWorkflows.generate.replacing("a dog", with: "a cow")
    #expect(try first == id(other, ["seed": ["3.seed"]]))
  }

  @Test(
    "the format of ComfyUI's page is recognised, and other files are refused",
    arguments: [
      (#"{"nodes":[{"id":1,"type":"KSampler"}],"links":[],"version":0.4}"#, "Export (API)"),
      (#"{"workflow":{"nodes":[],"links":[]}}"#, "Export (API)"), ("[]", "is no workflow"),
      ("{}", "is no workflow"), (#"{"1":{"inputs":{}}}"#, "'1' is no node"),
      (#"{"a":"b","1":{"class_type":"X","inputs":{}}}"#, "'a' is no node"),
    ])
  func formats(text: String, words: String) throws {
    let error = #expect(throws: ImagineError.self) { try graph(text) }
    #expect(error?.message.contains(words) == true, "\(String(describing: error))")
  }

  @Test("the body of a request is a workflow too, and a deep or large file is refused")
  func bounds() throws {
    #expect(try graph(#"{"client_id":"x","prompt":\#(ComfyWorkflows.upscale)}"#).nodes.count == 3)
    let deep = #"{"1":{"class_type":"X","inputs":{"a":"# + String(repeating: "[", count: 100_000)
    #expect(throws: ImagineError.self) { try graph(deep) }
    let nodes = (0...ComfyGraph.maxNodes).map { #""\#($0)":{"class_type":"X"}"# }
    #expect(throws: ImagineError.self) { try graph("{\(nodes.joined(separator: ","))}") }
    // Links in a circle are no trouble.
    let circle =
      #"{"1":{"class_type":"X","inputs":{"a":["2",0]}},"2":{"class_type":"Y","inputs":{"a":["1",0]}}}"#
    #expect(try graph(circle).leading(to: "1").nodes.count == 2)
    let found = ComfyInspection(try graph(circle), absolutePath: "/w.json")
    #expect(found.findings.isEmpty)
  }

  @Test("a chain of thousands of nodes, each of which looks like a sampler, is followed once")
  func chain() throws {
    let count = ComfyGraph.maxNodes
    let nodes = (1..<count).map {
      #""\#($0)":{"class_type":"C","inputs":{"positive":["\#($0 - 1)",0],"negative":["\#($0 - 1)",0]}}"#
    }
    let start = #""0":{"class_type":"CLIPTextEncode","inputs":{"text":"a cat"}}"#
    let graph = try graph("{\(start),\(nodes.joined(separator: ","))}")
    let clock = ContinuousClock.now
    let found = ComfyInspection(graph, absolutePath: "/w.json")
    #expect(found.findings.map(\.field) == ["prompt"] && found.output == "\(count - 1)")
    #expect(clock.duration(to: .now) < .seconds(20))
  }

  @Test("an inspection finds prompts by their samplers, seeds, sizes, images and masks")
  func inspection() throws {
    func found(_ text: String) throws -> (String, [String]) {
      let inspection = ComfyInspection(try graph(text), absolutePath: "/w.json")
      return (
        inspection.operation.name,
        inspection.findings.map {
          "\($0.field)=\($0.inputs.map(\.description).joined(separator: "+"))"
        }
      )
    }
    let generate = try found(ComfyWorkflows.generate)
    #expect(generate.0 == "generate")
    #expect(
      generate.1 == [
        "prompt=6.text", "negative_prompt=7.text", "width=5.width", "height=5.height",
        "seed=3.seed", "steps=3.steps", "cfg=3.cfg", "denoise=3.denoise",
      ])
    #expect(
      try found(ComfyWorkflows.fill) == (
        "fill", ["prompt=2.value", "image=10.image", "mask=11.image"]
      ))
    #expect(try found(ComfyWorkflows.upscale) == ("upscale", ["image=1.image"]))
    #expect(try found(ComfyWorkflows.video) == ("video", ["prompt=6.prompt", "seed=6.seed"]))
    // What it prints can be read again.
    let text = ComfyInspection(try graph(ComfyWorkflows.fill), absolutePath: "/a \"b\"\\.json").text
    #expect(text.contains(#"file = "/a \"b\"\\.json""#))
    #expect(
      text.contains(#"inputs = { prompt = "2.value", image = "10.image", mask = "11.image" }"#))
  }
}
