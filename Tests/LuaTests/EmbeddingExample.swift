import Lua

// The article "Embedding Lua in a Swift program" quotes this file from here to its end.

/// A service that knows prices and answers after a while.
actor PriceList {
  private var prices = ["tea": 4.5, "cake": 6.0]

  func price(of name: String) async throws -> Double {
    try await Task.sleep(for: .milliseconds(1))
    guard let price = prices[name] else { throw UnknownGoods(name: name) }
    return price
  }
}

struct UnknownGoods: Error, CustomStringConvertible {
  let name: String
  var description: String { "there is no \(name)" }
}

struct Money: LuaUserdata {
  var amount: Double

  static let luaType = LuaUserdataType<Money>(name: "money") { type in
    type.property("amount") { $0.amount }
    type.method("times") { money, call in
      try call.results(Money(amount: money.amount * call.number(2)))
    }
    type.metamethod("__add") { call in
      let (left, right): (Money, Money) = (try call.get(1), try call.get(2))
      return try call.results(Money(amount: left.amount + right.amount))
    }
    type.description { "\($0.amount) €" }
  }
}

func openShop(_ prices: PriceList, in state: LuaState) throws {
  let shop = try state.makeTable([
    "money": .typed { (amount: Double) in Money(amount: amount) },
    "price": .typedAsync(purpose: "a price") { (name: String) in
      Money(amount: try await prices.price(of: name))
    },
  ])
  try state.globals.set("shop", to: shop)
}

func sumUp(_ goods: [String]) async throws -> Double {
  let interpreter = try LuaInterpreter()
  defer { interpreter.close() }
  let prices = PriceList()
  return try await interpreter.run { state in
    try openShop(prices, in: state)
    try state.globals.set("goods", to: goods)
    try state.run(
      """
      function total()
        local sum = shop.money(0)
        for _, price in ipairs(task.map(goods, shop.price)) do sum = sum + price end
        return sum
      end
      """, name: "=shop")
    guard case .function(let total) = try state.globals.get("total") else { return 0 }
    return try total.call(returning: Money.self).amount
  }
}

/// Describes an error of a script to its author.
func complaint(about source: String) async throws -> String {
  var configuration = LuaConfiguration()
  configuration.memoryLimit = 16 << 20
  configuration.grace = .milliseconds(50)
  let interpreter = try LuaInterpreter(configuration: configuration)
  defer { interpreter.close() }
  interpreter.interrupt(after: .seconds(1), "this takes too long")
  let prices = PriceList()
  do {
    try await interpreter.run { state in
      try openShop(prices, in: state)
      _ = try state.run(source, name: "=order")
    }
    return "nothing"
  } catch let error as LuaError {
    switch (error.kind, error.underlying) {
    case (_, let unknown as UnknownGoods): return "please order something else: \(unknown)"
    case (.memory, _): return "that is too much"
    default: return error.message
    }
  }
}
