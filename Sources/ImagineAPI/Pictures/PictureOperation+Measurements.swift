/// Steps that return numbers: what is in the pixels.
extension PictureOperation {
  static let measurements = [measure, difference]

  public static let measure = PictureOperation(
    "measure", numbers: ["brightness", "contrast", "saturation", "sharpness", "opacity"],
    summary: "measures an image: brightness, contrast, saturation, sharpness and opacity",
    output: "a table of brightness, contrast, saturation, sharpness and opacity, each 0 … 1",
    fields: [],
    example: """
      local photo = imagine.open("photo.png")
      if photo:measure().brightness < 0.3 then photo = photo:adjust{ brightness = 30 } end
      photo:save("brighter.png")
      """,
    seeAlso: ["difference", "adjust"]
  ) { arguments in (.measure, arguments.base) }

  public static let difference = PictureOperation(
    "difference", numbers: ["mean", "max", "changed"],
    summary: "compares an image with another of its size",
    output: "a table of mean and max, how far channels differ, and changed, the share of pixels"
      + " that do, each 0 … 1",
    fields: [Field("image", .image, .required, summary: "the other image")],
    example: """
      local photo = imagine.open("photo.png")
      photo:save("photo.jpg", { quality = 80 })
      print(photo:difference("photo.jpg").mean)
      """,
    seeAlso: ["measure"]
  ) { arguments throws(ImagineError) in
    let other = arguments.sizes["image"]?.first ?? arguments.base
    guard other == arguments.base else {
      throw arguments.invalid(
        "image", "an image of \(other) pixels", "the other image's size, \(arguments.base)")
    }
    return (.difference, other)
  }
}
