public import ImagineAPI
public import ImagineRuns
import Synchronization

extension Workflow {
  /// A workflow in memory: every call goes to one provider, and nothing is written or sent.
  ///
  /// ```swift
  /// let provider = MemoryProvider()
  /// let workflow = Workflow(testing: provider)
  /// _ = try await workflow.generate("a cat")
  /// #expect(provider.requests.count == 1)
  /// ```
  ///
  /// - Parameters:
  ///   - store: keeps the files.
  ///   - limit: the run's budget.
  ///   - approval: decides about what calls cost.
  ///   - seed: of the seeds of images without an explicit one.
  public convenience init(
    testing provider: any Provider, store: any AssetStore = MemoryStore(),
    limit: Budget.Limit = Budget.Limit(), approval: (any SpendingApproval)? = nil,
    seed: RandomSeed = RandomSeed(first: 1, second: 2)
  ) {
    let source = SingleProvider(provider: provider)
    self.init(
      assets: store, ledger: MemoryLedger(), converter: source, providers: source,
      run: RunJournal(journal: nil, seed: seed), limit: limit, approval: approval)
  }
}

/// Gives one provider by any name.
private struct SingleProvider: ProviderSource, ImageConverter {
  let provider: any Provider

  func provider(named name: String?) throws -> any Provider { provider }
  func provider(describedBy settings: ConfigTable) throws -> any Provider { provider }

  func fetch(_ address: String, into store: any MediaStore) async throws -> Asset {
    throw ImagineError(.connection, "a workflow in memory fetches nothing from the web")
  }

  func limitCalls(concurrency: Int?, rate: Int?) {}
  func version(of provider: any Provider) async throws -> String { "" }

  func convert(
    _ asset: Asset, to conversion: Conversion, into store: any MediaStore
  ) async throws -> Asset {
    throw ImagineError(.validation, "a workflow in memory converts no image", field: "format")
  }

  func thumbnail(
    of asset: Asset, within box: PixelSize, from store: any MediaStore
  ) async throws -> Thumbnail {
    throw ImagineError(.validation, "a workflow in memory has no thumbnails")
  }
}

private final class MemoryLedger: JobLedger {
  private let all = Mutex<[SubmittedJob]>([])

  func record(_ job: SubmittedJob) throws {
    all.withLock { jobs in
      jobs.removeAll { $0.key == job.key }
      jobs.insert(job, at: 0)
    }
  }

  func jobs(id: String) throws -> [SubmittedJob] { all.withLock { $0.filter { $0.id == id } } }
  func jobs() throws -> [SubmittedJob] { all.withLock { $0 } }
  func forget(_ job: SubmittedJob.Key) throws { all.withLock { $0.removeAll { $0.key == job } } }
}
