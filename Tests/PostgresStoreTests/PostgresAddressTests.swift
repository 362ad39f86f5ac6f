import Testing

@testable import PostgresStore

@Suite("The address of a database")
struct PostgresAddressTests {
  @Test("is shown without its passwords, and no message has them")
  func redaction() throws {
    let address = try PostgresAddress(
      "postgresql://imagine:s3cret@db.example:5433/images?sslmode=verify-full&sslpassword=k%40y")
    #expect(address.description == "postgresql://imagine@db.example:5433/images")
    #expect(try PostgresAddress("postgres://[::1]:5/x").description == "postgresql://[::1]:5/x")
    #expect(address.redacted("s3cret, k@y and more") == "…, … and more")
  }

  @Test("that libpq cannot read is refused, and not quoted")
  func malformed() throws {
    let error = #expect(throws: (any Error).self) {
      try PostgresAddress("postgresql://imagine:s3cr%zzet@db.example/images")
    }
    #expect(!"\(error as Any)".contains("zzet"))
  }
}
