import ImagineAPI
import ImagineSystem
import NIOCore
import NIOSSL
import Synchronization

/// The files of a server's certificate, in PEM.
public struct CertificateFiles: Sendable, Hashable {
  /// The certificate, followed by those that lead from it to an authority.
  public var certificate: String
  /// Its private key, without a passphrase.
  public var key: String

  public init(certificate: String, key: String) {
    self.certificate = certificate
    self.key = key
  }
}

/// The certificate that new connections get. It can be replaced while the service runs.
final class ServerCertificate: Sendable {
  private struct Content: Sendable {
    let chain: [NIOSSLCertificateSource]
    let key: NIOSSLPrivateKeySource

    /// - Throws: ``SettingsError`` that names the file.
    init(_ files: CertificateFiles) throws(SettingsError) {
      let certificates: [NIOSSLCertificate]
      do {
        certificates = try NIOSSLCertificate.fromPEMBytes(
          try Self.bytes(of: files.certificate, isSecret: false))
      } catch let error as SettingsError {
        throw error
      } catch {
        throw SettingsError("\(files.certificate): the file holds no certificate in PEM")
      }
      guard !certificates.isEmpty else {
        throw SettingsError("\(files.certificate): the file holds no certificate in PEM")
      }
      chain = certificates.map { .certificate($0) }
      do {
        key = .privateKey(
          try NIOSSLPrivateKey(
            bytes: try Self.bytes(of: files.key, isSecret: true), format: .pem))
      } catch let error as SettingsError {
        throw error
      } catch {
        throw SettingsError("\(files.key): the file holds no private key in PEM without passphrase")
      }
      do {
        _ = try NIOSSLContext(configuration: configuration)
      } catch {
        throw SettingsError(
          "\(files.key): the key does not belong to the certificate in \(files.certificate)")
      }
    }

    var configuration: TLSConfiguration {
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain, privateKey: key)
      configuration.minimumTLSVersion = .tlsv12
      configuration.applicationProtocols = ["http/1.1"]
      return configuration
    }

    private static func bytes(
      of path: String, isSecret: Bool
    ) throws(SettingsError) -> [UInt8] {
      do throws(ImagineError) {
        if let bytes = try FilePath(path).readSmallFile(isSecret: isSecret) { return bytes }
      } catch {
        throw SettingsError(error.message)
      }
      throw SettingsError("\(path): there is no such file")
    }
  }

  private let files: CertificateFiles
  private let content: Mutex<Content>

  /// - Throws: ``SettingsError`` if a file cannot be read, or the key is not the certificate's.
  init(_ files: CertificateFiles) throws(SettingsError) {
    self.files = files
    content = Mutex(try Content(files))
  }

  /// Reads the files again, for new connections.
  ///
  /// - Throws: as ``init(_:)``; then nothing changes.
  func reload() throws(SettingsError) {
    let fresh = try Content(files)
    content.withLock { $0 = fresh }
  }

  /// The TLS configuration of a server, which asks for the current certificate at each handshake.
  var configuration: TLSConfiguration {
    var configuration = content.withLock { $0 }.configuration
    configuration.sslContextCallback = { [self] _, promise in
      let content = content.withLock { $0 }
      var current = NIOSSLContextConfigurationOverride()
      current.certificateChain = content.chain
      current.privateKey = content.key
      promise.succeed(current)
    }
    return configuration
  }
}
