import ArgumentParser
import Foundation
import ImagineAPI
import ImagineServer
import ServerStore

/// The tokens in the store. Running servers see a change within a second.
struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Makes, lists and revokes the tokens of callers.",
    discussion: """
      Tokens are kept with jobs and balances, beside those of a file of --tokens. Of a token only the \
      SHA-256 is kept: it is printed once, when it is made. Running servers see a change within a \
      second; one that accepted any token must be restarted after the first 'add'.
      """,
    subcommands: [Add.self, Grant.self, Revoke.self, List.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a token and prints it.")

    @OptionGroup var options: StoreOptions

    @Argument(help: "Who gets it, such as alice@example.org.")
    var name: String

    @Option(
      parsing: .unconditional,
      help: "Tokens that its calls may cost in all; unlimited if absent.")
    var balance: Int64?

    @Option(
      help: ArgumentHelp(
        "When it expires: a date or a time, such as 2027-01-31 or 2027-01-31T12:00:00Z.",
        valueName: "time"))
    var expires: ExpiryTime?

    @Option(parsing: .unconditional, help: "Calls that it may start in 60 seconds.")
    var rate: Int?

    func validate() throws {
      guard !name.isEmpty, name.utf8.count <= 200,
        !name.unicodeScalars.contains(where: \.isUnprintable)
      else {
        throw ValidationError("the name must have 1 to 200 bytes and no control characters")
      }
      try TokenCommand.check(balance)
      guard (1...1_000_000).contains(rate ?? 1) else {
        throw ValidationError("--rate must be 1 … 1000000, not \(rate ?? 0)")
      }
    }

    func run() async throws {
      let token = NewToken()
      let isAdded = try await options.store().addToken(
        StoredToken(
          digest: token.digest, name: name, granted: balance,
          createdAt: Date().timeIntervalSince1970, expires: expires?.seconds,
          callsPerMinute: rate))
      guard isAdded else {
        throw CommandFailure("there is a token for '\(name)' already; revoked ones keep their name")
      }
      print(token.text)
    }
  }

  struct Grant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sets what a token may spend in all; its balance gets the difference.")

    @OptionGroup var options: StoreOptions
    @Argument(help: "The name of the token.") var name: String
    @Argument(help: "Tokens in all, from the beginning.") var amount: Int64

    func validate() throws { try TokenCommand.check(amount) }

    func run() async throws {
      guard try await options.store().grant(amount, toToken: name) else {
        throw TokenCommand.unknown(name)
      }
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Refuses a token for good.")

    @OptionGroup var options: StoreOptions
    @Argument(help: "The name of the token.") var name: String

    func run() async throws {
      guard try await options.store().revokeToken(name) else { throw TokenCommand.unknown(name) }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the tokens with their balances.")

    @OptionGroup var options: StoreOptions
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
      let store = try await options.store()
      var rows: [Listing.Row] = []
      for token in try await store.tokens() {
        let account = try await store.statement(of: token.digest)
        rows.append([
          ("name", Listing.text(token.name)),
          ("state", Listing.text(token.state(at: Date().timeIntervalSince1970))),
          ("granted", Listing.number(account?.granted)),
          ("balance", Listing.number(account?.balance)),
          ("held", Listing.number(account?.held)),
          ("rate", Listing.number(token.callsPerMinute.map(Int64.init))),
          ("expires", Listing.time(token.expires)),
          ("created", Listing.time(token.createdAt)),
          ("sha256", Listing.text(token.digest)),
        ])
      }
      Listing(rows).print(asJSON: json)
    }
  }

  private static func check(_ balance: Int64?) throws {
    guard (0...1_000_000_000).contains(balance ?? 0) else {
      throw ValidationError("a balance must be 0 … 1000000000, not \(balance ?? 0)")
    }
  }

  private static func unknown(_ name: String) -> CommandFailure {
    CommandFailure("there is no token for '\(name)'; 'imagine-server token list' shows all")
  }
}

extension StoredToken {
  fileprivate func state(at time: Double) -> String {
    if revokedAt != nil { return "revoked" }
    return expires.map { $0 <= time } == true ? "expired" : "valid"
  }
}

/// `2027-01-31` (its start in UTC) or `2027-01-31T12:00:00Z`.
struct ExpiryTime: ExpressibleByArgument {
  /// Since 1970.
  let seconds: Double

  init?(argument: String) {
    let text = argument.count == 10 ? "\(argument)T00:00:00Z" : argument
    guard let date = try? Date(text, strategy: .iso8601) else { return nil }
    seconds = date.timeIntervalSince1970
  }
}
