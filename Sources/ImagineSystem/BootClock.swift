#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The seconds since the machine booted, including sleep. Nobody can set this clock, and all
/// processes of a machine read the same value.
public struct BootClock: Sendable {
  /// Identifies this boot. Times of different boots cannot be compared.
  public let boot: String
  public let seconds: @Sendable () -> Double

  public init(boot: String, seconds: @escaping @Sendable () -> Double) {
    self.boot = boot
    self.seconds = seconds
  }

  public static let system = BootClock(boot: currentBoot) {
    var time = timespec()
    #if canImport(Darwin)
      // Counts on while the machine sleeps, unlike CLOCK_UPTIME_RAW.
      clock_gettime(CLOCK_MONOTONIC_RAW, &time)
    #else
      clock_gettime(CLOCK_BOOTTIME, &time)
    #endif
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static var currentBoot: String {
    var text = [CChar](repeating: 0, count: 64)
    #if canImport(Darwin)
      var size = text.count - 1
      sysctlbyname("kern.bootsessionuuid", &text, &size, nil, 0)
    #else
      let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return "" }
      defer { close(descriptor) }
      _ = read(descriptor, &text, text.count - 1)
    #endif
    return String(decoding: text.prefix { $0 != 0 && $0 != 10 }.map(UInt8.init), as: UTF8.self)
  }
}
