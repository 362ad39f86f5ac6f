/// Waits that end at a time: a binary heap, earliest first, equal times in insertion order.
struct Timers {
  private struct Entry {
    var time: UInt64
    var order: UInt64
    var wait: Wait

    static func < (left: Entry, right: Entry) -> Bool {
      (left.time, left.order) < (right.time, right.order)
    }
  }

  private var heap: [Entry] = []
  private var added: UInt64 = 0
  /// The number of entries whose wait something else has ended.
  private var stale = 0

  var count: Int { heap.count }

  mutating func add(_ wait: Wait, at time: UInt64) {
    added += 1
    wait.isTimed = true
    heap.append(Entry(time: time, order: added, wait: wait))
    siftUp(heap.count - 1)
  }

  /// The earliest time of a wait that is not over.
  mutating func nextTime() -> UInt64? {
    while let first = heap.first {
      if !first.wait.isOver { return first.time }
      removeFirst()
      stale = max(0, stale - 1)
    }
    return nil
  }

  /// Removes and returns the next wait that is due.
  mutating func popDue(at now: UInt64) -> Wait? {
    guard let time = nextTime(), time <= now else { return nil }
    let wait = heap[0].wait
    wait.isTimed = false
    removeFirst()
    return wait
  }

  /// Call when a wait with a timer ends early. Sweeps the heap when most entries are stale.
  mutating func noteEnd(of wait: Wait) {
    wait.isTimed = false
    stale += 1
    guard stale > 64, stale > heap.count / 2 else { return }
    let live = heap.filter { !$0.wait.isOver }
    heap.removeAll(keepingCapacity: false)
    stale = 0
    for entry in live {
      heap.append(entry)
      siftUp(heap.count - 1)
    }
  }

  private mutating func removeFirst() {
    let last = heap.removeLast()
    if heap.isEmpty { return }
    heap[0] = last
    siftDown()
  }

  private mutating func siftUp(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard heap[index] < heap[parent] else { return }
      heap.swapAt(index, parent)
      index = parent
    }
  }

  private mutating func siftDown() {
    var index = 0
    while true {
      var smallest = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
        if heap[child] < heap[smallest] { smallest = child }
      }
      if smallest == index { return }
      heap.swapAt(index, smallest)
      index = smallest
    }
  }
}
