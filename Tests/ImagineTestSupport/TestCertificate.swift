import NIOSSL

/// Certificates for test servers, valid for a hundred years. Only tests trust their authority, and
/// its key was deleted.
public struct TestCertificate: Sendable {
  /// The certificate, in PEM.
  public let chain: String
  /// Its private key, in PEM.
  public let key: String

  /// For `localhost` and `127.0.0.1`.
  public static let loopback = TestCertificate(
    chain: """
      -----BEGIN CERTIFICATE-----
      MIIBnjCCAUSgAwIBAgIBAjAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZJbWFnaW5l
      IHRlc3QgYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAw
      WjAOMQwwCgYDVQQDDANvd24wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATH2i9R
      lgBTiLblZ6oXLuWNqdwnMXKHklLAzxEpd0nZ5QO3rk1htV2ZIei4tPuMZJrRfI1G
      tfuzn5k2fLhTOSQko34wfDAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwEwYD
      VR0lBAwwCgYIKwYBBQUHAwEwCQYDVR0TBAIwADAdBgNVHQ4EFgQUblP0xjXDX3EM
      5vfYK8VHNKErkfwwHwYDVR0jBBgwFoAUsuyesbksfqU+UgWKV8igXd7+YrYwCgYI
      KoZIzj0EAwIDSAAwRQIgHb00FOyJlQi2LEdPzX4oTUtjXTG/riFLmnQmhQMINJIC
      IQDnYEQLk54LkWK0mIRWDQmcvCPDkcYI1ujA0eJgIDjhhg==
      -----END CERTIFICATE-----
      """,
    key: """
      -----BEGIN PRIVATE KEY-----
      MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6+7d1kHVdlaU9ObD
      6hqxk5YF0jpsJ7rFPqA6E1nTzRmhRANCAATH2i9RlgBTiLblZ6oXLuWNqdwnMXKH
      klLAzxEpd0nZ5QO3rk1htV2ZIei4tPuMZJrRfI1Gtfuzn5k2fLhTOSQk
      -----END PRIVATE KEY-----
      """)

  /// For a host name that no test connects to.
  public static let elsewhere = TestCertificate(
    chain: """
      -----BEGIN CERTIFICATE-----
      MIIBpDCCAUmgAwIBAgIBAzAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZJbWFnaW5l
      IHRlc3QgYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAw
      WjAQMQ4wDAYDVQQDDAVvdGhlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKuV
      w0TJWEmg0tyR0SVkKXagQaR3bCGj6KJoL6zTjiRfMWa2g6Pul4rnFgGc0cMLTa9/
      3/zntFNosOM4rvnfiLqjgYAwfjAcBgNVHREEFTATghFlbHNld2hlcmUuZXhhbXBs
      ZTATBgNVHSUEDDAKBggrBgEFBQcDATAJBgNVHRMEAjAAMB0GA1UdDgQWBBRnI57M
      evdwr+pikmCvkGMNK8ZJpzAfBgNVHSMEGDAWgBSy7J6xuSx+pT5SBYpXyKBd3v5i
      tjAKBggqhkjOPQQDAgNJADBGAiEAnbrn3Q+8Nctny/Jr4oPb5NaTTfJKizqIZ4qu
      gZOnXNgCIQCoZujHHeGZpqsQjEKfELqcI+jyoLCwxKfs9/ITq/B0iQ==
      -----END CERTIFICATE-----
      """,
    key: """
      -----BEGIN PRIVATE KEY-----
      MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPtdJ3ibvBTenktEd
      naBbcahIF4NM/r50hbgLc6OEAuChRANCAASrlcNEyVhJoNLckdElZCl2oEGkd2wh
      o+iiaC+s044kXzFmtoOj7peK5xYBnNHDC02vf9/857RTaLDjOK7534i6
      -----END PRIVATE KEY-----
      """)

  /// The authority's certificate, which signed both, in PEM.
  public static let authority = """
    -----BEGIN CERTIFICATE-----
    MIIBdTCCARugAwIBAgIBATAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZJbWFnaW5l
    IHRlc3QgYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAw
    WjAhMR8wHQYDVQQDDBZJbWFnaW5lIHRlc3QgYXV0aG9yaXR5MFkwEwYHKoZIzj0C
    AQYIKoZIzj0DAQcDQgAELklnQMujKOfVtBMG8MhIWvQbTjSZHf3tJkJxFodcsaG1
    ZaMgYzF19XMngLX9M5VpJUp62VxrzbR4YBjP/bMYwaNCMEAwDwYDVR0TAQH/BAUw
    AwEB/zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFLLsnrG5LH6lPlIFilfIoF3e
    /mK2MAoGCCqGSM49BAMCA0gAMEUCIQDh0hKcbOIfvs8wxb4If8eEVgUHGT2rl2yS
    LxeqXpcK6gIgS0CaJy7DdT0B5tCWR6YSl8MRGiL7hhv18ZlqeXwpqBQ=
    -----END CERTIFICATE-----
    """

  /// The TLS context of a server that uses this certificate.
  func serverContext() throws -> NIOSSLContext {
    try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(chain.utf8))
          .map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))))
  }
}
