import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The body of a call in the form of the A1111 API. Only what the call gives is sent, and what its
/// operation means.
struct SDAPIBody {
  /// The path below the base URL.
  private(set) var path: String
  private var fields: [String: Value] = [:]

  private let request: Request
  private let service: SDAPIService
  private let context: CallContext

  /// - Parameters:
  ///   - model: as the server writes it; nil for the one that it has loaded.
  ///   - upscaler: as the server writes it; nil for a call that takes none.
  ///   - task: the id by which the server is asked for the progress; nil if it takes none.
  /// - Throws: ``ImagineError`` if a size is not possible, or an input image cannot be read.
  init(
    _ request: Request, _ service: SDAPIService, model: String?, upscaler: String?,
    task: String?, _ context: CallContext
  ) throws(ImagineError) {
    self.request = request
    self.service = service
    self.context = context
    path = request.operation.path
    for field in request.operation.fields where !Self.ownFields.contains(field.name) {
      if let value = request[field.name] { fields[field.wireName] = value }
    }
    if request.operation.name == MediaOperation.upscale.name {
      fields["image"] = try content("image").map(Value.text)
      fields["upscaler_1"] = upscaler.map(Value.text)
    } else {
      try makePainting(model, task)
    }
    for name in Self.countingFields where request.extra[name] != nil {
      throw .invalid(
        field: "extra.\(name)", given: "a number of images",
        expected: "n in the call, which is counted, and `batch` of the provider")
    }
    // Before what the host chose, but never before a field of the call.
    fields.merge(request.extra) { $1 }
    if let model, service.dialect == .a1111 {
      var settings = request.extra["override_settings"]?.table ?? [:]
      settings["sd_model_checkpoint"] = .text(model)
      fields["override_settings"] = .table(settings)
    }
  }

  /// Fields that are not sent as they are.
  private static let ownFields = ["width", "height", "aspect_ratio", "model", "upscaler"]

  /// How many images a server makes.
  private static let countingFields = ["batch_size", "n_iter"]

  var bytes: [UInt8] { Array(Value.table(fields).json.utf8) }

  private mutating func makePainting(_ model: String?, _ task: String?) throws(ImagineError) {
    if let task { fields["force_task_id"] = .text(task) }
    if let model {
      switch service.dialect {
      // The model stays loaded: the next call most likely names the same one.
      case .a1111: fields["override_settings_restore_afterwards"] = false
      case .drawthings: fields["model"] = .text(model)
      case .sdcpp: break
      }
    }
    if request.count > 1 {
      let rounds =
        service.dialect == .sdcpp ? (request.count, 1) : service.rounds(of: request.count)
      fields["batch_size"] = .integer(Int64(rounds.0))
      if rounds.1 > 1 { fields["n_iter"] = .integer(Int64(rounds.1)) }
    }
    guard let image = try content("image") else {
      set(try service.size(of: request, from: nil))
      return
    }
    path = "/sdapi/v1/img2img"
    fields["init_images"] = .list([.text(image)])
    if let mask = try content("mask") {
      fields["mask"] = .text(mask)
      try makeMasked()
    } else {
      set(try service.size(of: request, from: sizeOfImage))
    }
  }

  private mutating func makeMasked() throws(ImagineError) {
    let words = service.dialect == .sdcpp ? "the surroundings, continued" : ""
    fields["prompt"] = fields["prompt"] ?? .text(words)
    fields["inpainting_fill"] = .integer(Self.filling(request.operation))
    guard let size = sizeOfImage else { return }
    switch try service.area(ofImage: size) {
    case .whole:
      set(size)
      fields["inpaint_full_res"] = false
    case .part(let size):
      set(size)
      fields["inpaint_full_res"] = true
      fields["inpaint_full_res_padding"] = 64
    }
  }

  /// What is under the mask at first: 0 the colours beside it, 1 the image, 2 noise.
  private static func filling(_ operation: MediaOperation) -> Int64 {
    switch operation.name {
    case MediaOperation.fill.name: 1
    case MediaOperation.addBackground.name: 2
    default: 0
    }
  }

  private mutating func set(_ size: PixelSize?) {
    guard let size else { return }
    fields["width"] = .integer(Int64(size.width))
    fields["height"] = .integer(Int64(size.height))
  }

  private func input(_ field: String) -> ImageInput? {
    context.images(field, of: request).first
  }

  private var sizeOfImage: PixelSize? {
    guard case .asset(let asset)? = input("image") else { return nil }
    return asset.header?.size
  }

  /// An image in base64, without the prefix of a data URL, which some builds refuse.
  private func content(_ field: String) throws(ImagineError) -> String? {
    guard let input = input(field) else { return nil }
    return Data(try input.content(from: context.store, field: field)).base64EncodedString()
  }
}
