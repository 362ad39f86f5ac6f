import ImagineAPI
import MediaFiles

/// Checks a request before it is queued for the engine.
struct RequestCheck {
  private let promptCharacters: Int

  init(_ limits: Limits) {
    promptCharacters = limits.promptCharacters
  }

  /// Returns the size of the request's image, if it has one.
  ///
  /// - Throws: ``APIError`` 1100 for a prompt over the limit, for a file that is not an image or
  ///   exceeds the ``PixelBudget``, and for a mask whose size differs from the image's.
  @discardableResult
  func check(_ request: ImagineAPI.Request) throws(APIError) -> PixelSize? {
    try checkPrompt(request.prompt)
    var sizes: [String: PixelSize] = [:]
    for field in request.operation.fields {
      guard case .bytes(let bytes)? = request.image(field.name) else { continue }
      guard let header = ImageHeader(bytes) else {
        throw .invalid(
          "field '\(field.wireName)': the file is not an image (expected \(ImageHeader.expectation))",
          field: field.wireName)
      }
      if let fault = PixelBudget.fault(of: header.size) {
        throw .invalid("field '\(field.wireName)': \(fault)", field: field.wireName)
      }
      sizes[field.name] = header.size
    }
    if let image = sizes["image"], let mask = sizes["mask"], image != mask {
      throw .invalid(
        "field 'mask': the mask has \(mask) pixels, but the image has \(image)", field: "mask")
    }
    return sizes["image"]
  }

  private func checkPrompt(_ prompt: String?) throws(APIError) {
    // Counting bytes takes constant time, counting characters does not.
    guard let prompt, prompt.utf8.count > promptCharacters else { return }
    let isTooLong =
      prompt.utf8.count > 4 * promptCharacters || prompt.unicodeScalars.count > promptCharacters
    if isTooLong {
      throw .invalid(
        "field 'prompt': it is too long (at most \(promptCharacters) characters)",
        field: "prompt")
    }
  }
}
