import ImagineAPI
import ServerStore

/// What a failed attempt at a video means for its job.
enum VideoFailure {
  /// A retry would fail again.
  case permanent(reason: String)
  /// Nobody knows whether an upstream makes the video.
  case uncertain(reason: String)
  /// A retry may succeed.
  case retryable(reason: String)
  /// The server lacks something that every job needs.
  case resourceMissing

  init(_ error: any Error, in directory: DataDirectory) {
    let reason = APIError(error).message
    switch error {
    case UpstreamVideos.Fault.failed(let reason): self = .permanent(reason: reason)
    case UpstreamVideos.Fault.uncertain(let reason): self = .uncertain(reason: reason)
    case UpstreamVideos.Fault.upstreamMissing: self = .resourceMissing
    case let error as ImagineError where error.kind == .io: self = .resourceMissing
    case is StoreUnreachable: self = .resourceMissing
    case _ where !directory.hasFreeSpace: self = .resourceMissing
    case EngineError.resourceMissing: self = .resourceMissing
    case EngineError.failed, EngineError.aborted: self = .retryable(reason: reason)
    case let error as APIError where error.fault == .tooManyRequests: self = .resourceMissing
    case let error as APIError where error.fault.status >= 500: self = .retryable(reason: reason)
    case is EngineError, is APIError, is ImagineError: self = .permanent(reason: reason)
    default: self = .retryable(reason: reason)
    }
  }
}
