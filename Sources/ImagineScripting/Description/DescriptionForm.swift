import ImagineAPI

/// All descriptions as values for JSON.
public struct DescriptionForm: Encodable, Sendable {
  struct FieldForm: Encodable {
    var name: String
    var type: String
    var required: Bool
    var `default`: String?
    var minimum: Double?
    var maximum: Double?
    var allowed: [String]?
    /// Whether names other than those in `allowed` are taken.
    var takesOtherNames: Bool?
    var unit: String?
    var summary: String

    init(_ field: Field) {
      name = field.name
      type = field.typeName
      required = field.isRequired
      `default` = field.standard
      unit = field.unit
      summary = field.summary
      switch field.kind {
      case .choice(let names): allowed = names
      case .openChoice(let names): (allowed, takesOtherNames) = (names, true)
      case .integer(let range):
        minimum = Double(range.lowerBound)
        maximum = range.upperBound == .max ? nil : Double(range.upperBound)
      case .number(let range): (minimum, maximum) = (range.lowerBound, range.upperBound)
      case .length(let range):
        minimum = Double(range.lowerBound)
        maximum = Double(range.upperBound)
      case .text, .flag, .image, .images, .video, .audio, .seconds, .color, .margins, .table,
        .entries, .texts, .other:
        break
      }
    }
  }

  struct GroupForm: Encodable {
    var title: String
    var fields: [FieldForm]
  }

  struct PriceForm: Encodable {
    var provider: String
    var prices: [String]
  }

  struct TopicForm: Encodable {
    var name: String
    var endpoint: String?
    var signatures: [String]
    var returns: String
    var summary: String
    var groups: [GroupForm]
    var prices: [PriceForm]
    var example: String
    var seeAlso: [String]

    init(_ topic: HelpTopic) {
      name = topic.name
      endpoint = topic.endpoint
      signatures = topic.signatures
      returns = topic.result
      summary = topic.summary
      groups = topic.groups.map {
        GroupForm(title: $0.title, fields: $0.fields.map(FieldForm.init))
      }
      prices = topic.prices.map { PriceForm(provider: $0.provider, prices: $0.texts) }
      example = topic.example
      seeAlso = topic.seeAlso
    }
  }

  struct ProviderForm: Encodable {
    var name: String
    var kind: String
    var summary: String
    var address: String?
    var addressVariable: String?
    var tokenVariable: String?
    var settings: [String]
    var operations: [String]

    init(_ provider: BuiltInProvider) {
      name = provider.name
      kind = provider.kind.rawValue
      summary = provider.summary
      address = provider.address
      addressVariable = provider.addressVariable
      tokenVariable = provider.tokenVariable
      settings = provider.settings
      operations = provider.operations.map(\.name)
    }
  }

  struct RatioForm: Encodable {
    var name: String
    /// Width x height in pixels, from the built-in engine.
    var imageSize: String
    /// Nil if no video has the aspect ratio.
    var videoSize: String?
  }

  struct NamedForm: Encodable {
    var name: String
    var summary: String
  }

  var topics = HelpTopic.all().map(TopicForm.init)
  var providers = BuiltInProvider.allCases.map(ProviderForm.init)
  var aspectRatios = AspectRatio.allCases.map { ratio in
    RatioForm(
      name: ratio.rawValue, imageSize: ratio.pixelSize.description,
      videoSize: AspectRatio.video.contains(ratio) ? ratio.videoSize.description : nil)
  }
  var styles = ImageStyle.allCases.map { NamedForm(name: $0.rawValue, summary: $0.summary) }
  var errors = ImagineError.Kind.allCases.map {
    NamedForm(name: $0.rawValue, summary: $0.summary)
  }

  /// The descriptions of this version.
  public init() {}
}
