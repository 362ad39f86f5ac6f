/// The timeouts that apply unless a script sets others, in seconds.
public enum StandardTimeout {
  /// From the send of an attempt to the last byte of its answer.
  public static let attempt = 120.0
  /// The same at an OpenAI-style service, whose models take minutes for an edit.
  public static let slowAttempt = 600.0
  /// From the request of a download to its last byte.
  public static let download = 3600.0
  /// Of `wait`, from its call to the downloaded video.
  public static let wait = 1800.0
}
