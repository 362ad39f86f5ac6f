import ImagineCore
import Lua
import Synchronization

/// A job in a script: its id, and what the service last said of it.
final class Job: Sendable {
  let id: String
  let provider: any Provider
  let session: Session
  /// The call that it came from, where that was made in this run.
  let call: OpenCall?
  private let latest: Mutex<JobStatus>

  init(status: JobStatus, provider: any Provider, session: Session, call: OpenCall?) {
    id = status.id
    self.provider = provider
    self.session = session
    self.call = call
    latest = Mutex(status)
  }

  var status: JobStatus { latest.withLock { $0 } }

  /// Asks the service.
  func refresh(_ options: CallOptions = CallOptions()) async throws {
    let status = try await provider.status(of: id, options: options)
    latest.withLock { $0 = status }
  }

  /// How long `wait` waits where a script does not say, in seconds.
  static let standardTimeout = 1800.0
}

extension Job: LuaUserdata {
  static let luaType = LuaUserdataType<Job>(name: "Job") { type in
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
    type.computedProperty("wait") { job, state in
      .function(try JobWatch.function(in: state, job.session))
    }
    type.asyncMethod("delete") { job, call in
      try call.refuseArguments(after: 1, of: "delete", allowsIndex: false)
      return LuaAsyncCall(whenCancelled: .finishInBackground, purpose: "the job \(job.id)") {
        try await job.session.delete(id: job.id, provider: job.provider)
        return true
      }
    }
    type.equality { $0.id == $1.id && $0.provider.name == $1.provider.name }
    type.description { "Job \($0.id) \($0.status.state.rawValue)" }
  }
}
