import Hummingbird
import ImagineAPI
import NIOCore
import ServerStore

/// For whoever runs the service: probes and metrics.
extension ImagineService {
  var administrationRoutes: [Route] {
    [
      // Liveness: fails if only a restart helps.
      Route(.get, "/healthz", access: .open) { _ in
        try readiness.checkPresence(of: store)
        return .ok
      },
      // Readiness: fails if the service cannot accept work.
      Route(.get, "/readyz", access: .open) { _ in
        let missing = await missing
        guard missing.isEmpty else {
          throw APIError(
            .storeUnreachable, "not ready: \(missing.joined(separator: "; "))", retryAfter: 5)
        }
        return .ok
      },
      Route(.get, "/metrics", access: .administrator) { _ in
        Response(
          status: .ok, headers: [.contentType: PrometheusText.mediaType],
          body: ResponseBody(byteBuffer: ByteBuffer(string: await metricsText)))
      },
    ]
  }

  /// What the service lacks to accept work, in words.
  private var missing: [String] {
    get async {
      var missing: [String] = []
      if readiness.isDraining { missing.append("the server shuts down") }
      do {
        try await store.probe()
      } catch {
        missing.append("the job store cannot be reached")
      }
      if !directory.hasFreeSpace { missing.append("the server's disk is full") }
      if !engine.supports(.generate) { missing.append("no engine can generate images") }
      return missing
    }
  }

  /// All metrics in Prometheus' text format. What only the moment tells is asked for now, so that a
  /// number never outlives what it is about.
  private var metricsText: String {
    get async {
      let moment = MetricsRegistry()
      moment.set(
        "imagine_build_info", "The engine's version.", [("engine", engine.version)], to: 1)
      let calls = queue.turns.load
      for (state, count) in [("waiting", calls.waiting), ("running", calls.running)] {
        moment.set(
          "imagine_engine_calls", "Image calls now.", [("state", state)], to: Double(count))
      }
      if let children = (engine as? ChildEngine)?.children.figures {
        for (state, count) in [("idle", children.idle), ("busy", children.busy)] {
          moment.set(
            "imagine_engine_children", "Engine children now.", [("state", state)],
            to: Double(count))
        }
        moment.set(
          "imagine_engine_children_started_total", "Engine children that were started.",
          toCount: children.started)
        moment.set(
          "imagine_engine_children_died_total", "Engine children that died during a call.",
          toCount: children.died)
      }
      let jobs = try? await store.jobCounts()
      moment.set(
        "imagine_store_up", "Whether the job store answers.", to: jobs == nil ? 0 : 1)
      if let jobs {
        for (state, count) in [("queued", jobs.queued), ("processing", jobs.processing)] {
          moment.set("imagine_jobs", "Jobs now.", [("state", state)], to: Double(count))
        }
        moment.set(
          "imagine_jobs_oldest_queued_age_seconds", "Age of the oldest job that is queued.",
          to: jobs.oldestQueuedAge ?? 0)
      }
      if let holds = try? await store.holdCount() {
        moment.set("imagine_holds", "Calls whose price is on hold.", to: Double(holds))
      }
      for measure in ProcessMeasure.all {
        moment.set(measure.name, measure.help, to: measure.value)
      }
      return metrics.text + moment.text
    }
  }
}

extension Response {
  fileprivate static var ok: Response {
    Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: #"{"status":"ok"}"#)))
  }
}
