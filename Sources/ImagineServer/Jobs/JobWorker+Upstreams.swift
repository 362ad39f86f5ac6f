import ImagineAPI
import ServerStore
import Synchronization

/// Jobs whose videos are made elsewhere. Each waits in a task of its own and uses no thread.
extension JobWorker {
  /// Works on jobs at upstreams until the task is cancelled.
  ///
  /// Twice as many as the upstreams take at once: jobs that one of them keeps waiting leave
  /// room for others, and a server's death is the death of few.
  func workAtUpstreams() async {
    let places = Places()
    await withDiscardingTaskGroup { group in
      await takeJobs(atUpstream: true) { job, lease in
        places.take()
        group.addTask {
          await self.makeVideo(atUpstream: job, lease: lease)
          places.leave()
        }
        while places.count >= max(16, 2 * upstreams.upstreams.capacity), !Task.isCancelled {
          await places.left.wait(upTo: limits.pollSeconds)
        }
        return .over
      }
    }
  }

  /// The jobs in work.
  private final class Places: Sendable {
    let left = WorkSignal()
    private let taken = Atomic(0)

    var count: Int { taken.load(ordering: .relaxed) }

    func take() { taken.add(1, ordering: .relaxed) }

    func leave() {
      taken.subtract(1, ordering: .relaxed)
      left.signal()
    }
  }

  private func makeVideo(atUpstream job: StoredJob, lease: String) async {
    // The time limit begins with the job's turn.
    _ = await makeVideo(job, lease: lease, WorkControl(seconds: nil)) { folder, control in
      do {
        try await upstreams.make(
          UpstreamVideos.Work(
            job: job, image: try await image(of: job), folder: folder, control: control,
            record: { [store] upstream, ticket in
              try await store.recordTicket(
                id: job.id, by: lease, upstream: upstream, ticket: ticket)
            },
            isOver: { [store] in
              do {
                return try await store.job(id: job.id, owner: job.owner)?.state.isFinal ?? true
              } catch {
                return false
              }
            }))
      } catch {
        // The next attempt must not follow at once.
        if control.stopReason == nil { try? await Task.sleep(for: .seconds(limits.pollSeconds)) }
        throw error
      }
    }
  }

  private func image(of job: StoredJob) async throws -> [UInt8]? {
    guard job.work.image != nil else { return nil }
    guard let bytes = try await storage.bytes(of: MediaName.input(ofJob: job.id)) else {
      throw Self.lostImage
    }
    return bytes
  }
}
