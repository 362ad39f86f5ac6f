import Lua
import Testing

@Suite("csv")
struct CSVTests {
  @Test("the header names the fields of every row")
  func header() throws {
    try runLua(
      """
      local rows, columns = require "csv".decode("prompt,seed\\na cat,7\\na dog,\\n")
      assert(#rows == 2 and rows[1].prompt == "a cat" and rows[1].seed == "7")
      assert(rows[2].prompt == "a dog" and rows[2].seed == nil)
      assert(#columns == 2 and columns[1] == "prompt" and columns[2] == "seed")
      """)
  }

  @Test("quotes, separators and line breaks in quoted cells are text")
  func quoted() throws {
    try runLua(
      #"""
      local rows = require "csv".decode('a,b\n"x, ""y""\nz",2\n"",3')
      assert(rows[1].a == 'x, "y"\nz' and rows[1].b == "2")
      assert(rows[2].a == "" and rows[2].b == "3")
      """#)
  }

  @Test("a byte order mark, CRLF and empty lines from spreadsheets are accepted")
  func spreadsheets() throws {
    try runLua(
      #"""
      local csv = require "csv"
      local rows, columns = csv.decode("\xEF\xBB\xBFa,b\r\n\r\n1,2\r\n\"x\r\ny\",\r\n,,\r\n")
      assert(columns[1] == "a" and #rows == 2)
      assert(rows[1].a == "1" and rows[1].b == "2" and rows[2].a == "x\r\ny")
      assert(csv.decode("a\r1\r2\r")[2].a == "2")
      assert(#csv.decode "" == 0 and #csv.decode "a,b" == 0)
      """#)
  }

  @Test("without a header a row is a list, and the separator may be chosen")
  func lists() throws {
    try runLua(
      #"""
      local csv = require "csv"
      local rows = csv.decode('1;;3\n"";\n', { header = false, separator = ";" })
      assert(#rows[1] == 3 and rows[1][2] == "" and #rows[2] == 2)
      assert(csv.encode(rows, { header = false, separator = ";" }) == '1;"";3\n"";""\n')
      assert(csv.decode("a^b\n1^2", { separator = "^" })[1].b == "2")
      """#)
  }

  @Test(
    "an error names its line",
    arguments: [
      (#"a,b\n1,2\n1,2,3"#, "line 3: cell 3, '3', has no column name"),
      (#"a,b\n\n"x\ny",2\n"1"2,3"#, "line 5: text after the closing quote"),
      (#"a\n1\n"2\n"#, "line 3: a quoted cell has no closing quote"),
      (#"a\n1"2\n"#, "line 2: a quote in a cell"),
      (#"a,b,a\n"#, "line 1: two columns are named 'a'"),
    ])
  func faults(text: String, message: String) throws {
    let fault = try faultOfLua("require('csv').decode('\(text)')")
    #expect(fault.hasPrefix("test.lua:1: csv.decode: \(message)"), "\(fault)")
  }

  @Test("encoded rows are decoded unchanged")
  func roundTrip() throws {
    try runLua(
      #"""
      local csv = require "csv"
      local rows = {
        { text = 'a "b", c', lines = "x\ny\r\nz", empty = "", spaces = " s " },
        { text = "é", lines = "\r" }, { empty = "" },
        { text = "=1+1", lines = "," },
      }
      local again, columns = csv.decode(csv.encode(rows))
      assert(#again == #rows and table.concat(columns, " ") == "empty lines spaces text")
      for index, row in ipairs(rows) do
        for _, name in ipairs(columns) do assert(again[index][name] == row[name], name) end
      end
      -- One column, where an empty line would be no row.
      assert(#csv.decode(csv.encode({ {}, { a = "1" } })) == 2)
      """#)
  }

  @Test("columns are written in the given order")
  func columns() throws {
    try runLua(
      """
      local csv = require "csv"
      local text = csv.encode({ { b = 1.5, a = true, c = 0 } }, { columns = { "b", "a", "d" } })
      assert(text == "b,a,d\\n1.5,true,\\n")
      """)
  }

  @Test("JSON Lines keep the types of their values, and an error names its line")
  func lines() throws {
    try runLua(
      #"""
      local csv = require "csv"
      local rows = csv.decode_lines('{"seed": 7, "tags": ["a"], "style": null}\r\n\n{"seed": 8}')
      assert(#rows == 2 and rows[1].seed == 7 and rows[1].tags[1] == "a" and rows[1].style == nil)
      assert(csv.encode_lines(rows) == '{"seed":7,"tags":["a"]}\n{"seed":8}\n')
      """#)
    #expect(
      try faultOfLua(#"require("csv").decode_lines('{"a":1}\n{"a":}')"#)
        == "test.lua:1: csv.decode_lines: line 2, column 6: this is not a JSON value [validation]")
    #expect(try faultOfLua(#"require("csv").decode_lines("7")"#).contains("a number is not a row"))
    #expect(
      try faultOfLua("require('csv').encode_lines{ {}, { print } }")
        .contains("csv.encode_lines: row 2: [1] is a function"))
  }

  @Test("the extension of a path decides the format", arguments: ["csv", "TSV", "jsonl", "ndjson"])
  func files(suffix: String) throws {
    let folder = try ScratchFolder()
    try runLua(
      """
      local csv, fs = require "csv", require "fs"
      local path = "\(folder.path)/deep/rows.\(suffix)"
      assert(csv.write(path, { { a = "x y", b = "1" }, { b = "," } }) == path)
      local rows = csv.read(path)
      assert(#rows == 2 and rows[1].a == "x y" and rows[2].a == nil and rows[2].b == ",")
      assert(fs.read(path):find("^a\\tb") ~= nil == (fs.extension(path) == "tsv"))
      """)
  }

  @Test("a value that a cell cannot hold is an error that names its row and column")
  func unwritable() throws {
    #expect(
      try faultOfLua("require('csv').encode{ { a = 1 }, { a = {} } }")
        .contains("csv.encode: row 2, column 'a' is a table"))
    #expect(
      try faultOfLua("require('csv').encode{ { 'a' } }")
        .contains("row 1 has a number for a column's name"))
    #expect(
      try faultOfLua("require('csv').encode({}, { colums = {} })")
        .contains("csv.encode: unknown field 'colums'; did you mean 'columns'?"))
  }

  @Test("a thousand rows are decoded as they were encoded")
  func many() throws {
    try runLua(
      """
      local csv, rows = require "csv", {}
      for index = 1, 1000 do rows[index] = { prompt = "a cat, number " .. index, seed = index } end
      local again = csv.decode(csv.encode(rows))
      assert(#again == 1000 and again[1000].prompt == "a cat, number 1000")
      """)
  }

  @Test("rows of only separators are skipped, but an encoded empty row is read back")
  func empty() throws {
    try runLua(
      #"""
      local csv = require "csv"
      assert(#csv.decode("prompt,style\r\na cat,anime\r\n,\r\n,\r\n") == 1)
      assert(#csv.decode("a,b\r\r1,2\r\r,\r3,4") == 2)
      assert(#csv.decode(",\na,b\n", { header = false }) == 1)
      assert(#csv.decode('a,b\n"",""\n') == 1)
      local rows = { { a = "1" }, {}, { b = "2" } }
      assert(#csv.decode(csv.encode(rows)) == 3)
      """#)
  }

  @Test("a number is encoded without loss or refused")
  func numbers() throws {
    try runLua(
      #"""
      local csv = require "csv"
      local numbers = {
        2^53, 2^53 + 2, 1/3, 0.1, 1e300, 5e-324, -0.0, 3.0, 7, math.maxinteger, math.mininteger, 1e15,
      }
      for _, number in ipairs(numbers) do
        local text = csv.decode(csv.encode{ { n = number } })[1].n
        assert(tonumber(text) == number and math.type(tonumber(text)) == math.type(number), text)
      end
      assert(csv.encode{ { n = 0.1 } } == "n\n0.1\n")
      for _, number in ipairs{ 0/0, math.huge, -math.huge } do
        local ok, fault = pcall(csv.encode, { { n = number } })
        assert(not ok and fault.field == "n" and fault.kind == "validation")
      end
      """#)
  }
}
