/// How much work the service accepts, and its timeouts.
public struct Limits: Sendable {
  /// Bytes of one request's body.
  public var bodyBytes = 32 << 20
  /// Bytes of a JSON body.
  public var jsonBytes = 1 << 20
  /// Bytes of all bodies in memory. One token may use half of them.
  public var bodyBytesInFlight = 512 << 20
  /// Image calls that run at once.
  public var imageThreads: Int
  /// Image calls of one account that wait for a thread. The server refuses more.
  public var imageQueue = 64
  /// Estimated memory of all running image calls, in bytes. The server refuses a call that needs more
  /// by itself.
  public var imageBytes = 4 << 30
  /// Estimated memory of an image, times the number of images, from which a call is large, in bytes:
  /// about two megapixels. Large calls take seconds, and leave a thread to the others.
  public var largeImageBytes = 128 << 20
  /// Seconds that an image call waits for its turn. The server refuses it after that.
  public var turnSeconds = 30.0
  /// Time limit of an image call, in seconds.
  public var imageSeconds = 120.0
  /// Seconds that running image calls have left when the service shuts down.
  public var shutdownSeconds = 30.0
  /// Characters of a prompt.
  public var promptCharacters = 32_000
  /// Bytes of one step's files, which lie on the disk while it is done.
  public var fileBytes = 2 << 30
  /// Bytes of all such files. One token may use half of them.
  public var fileBytesInFlight = 8 << 30
  /// Videos that this server makes at once.
  public var videos = 1
  /// Queued and running videos of all servers on the data directory. The server refuses more.
  public var videoQueue = 200
  /// Time limit of a video, in seconds. Its job fails after that.
  public var videoSeconds = 1800.0
  /// Queued and running videos of one token. The server refuses more.
  public var videosPerAccount = 50
  /// Failed attempts at a video before its job fails.
  public var videoAttempts = 3
  /// Servers that may die during a video before its job fails.
  public var videoCrashes = 25
  /// Faults of an upstream in a row after which no call is sent to it for a while.
  public var upstreamFaults = 5
  /// Seconds of the first such while.
  public var upstreamPauseSeconds = 5.0
  /// Seconds that finished and failed jobs and their videos are kept.
  public var keepSeconds = 30 * 86400.0
  /// Seconds between removals of expired jobs and orphaned folders.
  public var cleanupSeconds = 600.0
  /// Bytes of the images that `/v1` returns by address. The oldest are removed first.
  public var temporaryImageBytes = 2 << 30
  /// Seconds until the tokens come back that a dead server had on hold. Longer than any call.
  public var holdSeconds = 900.0
  /// Seconds that an `Idempotency-Key` is known.
  public var idempotencySeconds = 86400.0
  /// Seconds that the answer to a call with a key is kept.
  public var answerSeconds = 3600.0
  /// Bytes of the kept answers of one account. The oldest are removed first.
  public var answerBytes = 256 << 20
  /// Seconds that charges are kept one by one; then they are added up. Longer than keys are known.
  public var chargeSeconds = 400 * 86400.0
  /// Calls that start work, per token in 60 seconds; nil for no limit. A token's own rate takes
  /// precedence.
  public var callsPerMinute: Int?
  /// Seconds until the address of a video or image expires.
  public var linkSeconds = 3600.0
  /// Seconds until the lease of a dead server expires.
  public var leaseSeconds = 10.0
  /// Seconds between renewals of a lease.
  public var renewSeconds = 3.0
  /// Seconds between looks for jobs of other servers.
  public var pollSeconds = 2.0
  /// Timeout in seconds for a client to send the next 16 kB of a body, and to read the next part of
  /// an answer.
  public var slowClientSeconds = 20.0
  /// Idle timeout of a connection, in seconds.
  public var idleSeconds = 300.0
  /// Open connections. One more replaces an idle connection; if none is idle, it waits to be
  /// accepted.
  public var connections = 2048
  /// Seconds that a client has to read the answer to a request that was not read to its end. Then
  /// the connection is closed.
  public var lingerSeconds = 5.0
  /// Seconds after which the server probes a client that closed its sending side.
  public var probeSeconds = 3.0

  /// - Parameter cores: image calls that run at once.
  public init(cores: Int) {
    imageThreads = max(1, cores)
  }
}
