/// How much the service takes on, and for how long it waits.
public struct Limits: Sendable {
  /// Bytes of one request's body.
  public var bodyBytes = 32 << 20
  /// Bytes of a JSON body.
  public var jsonBytes = 1 << 20
  /// Bytes of all bodies that are being read or worked on at once. One token may take half of them.
  public var bodyBytesInFlight = 512 << 20
  /// Image calls worked on at once.
  public var imageThreads: Int
  /// Image calls of one account that wait for a thread; one more is refused.
  public var imageQueue = 64
  /// Bytes of memory of all image calls that are worked on at once, as their operations and sizes
  /// tell; a call that alone needs more is refused.
  public var imageBytes = 4 << 30
  /// Seconds that an image call may be worked on.
  public var imageSeconds = 120.0
  /// Seconds that image calls in work have left when the service shuts down.
  public var shutdownSeconds = 30.0
  /// Characters of a prompt.
  public var promptCharacters = 32_000
  /// Films worked on at once by this server.
  public var films = 1
  /// Films of all servers on the home that wait or are worked on; one more is refused.
  public var filmQueue = 200
  /// Seconds that a film may take before its job fails.
  public var filmSeconds = 1800.0
  /// Films of one token that wait or are worked on; one more is refused.
  public var filmsPerAccount = 50
  /// How often a film may end by a fault of its own before its job fails.
  public var filmAttempts = 3
  /// How many servers may end in the midst of a film before its job fails.
  public var filmDeaths = 25
  /// Seconds that finished and failed jobs and their films are kept.
  public var keepSeconds = 30 * 86400.0
  /// Seconds between looks for what is to be removed.
  public var tidySeconds = 600.0
  /// Bytes of the pictures that `/v1` answers with by address; the oldest make way.
  public var pictureBytes = 2 << 30
  /// Calls that start work, per token in 60 seconds; nil for no limit. A token's own rate comes
  /// first.
  public var callsPerMinute: Int?
  /// Seconds for which the address of a video works.
  public var linkSeconds = 3600.0
  /// Seconds that a lease lasts when its server dies.
  public var leaseSeconds = 10.0
  /// Seconds between renewals of a lease.
  public var renewSeconds = 3.0
  /// Seconds between looks for jobs that other servers left.
  public var pollSeconds = 2.0
  /// Seconds within which a client must send the next 16 kB of a body, and take the next piece of
  /// an answer.
  public var slowClientSeconds = 20.0
  /// Seconds that a connection may stay open without a request, where nobody needs its place.
  public var idleSeconds = 300.0
  /// Connections open at once. One more takes the place of an idle connection; where none is idle,
  /// it waits to be accepted.
  public var connections = 2048
  /// Seconds that an answer to a request which was not read whole may take to reach its client
  /// before the connection ends.
  public var lingerSeconds = 5.0
  /// Seconds after which a client that has ended its sending is asked whether it is still there.
  public var probeSeconds = 3.0

  /// - Parameter cores: image calls worked on at once.
  public init(cores: Int) {
    imageThreads = max(1, cores)
  }
}
