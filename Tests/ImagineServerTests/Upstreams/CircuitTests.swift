import ImagineAPI
import Synchronization
import Testing

@testable import ImagineServer

@Suite("The circuit of an upstream")
struct CircuitTests {
  private final class Clock: Sendable {
    private let start = ContinuousClock.now
    private let seconds = Mutex(0.0)

    func advance(_ seconds: Double) { self.seconds.withLock { $0 += seconds } }
    var now: ContinuousClock.Instant { start + .seconds(seconds.withLock { $0 }) }
  }

  private let clock = Clock()
  private let circuit: Circuit

  init() {
    let clock = clock
    circuit = Circuit(mostFaults: 3, pause: 5) { clock.now }
  }

  private func fail(_ times: Int) {
    for _ in 0..<times {
      #expect(circuit.enter())
      circuit.failed()
    }
  }

  @Test("opens after faults in a row; a success between them counts from the start")
  func opening() {
    fail(2)
    #expect(circuit.enter())
    circuit.succeeded()
    fail(2)
    #expect(circuit.isPassable)
    fail(1)
    #expect(!circuit.isPassable && !circuit.enter() && circuit.secondsLeft == 5)
  }

  @Test("admits one probe after its pause; its success closes it, its fault doubles the pause")
  func probing() {
    fail(3)
    clock.advance(5)
    #expect(circuit.isPassable && circuit.enter())
    #expect(!circuit.isPassable && !circuit.enter())
    circuit.failed()
    clock.advance(9.9)
    #expect(!circuit.enter())
    clock.advance(0.1)
    #expect(circuit.enter())
    circuit.succeeded()
    #expect(circuit.secondsLeft == 0 && circuit.enter() && circuit.enter())
  }

  @Test("admits another probe if one ends without an answer")
  func abandoned() {
    fail(3)
    clock.advance(5)
    #expect(circuit.enter())
    circuit.abandoned()
    #expect(circuit.enter())
  }

  @Test("is not opened for longer by calls that were sent before it opened")
  func late() {
    for _ in 0..<6 { #expect(circuit.enter()) }
    for _ in 0..<6 { circuit.failed() }
    #expect(circuit.secondsLeft == 5)
  }
}
