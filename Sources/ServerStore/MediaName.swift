/// The names of media, in a folder or as objects of a bucket.
public enum MediaName {
  /// The beginning of the names of a job's media.
  public static func folder(ofJob id: String) -> String { "jobs/\(id)/" }
}
