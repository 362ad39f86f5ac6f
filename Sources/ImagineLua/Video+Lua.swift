import ImagineAPI
public import ImagineRuns
public import Lua

extension Video: LuaUserdata {
  public static let luaType = LuaUserdataType<Video>(name: "Video") { type in
    type.property("width") { $0.header.size.width }
    type.property("height") { $0.header.size.height }
    type.property("duration") { $0.header.duration }
    type.property("format") { _ in "mp4" }
    type.property("sha256") { $0.asset.sha256 }
    type.property("job") { $0.job }
    type.property("provider") { $0.provider }
    type.property("thumbnail") { $0.thumbnail }
    type.property("cost") { $0.cost?.luaAmount }
    type.property("cost_unit") { $0.cost?.unit }
    for step in PictureOperation.all where step.owner == .video {
      type.asyncMethod(step.name) { video, call in
        try video.workflow.asyncStep(step, call, argument: 2, base: .asset(video.asset))
      }
    }

    type.asyncMethod("save") { video, call in
      let path = try FilePath(call, 2)
      let overwrite = try SaveOptions.Overwrite(
        Options(call, 3, of: "save", allowed: [SaveField.overwrite.name]))
      try Video.check(path)
      return LuaAsyncCall(whenCancelled: .finishInBackground, purpose: "saving \(path)") {
        try await video.workflow.save(video, to: path, overwrite: overwrite).luaString
      }
    }
    type.asyncMethod("show") { video, call in
      try call.refuseArguments(after: 1, of: "show", allowsIndex: false)
      return video.workflow.showing(video.facts, video.thumbnail)
    }
    type.method("data") { video, call in
      try call.refuseArguments(after: 1, of: "data", allowsIndex: false)
      return try call.results(video.workflow.luaString(of: video.asset, in: call.state))
    }
    type.equality { $0.asset.sha256 == $1.asset.sha256 }
    type.description { video in
      "Video \(video.header.size) \(video.header.duration) s \(video.asset.sha256.prefix(12))"
    }
  }
}
