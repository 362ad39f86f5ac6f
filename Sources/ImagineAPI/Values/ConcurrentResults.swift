/// Runs a task for each index at the same time and returns the results in the order of the indices.
///
/// Only this function orders results of child tasks. The value is awaited in a statement of its
/// own: Swift 6.3.1 with `-O` compiles `return (index, .success(try await …))` in a child task so
/// that every index is 0.
public func concurrentResults<Value: Sendable>(
  _ count: Int, _ body: @escaping @Sendable (Int) async throws -> Value
) async -> [Result<Value, any Error>] {
  await withTaskGroup(of: (index: Int, result: Result<Value, any Error>).self) { group in
    for index in 0..<count {
      group.addTask {
        let result: Result<Value, any Error>
        do {
          let value = try await body(index)
          result = .success(value)
        } catch {
          result = .failure(error)
        }
        return (index, result)
      }
    }
    var results = [Result<Value, any Error>?](repeating: nil, count: count)
    for await (index, result) in group { results[index] = result }
    return results.compactMap { $0 }
  }
}
