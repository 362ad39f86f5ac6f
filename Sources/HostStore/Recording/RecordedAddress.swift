import Crypto
import ImagineAPI

/// Redacts addresses in recordings: addresses of finished files are signed and give access.
enum RecordedAddress {
  /// The placeholder for the address of a job's file: it has the form of an address but leads
  /// nowhere.
  static func placeholder(file name: String, ofJob job: String) -> String {
    "https://recording.invalid/\(job)/\(name)"
  }

  static func hash(_ address: String) -> String {
    SHA256.hash(data: Array(address.utf8)).hexadecimal
  }
}
