import HostStore
import ImagineAPI
import ImagineTestSupport

extension Provider {
  /// Makes a call that is finished at once.
  func outputs(
    _ request: Request, count: Int = 1, options: CallOptions = CallOptions(),
    observer: (any CallObserver)? = nil, into store: any MediaStore
  ) async throws -> [Output] {
    var request = request
    request.count = count
    let outcome = try await perform(
      request, CallContext(options, store: store, observer: observer))
    guard case .finished(let answer) = outcome else { return [] }
    return answer.outputs
  }

  func status(of job: String, options: CallOptions = CallOptions()) async throws -> JobStatus {
    try await poll(Ticket(id: job), CallContext(options, store: FileAssetStore(root: "/dev/null")))
  }

  func download(_ address: String, into store: any MediaStore) async throws -> Asset {
    try await download(address, CallContext(store: store))
  }
}
