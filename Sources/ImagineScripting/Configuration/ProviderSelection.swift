import ImagineAPI

/// The default provider and why it was selected.
///
/// The first that is set wins: the option `--provider`, `IMAGINE_PROVIDER`, `IMAGINE_TOKEN` or
/// `IMAGINE_BASE_URL` (both select `imagine`), `provider` in `config.toml`; else `local`.
/// `OPENAI_API_KEY` alone never selects a provider, because users set it for other programs.
struct ProviderSelection: Sendable, Equatable {
  let name: String
  /// For the notice on stderr and for `doctor`.
  let reason: String

  init(option: String?, environment: [String: String], configured: String?) throws(ImagineError) {
    if let option {
      self.init(name: option, reason: "--provider")
    } else if let name = environment["IMAGINE_PROVIDER"], !name.isEmpty {
      self.init(name: name, reason: "IMAGINE_PROVIDER")
    } else if environment["IMAGINE_TOKEN"] != nil {
      self.init(name: BuiltInProvider.imagine.name, reason: "IMAGINE_TOKEN is set")
    } else if environment["IMAGINE_BASE_URL"] != nil {
      self.init(name: BuiltInProvider.imagine.name, reason: "IMAGINE_BASE_URL is set")
    } else if let configured {
      self.init(name: configured, reason: "config.toml")
    } else {
      self.init(name: BuiltInProvider.local.name, reason: "no token is set")
    }
  }

  private init(name: String, reason: String) {
    self.name = name
    self.reason = reason
  }
}
