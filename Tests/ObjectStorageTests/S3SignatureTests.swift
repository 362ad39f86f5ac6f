import ImagineAPI
import Testing

@testable import ObjectStorage

/// The examples of AWS: "Signature Calculations for the Authorization Header" and "Authenticating
/// Requests: Using Query Parameters" of the S3 API reference, and the derivation of a signing key of
/// the IAM user guide.
@Suite("A signature of AWS, version 4")
struct S3SignatureTests {
  private static let time = SigningTime(1_369_353_600)
  private static let host = (name: "Host", value: "examplebucket.s3.amazonaws.com")
  private static let date = (name: "x-amz-date", value: "20130524T000000Z")
  private let signature = S3Signature(
    credentials: S3Credentials(
      accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    region: "us-east-1")

  private func authorization(_ request: S3Signature.Request) -> String {
    signature.authorization(of: request, at: Self.time)
  }

  @Test("has a key for each day, region and service")
  func signingKey() {
    let signature = S3Signature(
      credentials: S3Credentials(
        accessKey: "", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
      region: "us-east-1", service: "iam")
    #expect(
      signature.signingKey(day: "20120215").hexadecimal
        == "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d")
    #expect(
      signature.signingKey(day: "20150830").hexadecimal
        == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9")
  }

  @Test("of a GET of a range is that of the reference, and so is what is signed")
  func range() {
    let request = S3Signature.Request(
      method: "GET", path: "/test.txt",
      headers: [
        Self.host, ("Range", "bytes=0-9"), Self.date,
        ("x-amz-content-sha256", S3Signature.emptyPayload),
      ], payload: S3Signature.emptyPayload)
    #expect(
      S3Signature.canonical(request) == """
        GET
        /test.txt

        host:examplebucket.s3.amazonaws.com
        range:bytes=0-9
        x-amz-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        x-amz-date:20130524T000000Z

        host;range;x-amz-content-sha256;x-amz-date
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        """)
    #expect(
      authorization(request)
        == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
  }

  @Test("of a PUT is that of the reference, with the name encoded")
  func put() {
    let payload = S3Body.bytes(Array("Welcome to Amazon S3.".utf8)).sha256
    #expect(payload == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
    let path = "/" + "test$file.text".percentEncoded
    #expect(path == "/test%24file.text")
    let request = S3Signature.Request(
      method: "PUT", path: path,
      headers: [
        Self.host, ("Date", "Fri, 24 May 2013 00:00:00 GMT"), Self.date,
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"), ("x-amz-content-sha256", payload),
      ], payload: payload)
    #expect(
      authorization(request).hasSuffix(
        "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"
          + "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
  }

  @Test(
    "of a query is that of the reference",
    arguments: [
      (
        [("lifecycle", "")], "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
      ),
      (
        [("prefix", "J"), ("max-keys", "2")],
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
      ),
    ])
  func query(_ query: [(String, String)], _ expected: String) {
    let request = S3Signature.Request(
      method: "GET", path: "/", query: query.map { (name: $0.0, value: $0.1) },
      headers: [Self.host, Self.date, ("x-amz-content-sha256", S3Signature.emptyPayload)],
      payload: S3Signature.emptyPayload)
    #expect(authorization(request).hasSuffix("Signature=\(expected)"))
  }

  @Test("of an address is that of the reference")
  func address() {
    let query = signature.query(
      for: .init(
        method: "GET", path: "/test.txt", headers: [Self.host],
        payload: S3Signature.unsignedPayload), at: Self.time, seconds: 86400)
    #expect(
      query
        == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
        + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
  }

  @Test(
    "has the time in UTC",
    arguments: [
      (0, "19700101T000000Z"), (951_782_399, "20000228T235959Z"), (951_782_400, "20000229T000000Z"),
      (1_709_251_199.9, "20240229T235959Z"), (4_107_542_400, "21000301T000000Z"),
    ])
  func times(_ seconds: Double, _ text: String) {
    #expect(SigningTime(seconds).text == text)
  }

  @Test("needs every other byte encoded, and gets it back")
  func encoding() {
    let name = "a b+c/ü~%é.png"
    #expect(name.percentEncoded == "a%20b%2Bc%2F%C3%BC~%25%C3%A9.png")
    #expect(name.percentEncoded(keepingSlashes: true) == "a%20b%2Bc/%C3%BC~%25%C3%A9.png")
    #expect(name.percentEncoded.percentDecoded == name)
    #expect("a+b%".percentDecoded == nil)
    #expect("a+b%2".percentDecoded == nil)
    #expect("a+b".percentDecoded == "a b")
  }

  @Test(
    "is made for a host with its port, unless that is the scheme's own",
    arguments: [
      ("https://s3.example.org", "s3.example.org"),
      ("https://s3.example.org:443/", "s3.example.org"),
      ("http://s3.example.org:443", "s3.example.org:443"), ("http://[::1]:9000", "[::1]:9000"),
      ("HTTP://Localhost:80", "localhost"), ("ftp://x", nil), ("https://x/path", nil),
      ("https://", nil), ("https://a@b", nil), ("https://x:0", nil), ("x", nil),
    ])
  func endpoints(_ text: String, _ host: String?) {
    #expect(S3Endpoint(text)?.host == host)
  }
}
