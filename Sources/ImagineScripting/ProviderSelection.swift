import ImagineClient
import ImagineCore

/// Which provider a program uses where a script names none, and why.
///
/// The first that names one wins: the command's option, `IMAGINE_PROVIDER`, then `IMAGINE_TOKEN` or
/// `IMAGINE_BASE_URL` (both mean `imagine`), then `provider` in `config.toml`. Only where nothing
/// does is it `local`. `OPENAI_API_KEY` alone never selects a provider: that key was given for
/// something else.
struct ProviderSelection: Sendable, Equatable {
  let name: String
  /// In words, for the notice on stderr and for `doctor`.
  let reason: String

  init(option: String?, environment: [String: String], configured: String?) throws(ImagineError) {
    if let option {
      self.init(name: option, reason: "--provider")
    } else if let name = environment["IMAGINE_PROVIDER"], !name.isEmpty {
      self.init(name: name, reason: "IMAGINE_PROVIDER")
    } else if environment["IMAGINE_TOKEN"] != nil {
      self.init(name: "imagine", reason: "IMAGINE_TOKEN is set")
    } else if environment["IMAGINE_BASE_URL"] != nil {
      self.init(name: "imagine", reason: "IMAGINE_BASE_URL is set")
    } else if let configured {
      self.init(name: configured, reason: "config.toml")
    } else {
      self.init(name: "local", reason: "no token is set")
    }
  }

  private init(name: String, reason: String) {
    self.name = name
    self.reason = reason
  }
}

extension Endpoint {
  /// The vendor's address of the Imagine API.
  static let imagineBaseURL = "https://api.vyro.ai/v2"

  /// Where the provider `imagine` is, and its key.
  ///
  /// - Throws: ``ImagineError`` of kind `authorization` where there is no token, and `validation`
  ///   where the address is none of this API.
  static func imagine(environment: [String: String]) throws(ImagineError) -> Endpoint {
    let address = environment["IMAGINE_BASE_URL"] ?? imagineBaseURL
    let token = try Token.required(from: "IMAGINE_TOKEN", environment, provider: "imagine")
    let endpoint = Endpoint(baseURL: address, token: token)
    guard address.hasPrefix("https://") || address.hasPrefix("http://"),
      endpoint.baseURL.hasSuffix("/v2")
    else {
      throw .invalid(
        field: "IMAGINE_BASE_URL", given: "\"\(address)\"",
        expected: "an http or https address that ends in /v2")
    }
    return endpoint
  }
}

extension Token {
  /// The token in a variable of the environment.
  static func required(
    from variable: String, _ environment: [String: String], provider: String
  ) throws(ImagineError) -> Token {
    guard let text = environment[variable] else {
      throw ImagineError(
        .authorization, "the provider '\(provider)' needs a token: set \(variable)",
        field: variable)
    }
    guard let token = Token(text) else {
      throw ImagineError(
        .authorization, "\(variable) is set, but holds no token", field: variable)
    }
    return token
  }
}
