import CImaging

/// The freed memory of a process that does one call after another.
public enum EngineMemory {
  /// Keeps it for the next call. Before the first call.
  public static func keep() { imaging_keep_memory() }

  /// Gives it back to the system if it is more than so many bytes.
  public static func release(over kept: Int = 0) { imaging_release_memory(max(0, kept)) }
}
