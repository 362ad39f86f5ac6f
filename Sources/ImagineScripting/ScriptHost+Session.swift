public import ImagineAPI
import ImagineRuns

// What an interactive session shows of the host.
extension ScriptHost {
  /// The default provider and why it was selected, in words.
  public var selectedProvider: String {
    do {
      let selection = try registry.selection()
      return "\(selection.name) (\(selection.reason))"
    } catch {
      return "none: \(error)"
    }
  }

  /// The keys and tokens that are known, which belong in no file.
  public var secrets: [String] { KnownSecrets(configuration.environment).values }

  /// The calls of this run so far and what they cost.
  public var spentSoFar: (calls: Int, amounts: [Price]) {
    let spent = core.spent
    return (spent.calls, spent.amounts)
  }
}
