import Lua
import Testing

@Suite("json")
struct JSONTests {
  @Test("integers stay integers and floats stay floats in both directions")
  func numbers() throws {
    try runLua(
      """
      local json = require "json"
      for text, kind in pairs{
        ["0"] = "integer", ["-7"] = "integer", ["9223372036854775807"] = "integer",
        ["-9223372036854775808"] = "integer", ["1.0"] = "float", ["-0.0"] = "float",
        ["0.1"] = "float", ["1e-07"] = "float", ["1e+21"] = "float",
        ["1.7976931348623157e+308"] = "float", ["5e-324"] = "float",
      } do
        local value = json.decode(text)
        assert(math.type(value) == kind, text)
        assert(json.encode(value) == text, json.encode(value))
      end
      assert(json.decode "1E3" == 1000.0 and math.type(json.decode "1E3") == "float")
      -- More than 64 bits; and more digits than a double has, rounded once.
      assert(json.decode "18446744073709551615" == 18446744073709551615.0)
      assert(json.decode "123456789012345678901234567890" == 1.2345678901234568e29)
      assert(json.decode "0.1000000000000000055511151231257827" == 0.1)
      """)
  }

  @Test("booleans, null and strings are decoded and encoded unchanged")
  func values() throws {
    try runLua(
      #"""
      local json = require "json"
      local value = json.decode [[
        {"t": true, "f": false, "n": null, "s": "\u00e9\n\ud83d\ude00\u0000"}]]
      assert(value.t == true and value.f == false and value.s == "é\n😀\0")
      assert(value.n == json.null and value.n ~= nil and tostring(value.n) == "null")
      assert(json.encode(value) == '{"f":false,"n":null,"s":"é\\n😀\\u0000","t":true}')
      assert(json.encode(nil) == "null" and json.encode "a\"\\/\b\f\r\t\27" == [["a\"\\/\b\f\r\t\u001b"]])
      assert(json.decode ' "text" ' == "text")
      """#)
  }

  @Test("drop_null leaves out null fields and keeps null in lists")
  func droppedNull() throws {
    try runLua(
      """
      local json = require "json"
      local value = json.decode('{"a": null, "b": [1, null, 3]}', { drop_null = true })
      assert(value.a == nil and #value.b == 3 and value.b[2] == json.null)
      """)
  }

  @Test("a list stays a list, even when it is empty")
  func lists() throws {
    try runLua(
      """
      local json = require "json"
      assert(json.encode{} == "{}" and json.encode(json.array()) == "[]")
      local list = {}
      assert(json.array(list) == list and json.encode{ list = list } == '{"list":[]}')
      local value = json.decode '{"a": [], "b": {}, "c": [1]}'
      assert(json.encode(value) == '{"a":[],"b":{},"c":[1]}')
      table.remove(value.c)
      assert(json.encode(value.c) == "[]")
      """)
  }

  @Test("encoding is deterministic with sorted keys, and indented with pretty = true")
  func order() throws {
    try runLua(
      #"""
      local json = require "json"
      local value = {}
      for _, name in ipairs{ "z", "b", "a", "é", "B", "" } do value[name] = #name end
      assert(json.encode(value) == '{"":0,"B":1,"a":1,"b":1,"z":1,"é":2}')
      assert(json.encode({ b = { 1, { c = true } }, a = {} }, { pretty = true }) == [[
      {
        "a": {},
        "b": [
          1,
          {
            "c": true
          }
        ]
      }]])
      """#)
  }

  @Test(
    "invalid JSON is refused",
    arguments: [
      "", " ", "[1,]", "[1 ,\n]", #"{"a":1,}"#, "[,1]", "[1 2]", "[1", "{", #"{"a"}"#, "{a:1}",
      "{'a':1}", "[01]", "[1.]", "[.5]", "[+1]", "[1e]", "[-]", "[NaN]", "[Infinity]", "[tru]",
      "nul", "1 2", "[1]]", #"["a"#, #"["\x"]"#, #"["\u12"]"#, #"["\ud800"]"#, "[\"\t\"]",
      "[\"\n\"]", "// a\n1", "[1]\0", "1\u{0}2\u{0}", "[1e400]", "-1e400", "\u{FEFF}",
      #"["\udc00\ud800"]"#, #"["\ud800\u0041"]"#, "[1,\u{0}2]", "--1", "00", "1.e5",
    ])
  func invalid(text: String) throws {
    let bytes = text.utf8.map { "\\\($0)" }.map { $0.count < 4 ? padded($0) : $0 }.joined()
    let fault = try faultOfLua("require('json').decode('\(bytes)')")
    #expect(fault.contains("json.decode: ") && fault.hasSuffix("[validation]"), "\(fault)")
  }

  /// An escape of three digits, so that a digit after it is not part of it.
  private func padded(_ escape: String) -> String {
    "\\" + String(repeating: "0", count: 4 - escape.count) + escape.dropFirst()
  }

  @Test("commas and brackets in strings are text")
  func commas() throws {
    try runLua(
      #"""
      local json = require "json"
      assert(json.decode [==[["a,", ",]", "\",}", "\\"]]==][2] == ",]")
      """#)
  }

  @Test("a decoding error names its line and column")
  func place() throws {
    #expect(
      try faultOfLua(#"require("json").decode('{"a": 1,\n  x}')"#)
        == "test.lua:1: json.decode: line 2, column 3: a name in quotes is expected [validation]")
    #expect(
      try faultOfLua(#"require("json").decode("[1,\n 2 ,\n]")"#)
        == "test.lua:1: json.decode: line 2, column 4: a trailing comma [validation]")
    #expect(try faultOfLua(#"require("json").decode('"\xff"')"#).contains("Invalid UTF-8"))
  }

  @Test(
    "a value that JSON cannot represent is an error that names its place",
    arguments: [
      ("{ a = { b = { 0/0 } } }", "a.b[1] is not a number"),
      ("{ 1/0 }", "[1] is infinite"),
      ("{ x = print }", "x is a function"),
      ("{ 1, nil, 3 }", "the value has the position 3 but not all before it"),
      ("{ 1, x = 2 }", "the value has both positions and names as keys"),
      ("{ a = { [true] = 1 } }", "a has a boolean as a key"),
      ("{ [0] = 1 }", "the value has the position 0"),
      ("{ s = '\\xff' }", "s is a string that is not UTF-8"),
      ("io.stdout", "the value is a userdata"),
    ])
  func unwritable(value: String, message: String) throws {
    let fault = try faultOfLua("require('json').encode(\(value))")
    #expect(fault.hasPrefix("test.lua:1: json.encode: \(message)"), "\(fault)")
  }

  @Test("a table that contains itself and a text that is nested too deeply are errors")
  func depth() throws {
    #expect(
      try faultOfLua("local t = {}; t.t = t; require('json').encode(t)")
        .contains("is in a table that contains itself"))
    #expect(
      try faultOfLua("require('json').decode(('['):rep(100000) .. (']'):rep(100000))")
        .contains("json.decode: "))
    try runLua(
      """
      local json = require "json"
      local text = ("["):rep(500) .. ("]"):rep(500)
      assert(json.encode(json.decode(text)) == text)
      """)
  }

  @Test("a misspelt option is an error with a suggestion")
  func options() throws {
    #expect(
      try faultOfLua("require('json').encode({}, { prety = true })")
        .contains("did you mean 'pretty'?"))
    #expect(try faultOfLua("require('json').array(1)").contains("a number is not allowed"))
    #expect(try faultOfLua("require('json').decode()").contains("bad argument #1 to 'decode'"))
  }

  @Test("large numbers, duplicate names and surrogate pairs are decoded exactly")
  func exact() throws {
    try runLua(
      #"""
      local json = require "json"
      assert(json.decode "9223372036854775807" == math.maxinteger)
      assert(json.decode "9223372036854775808" == 2^63)
      assert(1 / json.decode "-0" == -math.huge and math.type(json.decode "0") == "integer")
      """#)
    try runLua(
      #"""
      local json = require "json"
      assert(json.decode '{"a":1,"a":2}'.a == 2)
      assert(json.decode [["\ud83d\ude00"]] == "\u{1F600}" and json.decode [["\u0000"]] == "\0")
      local both = json.decode '{"\u{e9}":1,"e\u{301}":2}'
      assert(both["\u{e9}"] == 1 and both["e\u{301}"] == 2)
      assert(json.decode "\u{FEFF}[1]"[1] == 1)
      """#)
  }
}
