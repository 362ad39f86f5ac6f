public import ImagineAPI

/// The operations, for Swift programs. Fields have the names of scripts.
///
/// ```swift
/// let boat = try await workflow.generate("a red boat", ["style": "anime", "seed": 7])
/// let job = try await boat.removeBackground().animate("the boat sails away")
/// try await job.wait().save(to: "boat.mp4")
/// ```
///
/// All functions throw ``ImagineError``, and `CancellationError` as ``PreparedCall/value()`` says.
extension Workflow {
  /// The images of a call of any operation that makes images.
  public func images(_ call: Call) async throws -> [Image] {
    guard case .images(let images) = try await prepare(call).value() else {
      throw ImagineError(
        .validation, "\(call.operation) makes a video and returns a job", field: "operation")
    }
    return images
  }

  /// The job of a call of any operation that makes a video.
  public func job(_ call: Call) async throws -> Job {
    guard case .job(let job) = try await prepare(call).value() else {
      throw ImagineError(
        .validation, "\(call.operation) makes images and returns no job", field: "operation")
    }
    return job
  }

  func image(_ call: Call) async throws -> Image {
    guard let image = try await images(call).first else {
      throw ImagineError(.badResponse, "\(call.operation): the answer holds no image")
    }
    return image
  }

  /// Generates an image from a prompt.
  public func generate(
    _ prompt: String, _ fields: [String: Value] = [:], in scope: BudgetScope? = nil
  ) async throws -> Image {
    try await image(Call("generate", fields.with("prompt", prompt), in: scope))
  }

  /// Generates a subject on a transparent background.
  public func png(
    _ prompt: String, _ fields: [String: Value] = [:], in scope: BudgetScope? = nil
  ) async throws -> Image {
    try await image(Call("png", fields.with("prompt", prompt), in: scope))
  }

  /// Generates a video from a prompt.
  public func video(
    _ prompt: String, _ fields: [String: Value] = [:], in scope: BudgetScope? = nil
  ) async throws -> Job {
    try await job(Call("video", fields.with("prompt", prompt), in: scope))
  }
}

extension Image {
  /// The image as the input of a call.
  public var input: ImageInput { .asset(asset) }

  private func edited(
    _ operation: String, _ fields: [String: Value], mask: Image? = nil, in scope: BudgetScope?
  ) async throws -> Image {
    try await workflow.image(call(operation, fields, mask: mask, in: scope))
  }

  private func call(
    _ operation: String, _ fields: [String: Value], mask: Image? = nil, in scope: BudgetScope?
  ) -> Call {
    var call = Call(operation, fields, images: ["image": [input]], in: scope)
    if let mask { call.images["mask"] = [mask.input] }
    return call
  }

  /// Cuts out the subject.
  public func removeBackground(
    _ fields: [String: Value] = [:], in scope: BudgetScope? = nil
  ) async throws -> Image {
    try await edited("remove_background", fields, in: scope)
  }

  /// Doubles width and height.
  public func upscale(
    _ fields: [String: Value] = [:], in scope: BudgetScope? = nil
  ) async throws -> Image {
    try await edited("upscale", fields, in: scope)
  }

  /// Generates what the prompt says where the mask is white.
  public func fill(
    _ prompt: String, _ fields: [String: Value] = [:], mask: Image, in scope: BudgetScope? = nil
  ) async throws -> Image {
    try await edited("fill", fields.with("prompt", prompt), mask: mask, in: scope)
  }

  /// Removes what the mask covers in white.
  public func retouch(
    _ fields: [String: Value] = [:], mask: Image, in scope: BudgetScope? = nil
  ) async throws -> Image {
    try await edited("retouch", fields, mask: mask, in: scope)
  }

  /// Changes the aspect ratio without stretching.
  ///
  /// - Parameter fields: `aspect_ratio`, and `prompt` for areas that are added.
  public func resize(
    _ fields: [String: Value], mask: Image? = nil, in scope: BudgetScope? = nil
  ) async throws -> Image {
    try await edited("resize", fields, mask: mask, in: scope)
  }

  /// Generates a background for a cut-out subject.
  public func addBackground(
    _ prompt: String, _ fields: [String: Value] = [:], in scope: BudgetScope? = nil
  ) async throws -> Image {
    try await edited("add_background", fields.with("prompt", prompt), in: scope)
  }

  /// Generates a video that begins with the image.
  public func animate(
    _ prompt: String, _ fields: [String: Value] = [:], in scope: BudgetScope? = nil
  ) async throws -> Job {
    try await workflow.job(call("animate", fields.with("prompt", prompt), in: scope))
  }

  /// The image in another format or size; costs nothing.
  public func converted(to conversion: Conversion) async throws -> Image {
    try await workflow.convert(self, to: conversion)
  }

  /// Saves the image in the format of the path's extension.
  ///
  /// - Returns: the path of the file, which ``SaveOptions/Overwrite/number`` may have changed.
  @discardableResult
  public func save(
    to path: FilePath, _ options: SaveOptions = SaveOptions()
  ) async throws -> FilePath {
    try await workflow.save(self, to: path, options)
  }

  /// The encoded bytes.
  public func content() throws -> [UInt8] { try workflow.content(of: asset) }
}

extension Video {
  /// Saves the video as an MP4.
  ///
  /// - Parameter replacing: whether an existing file may be replaced.
  public func save(to path: FilePath, replacing: Bool = true) async throws {
    try Video.check(path)
    try await workflow.save(self, to: path, overwrite: replacing ? .replace : .refuse)
  }

  /// The encoded bytes.
  public func content() throws -> [UInt8] { try workflow.content(of: asset) }
}

extension [String: Value] {
  fileprivate func with(_ name: String, _ text: String) -> [String: Value] {
    merging([name: .text(text)]) { $1 }
  }
}
