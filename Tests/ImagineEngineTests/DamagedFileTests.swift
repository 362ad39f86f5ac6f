import ImagineAPI
import Testing

@testable import ImagineEngine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Decoders get untrusted bytes. They run in a process of its own here, so that memory can be
/// measured and a crash fails only this test.
///
/// `IMAGINE_DAMAGED_FILES` sets the number of damaged files per format (default 100; use 5000
/// before a release and after changing a codec).
@Suite struct DamagedFileTests {
  @Test(
    "a damaged file of any format gives an image or an error within the time limit, and leaks no memory"
  )
  func damaged() async {
    await #expect(processExitsWith: .success) {
      let wanted = getenv("IMAGINE_DAMAGED_FILES").flatMap { Int(String(cString: $0)) }
      for format in SampleFile.formats {
        // CMYK needs a colour table, which takes longer than all the rest.
        let count = (wanted ?? 100) / (format == .jpegCMYK ? 5 : 1)
        try DamagedFileTests.readAll(format, count: count)
      }
    }
  }

  private static func readAll(_ format: SampleFile.Format, count: Int) throws {
    let whole = try SampleFile.bytes(format)
    var refused = 0
    var longest = Duration.zero
    var resident: [Int] = []
    // In the first pass the libraries allocate what they keep; later passes should add nothing.
    for _ in 0..<3 {
      refused = 0
      for number in 0..<count {
        let file = DamagedFile(whole, number: number).bytes
        let time = try ContinuousClock().measure { refused += try read(file) ? 0 : 1 }
        longest = max(longest, time)
      }
      resident.append(residentBytes())
    }
    let growth = min(resident[1] - resident[0], resident[2] - resident[1])
    #expect(refused > count / 4, "\(format)")
    // A sanitizer keeps freed memory.
    if getenv("SANITIZED") == nil {
      #expect(growth < 4 << 20, "\(format): \(growth) bytes more are resident")
    }
    #expect(longest < .seconds(10), "\(format)")
  }

  /// Returns true when decoding gives an image.
  private static func read(_ file: [UInt8]) throws -> Bool {
    do {
      let inspected = try? ImageInspection(file)
      let picture = try Codec.decode(file, field: "image")
      #expect(inspected?.size == picture.size)
      return true
    } catch EngineError.unusable(field: "image", let reason) {
      #expect(!reason.isEmpty && !reason.contains("\n"), "\(reason)")
      return false
    }
  }

  /// Memory in use by this process, without freed memory that the allocator keeps; 0 when the
  /// system does not tell.
  private static func residentBytes() -> Int {
    giveBackFreed()
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Returns freed memory to the system, if the C library can.
  private static func giveBackFreed() {
    typealias Trim = @convention(c) (Int) -> Int32
    guard let trim = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(trim, to: Trim.self)(0)
  }
}
