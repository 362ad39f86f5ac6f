import ImagineCore
import Lua
import Synchronization

/// A wait for a job's video, question by question.
final class JobWatch: Sendable {
  let job: Job
  let began = ContinuousClock.now
  /// Of the whole wait: questions, pauses and the download.
  let deadline: Deadline
  private let state: Mutex<State>

  private struct State {
    var questions = 0
    var isLastAsked = false
    var lastTold: Standing?
  }

  /// What somebody who watches a job sees of it.
  private struct Standing: Equatable {
    let state: JobState
    let progress: Double?
  }

  /// - Parameters:
  ///   - deadline: until when is waited.
  ///   - isNew: whether what the job says of itself has not been told to anybody yet.
  init(_ job: Job, by deadline: Deadline, isNew: Bool = false) {
    self.job = job
    self.deadline = deadline
    state = Mutex(State(lastTold: isNew ? nil : Self.standing(of: job)))
  }

  /// How often the service was asked.
  var questions: Int { state.withLock { $0.questions } }

  func asked() { state.withLock { $0.questions += 1 } }

  /// How the job's provider is asked: within the deadline, and once, since the wait asks again
  /// itself.
  var question: CallOptions {
    var options = CallOptions(retry: RetryPolicy(retries: 0))
    options.deadline = deadline
    return options
  }

  /// Seconds until the next question; nil where none is left, and the wait is over at its deadline.
  ///
  /// The last question comes shortly before the deadline, so that it can be answered, and a job that
  /// is done by then is not missed.
  ///
  /// - Parameter asked: how long the service asked to wait, in seconds.
  func nextPause(asked: Double? = nil) -> Double? {
    let pause = max(job.provider.polling.pause(after: questions), asked ?? 0)
    return state.withLock { state in
      let last = deadline.left - min(0.5, deadline.seconds / 4)
      if pause < last { return pause }
      guard !state.isLastAsked, (asked ?? 0) <= last else { return nil }
      state.isLastAsked = true
      return max(0, last)
    }
  }

  /// The job did not end in time.
  var overdue: ImagineError {
    let word = job.status.word.map { "; the service says '\($0)'" } ?? ""
    return ImagineError(
      .timeout,
      "the job \(job.id) was not finished within \(deadline.seconds) seconds\(word); it goes on",
      retryable: true, job: job.id)
  }

  /// Whether the job's state or progress is another than at the last call.
  func hasMoved() -> Bool {
    let now = Self.standing(of: job)
    return state.withLock { state in
      defer { state.lastTold = now }
      return state.lastTold != now
    }
  }

  private static func standing(of job: Job) -> Standing {
    let status = job.status
    return Standing(state: status.state, progress: status.progress)
  }
}

extension JobWatch: LuaUserdata {
  static let luaType = LuaUserdataType<JobWatch>(name: "imagine.watch") { _ in }
}

extension JobWatch {
  /// `wait`, as a function of the module or a method of a job.
  ///
  /// It is written in Lua, so that `on_progress` runs where the script waits: it may wait itself,
  /// and its errors are the script's.
  ///
  /// - Parameter provider: the one whose function it is; nil for the one that issued a job's id.
  static func function(
    in state: LuaState, _ session: Session, provider: (any Provider)? = nil
  ) throws -> LuaFunction {
    let begin = LuaNativeFunction.async { call in
      let options = try Options(
        call, 2, of: "wait", allowed: ["provider", "timeout", "on_progress"])
      let subject = try JobSubject(call, 1, session.provider(in: options) ?? provider)
      let timeout = try options.timeout ?? Job.standardTimeout
      let onProgress = try options.function("on_progress")
      let deadline = Deadline(in: timeout)
      return LuaAsyncCall(purpose: "the job \(subject.id)") {
        switch subject {
        case .job(let job): JobWatch(job, by: deadline)
        case .id(let id, let provider):
          JobWatch(
            try await session.job(id: id, provider: provider, by: deadline), by: deadline,
            isNew: true)
        }
      } completion: { state, watch in
        try state.results(watch, onProgress.map(LuaValue.function) ?? .nil)
      }
    }
    let proceed = LuaNativeFunction.async { call in
      let watch = try call.userdata(1, JobWatch.luaType)
      return LuaAsyncCall(purpose: "the job \(watch.job.id)") {
        try await session.proceed(watch)
      } completion: { state, video in
        try state.results(video, watch.job)
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
      local watch, on_progress = begin(...)
      while true do
        local video, job = proceed(watch)
        if video then return video end
        if on_progress then on_progress(job) end
      end
    end
    """
}

/// What `status`, `wait` and `delete` are asked about: a Job, or an id.
enum JobSubject: Sendable {
  case job(Job)
  case id(String, provider: (any Provider)?)

  init(_ call: borrowing LuaCall, _ index: Int, _ provider: (any Provider)?) throws {
    try DescriptorCheck.run()
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

  /// The job, as the service has it now.
  func current(in session: Session) async throws -> Job {
    switch self {
    case .job(let job):
      try await job.refresh()
      return job
    case .id(let id, let provider): return try await session.job(id: id, provider: provider)
    }
  }

  func delete(in session: Session) async throws {
    switch self {
    case .job(let job): try await session.delete(id: job.id, provider: job.provider)
    case .id(let id, let provider): try await session.delete(id: id, provider: provider)
    }
  }
}
