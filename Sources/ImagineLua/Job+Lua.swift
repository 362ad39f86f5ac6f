import ImagineAPI
public import ImagineRuns
public import Lua

extension Job: LuaUserdata {
  public static let luaType = LuaUserdataType<Job>(name: "Job") { type in
    type.property("id") { $0.id }
    type.property("status") { $0.status.state.rawValue }
    type.property("created_at") { $0.status.createdAt }
    type.property("url") { $0.status.videoAddress }
    type.property("progress") { $0.status.progress }
    type.property("provider") { $0.provider.name }

    type.asyncMethod("refresh") { job, call in
      try call.refuseArguments(after: 1, of: "refresh", allowsIndex: false)
      return LuaAsyncCall(purpose: "the job \(job.id)") {
        try await job.refresh()
        return job
      }
    }
    type.method("wait") { try JobWait.method(in: $0) }
    type.asyncMethod("delete") { job, call in
      try call.refuseArguments(after: 1, of: "delete", allowsIndex: false)
      return LuaAsyncCall(whenCancelled: .finishInBackground, purpose: "the job \(job.id)") {
        try await job.delete()
        return true
      }
    }
    type.equality { $0.id == $1.id && $0.provider.name == $1.provider.name }
    type.description { "Job \($0.id) \($0.status.state.rawValue)" }
  }
}
