import ImagineAPI
public import ServerStore

extension StoredJob {
  /// A queued text to video.
  ///
  /// - Parameter time: when it was added, in seconds since 1970.
  public static func sample(
    _ id: String, owner: String = "alice", prompt: String = "waves", price: Int64 = 0,
    at time: Double = 0, upstream: String? = nil
  ) -> StoredJob {
    StoredJob(
      id: id, owner: owner,
      work: .init(
        operation: "video", prompt: prompt, style: "fast-svd", aspectRatio: .square, seed: 7),
      price: price, createdAt: time, upstream: upstream)
  }
}
