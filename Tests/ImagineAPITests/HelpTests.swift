import ImagineAPI
import Testing

@Suite("The help is made from the descriptions")
struct HelpTests {
  @Test("every operation and function has a topic with a summary, fields and an example")
  func topics() {
    #expect(HelpTopic.names.starts(with: MediaOperation.all.map(\.name)))
    #expect(Set(HelpTopic.names).count == HelpTopic.names.count)
    for topic in HelpTopic.all() {
      #expect(!topic.summary.isEmpty && !topic.groups.isEmpty && !topic.example.isEmpty)
      for name in topic.seeAlso { #expect(HelpTopic.named(name) != nil, "\(topic.name): \(name)") }
      let lines = topic.text.split(separator: "\n")
      for field in topic.groups.flatMap(\.fields) {
        #expect(lines.contains { $0.hasPrefix("  \(field.name) ") }, "\(topic.name) \(field.name)")
      }
    }
  }

  @Test("the help of an operation has signature, types, defaults, allowed values and prices")
  func operation() throws {
    let topic = try #require(HelpTopic.named("generate"))
    let text = topic.text
    let fields = MediaOperation.generate.fields.map { "\($0.name) = …" }
    #expect(topic.signatures.first == "imagine.generate{ \(fields.joined(separator: ", ")) }")
    for line in [
      "imagine.generate{ prompt = …, style = …",
      "imagine.generate(prompt)",
      "  prompt              what to generate, in words",
      "                      (text; required)",
      "(integer: at least 1)",
      "(name: 1:1, 3:2, 4:3, 3:4, 16:9, 9:16; 1:1 by default)",
      "Fields at providers of the kind openai:",
      "                      (number: 0 … 100)",
      "                      (integer: 1 … 100)",
      "                      (number, in seconds: above 0; 120 by default)",
      "  local               0 tokens",
      "  imagine             1 tokens: imagine-turbo",
      "See also: png, video, upscale",
    ] {
      #expect(text.contains(line), "\(line)\n\(text)")
    }
    for line in text.split(separator: "\n") where !line.hasPrefix("imagine.") {
      #expect(line.count <= 100, "\(line)")
    }
  }

  @Test(
    "a topic is found by the ways to write it",
    arguments: ["imagine.remove_background", "remove-background", "image:remove_background"])
  func spelling(name: String) {
    #expect(HelpTopic.named(name)?.name == "remove_background")
  }

  @Test("prices are those of the given providers")
  func prices() throws {
    let prices = try PriceList(
      ["generate": 0.02, "generate.anime": 0.03], unit: "USD", of: MediaOperation.all)
    let profile = ProviderProfile(
      name: "studio", kind: "imagine", operations: MediaOperation.all, prices: prices)
    let topic = try #require(HelpTopic.named("generate", profiles: [profile]))
    #expect(topic.prices.map(\.provider) == ["studio"])
    #expect(topic.prices.first?.texts == ["0.02 USD", "0.03 USD: anime"])
  }

  @Test("the services' own bounds are within those of scripts")
  func serverBounds() throws {
    let script = MediaOperation.openAIGenerate(model: nil)
    for name in ["guidance_scale", "num_inference_steps"] {
      let field = try #require(MediaOperation.openAIImages.field(name))
      #expect(field.allowedText == script.field(name)?.allowedText)
    }
    let count = try #require(MediaOperation.openAIImages.field("n"))
    guard case .integer(let own) = count.kind, case .integer(let all) = CallField.count.kind else {
      Issue.record("n is no integer")
      return
    }
    #expect(all.contains(own.lowerBound) && all.contains(own.upperBound))
  }

  @Test(
    "a timeout is a number of seconds above 0; infinity means no limit",
    arguments: [
      (Value.integer(3), 3.0), (.text("2.5"), 2.5), (.number(.infinity), 1e9),
    ])
  func seconds(given: Value, expected: Double) throws {
    #expect(try CallField.timeout.value(of: given).double == expected)
  }

  @Test(
    "any other timeout is refused with the field and what is expected",
    arguments: [
      Value.integer(0), .number(-1), .number(.nan), .text("soon"), .flag(true),
    ])
  func notSeconds(given: Value) {
    let error = #expect(throws: ImagineError.self) { try CallField.timeout.value(of: given) }
    #expect(error?.field == "timeout")
    #expect(error?.message.contains("a number of seconds above 0") == true)
  }
}
