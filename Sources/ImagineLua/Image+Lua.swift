import ImagineAPI
public import ImagineRuns
public import Lua
import MediaFiles

extension Image: LuaUserdata {
  public static let luaType = LuaUserdataType<Image>(name: "Image") { type in
    type.property("width") { $0.header.size.width }
    type.property("height") { $0.header.size.height }
    type.property("format") { $0.header.format.rawValue }
    type.property("sha256") { $0.asset.sha256 }
    type.property("seed") { $0.metadata?.seed }
    type.property("style") { $0.metadata?.style }
    type.property("prompt") { $0.metadata?.prompt }
    type.property("cost") { $0.cost?.luaAmount }
    type.property("cost_unit") { $0.cost?.unit }
    type.property("provider") { $0.metadata?.provider }
    type.property("confidence") { $0.confidence }
    type.property("drift") { $0.drift }
    type.property("original") { $0.original }

    type.asyncMethod("save") { image, call in
      let path = try FilePath(call, 2)
      let options = try SaveOptions(call, 3)
      return LuaAsyncCall(whenCancelled: .finishInBackground, purpose: "saving \(path)") {
        try await image.workflow.save(image, to: path, options).luaString
      }
    }
    type.asyncMethod("show") { image, call in
      try call.refuseArguments(after: 1, of: "show", allowsIndex: false)
      return image.workflow.showing(image.facts, image)
    }
    type.method("data") { image, call in
      try call.refuseArguments(after: 1, of: "data", allowsIndex: false)
      return try call.results(image.workflow.luaString(of: image.asset, in: call.state))
    }
    type.asyncMethod("convert") { image, call in
      let conversion = try Conversion(call, 2, standard: image.header.format)
      return LuaAsyncCall(purpose: "a conversion") {
        try await image.workflow.convert(image, to: conversion)
      }
    }
    for step in PictureOperation.all where step.owner == .image {
      type.asyncMethod(step.name) { image, call in
        try image.workflow.asyncStep(step, call, argument: 2, image: image)
      }
    }
    for operation in MediaOperation.all where operation.field("image") != nil {
      type.asyncMethod(operation.name) { image, call in
        try image.workflow.asyncCall(of: operation.name, call, argument: 2, image: image)
      }
    }
    type.equality { $0.asset.sha256 == $1.asset.sha256 }
    type.description { image in
      let size = image.header.size
      return "Image \(size) \(image.header.format.rawValue) \(image.asset.sha256.prefix(12))"
    }
  }
}

extension Conversion {
  /// Reads the fields of ``ConversionField``.
  ///
  /// - Parameter standard: the image's own format.
  fileprivate init(_ call: borrowing LuaCall, _ index: Int, standard: ImageFormat) throws {
    let options = try Options(
      call, index, of: MediaOperation.convert.name, allowed: ConversionField.all.map(\.name))
    var values: [String: Value] = [:]
    for field in ConversionField.all {
      values[field.name] = try options.value(of: field) { argument in
        // A format may also be a file name extension: jpg, tif.
        guard field.name == ConversionField.format.name, case .text(let name) = argument,
          let format = ImageFormat(pathExtension: name)
        else { return argument }
        return .text(format.rawValue)
      }
    }
    self.init(values, format: ImageFormat.writable.contains(standard) ? standard : .png)
  }
}
