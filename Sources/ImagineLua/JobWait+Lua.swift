import ImagineAPI
import ImagineRuns
import ImagineSystem
import Lua

extension JobWait: LuaUserdata {
  static let luaType = LuaUserdataType<JobWait>(name: "imagine.watch") { _ in }
}

extension JobWait {
  /// Makes the method `wait` of jobs.
  static func method(in state: LuaState) throws -> LuaFunction {
    try function(in: state, provider: nil) { call in
      try call.userdata(1, Job.luaType).workflow
    }
  }

  /// Makes the function `wait` of the module or of a client.
  ///
  /// - Parameter provider: the provider of the client; nil for the one that issued the job's id.
  static func function(
    in state: LuaState, _ workflow: Workflow, provider: (any Provider)? = nil
  ) throws -> LuaFunction {
    try function(in: state, provider: provider) { _ in workflow }
  }

  ///
  /// The loop is written in Lua, so that `on_progress` runs in the waiting task: it may wait
  /// itself, and its errors are the script's.
  private static func function(
    in state: LuaState, provider: (any Provider)?,
    workflow: @escaping @Sendable (borrowing LuaCall) throws -> Workflow
  ) throws -> LuaFunction {
    let begin = LuaNativeFunction.async { call in
      let workflow = try workflow(call)
      let options = try Options(
        call, 2, of: "wait", allowed: WaitField.all.map(\.name))
      let subject = try JobReference(call, 1, workflow.provider(in: options) ?? provider)
      let timeout = try options.value(of: WaitField.timeout)?.double ?? StandardTimeout.wait
      let onProgress = try options.function(WaitField.onProgress.name)
      let deadline = Deadline(in: timeout)
      return LuaAsyncCall(purpose: "the job \(subject.id)") {
        switch subject {
        case .job(let job): JobWait(job, by: deadline)
        case .id(let id, let provider):
          JobWait(
            try await workflow.job(id: id, provider: provider, by: deadline), by: deadline,
            isUnreported: true)
        }
      } completion: { state, wait in
        try state.results(wait, onProgress.map(LuaValue.function) ?? .nil)
      }
    }
    let proceed = LuaNativeFunction.async { call in
      let wait = try call.userdata(1, JobWait.luaType)
      return LuaAsyncCall(purpose: "the job \(wait.job.id)") {
        try await wait.job.workflow.proceed(wait)
      } completion: { state, video in
        try state.results(video, wait.job)
      }
    }
    let results = try state.load(source, name: ImagineModule.chunkName).call(begin, proceed)
    guard case .function(let function)? = results.first else {
      throw LuaError("no function 'wait'")
    }
    return function
  }

  private static let source = """
    local begin, proceed = ...
    return function(...)
      local wait, on_progress = begin(...)
      while true do
        local video, job = proceed(wait)
        if video then return video end
        if on_progress then on_progress(job) end
      end
    end
    """
}

/// The argument of `status`, `wait` and `delete`: a Job, or an id.
enum JobReference: Sendable {
  case job(Job)
  case id(String, provider: (any Provider)?)

  init(_ call: borrowing LuaCall, _ index: Int, _ provider: (any Provider)?) throws {
    try ProcessLimits.checkBeforeFirstCall()
    if let job = call.userdataIfPresent(index, Job.luaType) {
      self = .job(job)
    } else if call.type(index) == .string || call.type(index) == .number {
      self = .id(try call.string(index), provider: provider)
    } else {
      throw LuaArgumentError(index, expected: "Job or id")
    }
  }

  var id: String {
    switch self {
    case .job(let job): job.id
    case .id(let id, _): id
    }
  }

  /// The job with its current status.
  func current(in workflow: Workflow) async throws -> Job {
    switch self {
    case .job(let job):
      try await job.refresh()
      return job
    case .id(let id, let provider): return try await workflow.job(id: id, provider: provider)
    }
  }

  func delete(in workflow: Workflow) async throws {
    switch self {
    case .job(let job): try await job.delete()
    case .id(let id, let provider): try await workflow.delete(id: id, provider: provider)
    }
  }
}
