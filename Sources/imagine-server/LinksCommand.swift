import ArgumentParser
import ImagineServer
import ServerStore

/// The keys that sign the addresses of videos and images.
struct LinksCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "links", abstract: "Changes the keys that sign the addresses of media.",
    discussion: """
      Running servers read the keys every 30 seconds. A new key signs from a minute after it was \
      added, so that all servers know it by then; old keys are accepted until they are removed. Remove \
      one an hour after a new one was added, when its addresses have expired, or as soon as there is a \
      new one if it has leaked.
      """,
    subcommands: [Rotate.self, Remove.self, List.self])

  struct Rotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Adds a key and prints its id.")

    @OptionGroup var options: StoreOptions

    func run() async throws {
      print(try await options.store().rotateLinkKeys())
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Removes a key, but not the last one: its addresses are refused within 30 seconds.")

    @OptionGroup var options: StoreOptions
    @Argument(help: "The key's id.") var id: String

    func run() async throws {
      let store = try await options.store()
      let keys = try await store.linkKeys().map(\.id)
      guard keys.contains(id) else {
        throw CommandFailure("there is no key '\(id)'; 'imagine-server links list' shows all")
      }
      // Without a key, a server would add that of an old data folder again.
      guard keys.count > 1 else {
        throw CommandFailure(
          "'\(id)' is the only key; 'imagine-server links rotate' adds another one, which signs at "
            + "once when '\(id)' is removed")
      }
      try await store.removeLinkKey(id: id)
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the keys, the newest first, without their secrets.")

    @OptionGroup var options: StoreOptions
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
      let rows = try await options.store().linkKeys().map { key -> Listing.Row in
        [("key", Listing.text(key.id)), ("created", Listing.time(key.createdAt))]
      }
      Listing(rows).print(asJSON: json)
    }
  }
}
