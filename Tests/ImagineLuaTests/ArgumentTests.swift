import Lua
import Testing

@Suite("args")
struct ArgumentTests {
  private static let specification = """
    {
      name = "draw.lua", summary = "Draws.",
      { "table", help = "a CSV file" },
      { "--out", "-o", value = "FOLDER", default = "out", help = "where the images go" },
      { "--limit", type = "integer", min = 1, max = 64, default = 8, help = "at a time" },
      { "--scale", type = "number" },
      { "--style", choices = { "anime", "realistic" } },
      { "--tag", "-t", many = true },
      { "--dry-run", "-n", help = "draw nothing" },
      { "--quiet", "-q" },
    }
    """

  /// Runs `check` with `read`, `fault` and `equal` for the specification.
  private func run(_ check: String) throws {
    try runLua(
      """
      local args = require "args"
      local specification = \(Self.specification)
      local function read(...) return args.read(specification, { ... }) end
      local function fault(...)
        local values, message = read(...)
        assert(values == nil)
        return message
      end
      local function equal(a, b) if a ~= b then error(("got %s"):format(a), 2) end end
      \(check)
      """)
  }

  @Test("options, flags and operands are read in any order and spelling")
  func spellings() throws {
    try run(
      """
      local values = read("rows.csv")
      equal(values.table, "rows.csv") equal(values.out, "out") equal(values.limit, 8)
      equal(values.dry_run, false) equal(values.scale, nil) equal(#values.tag, 0)
      values = read("-nq", "-opics", "--limit=4", "-t", "a", "--tag=b", "--scale", "1.5", "rows.csv")
      equal(values.dry_run, true) equal(values.quiet, true) equal(values.out, "pics")
      equal(math.type(values.limit), "integer") equal(values.limit, 4) equal(values.scale, 1.5)
      equal(table.concat(values.tag, " "), "a b") equal(values.table, "rows.csv")
      equal(read("-no", "x", "rows.csv").out, "x")
      equal(read("--out=", "r").out, "") equal(read("--out", "-x", "r").out, "-x")
      equal(read("--", "--out").table, "--out") equal(read("-").table, "-") equal(read("-5").table, "-5")
      """)
  }

  @Test("an invalid argument is an error that names it and what is allowed")
  func faults() throws {
    try run(
      """
      equal(fault(), "TABLE is missing")
      equal(fault("a", "b"), "unexpected argument 'b'")
      equal(fault("a", "--lmit=3"), "unknown option '--lmit', did you mean '--limit'?")
      equal(fault("a", "-x"), "unknown option '-x', did you mean '-o'?")
      equal(fault("a", "--limit"), "--limit: a value is missing")
      equal(fault("a", "--limit", "many"), "--limit: 'many' is not an integer")
      equal(fault("a", "--limit", "2.5"), "--limit: '2.5' is not an integer")
      equal(fault("a", "--limit", "0"), "--limit: 0 is less than 1")
      equal(fault("a", "--limit", "65"), "--limit: 65 is more than 64")
      equal(fault("a", "--scale", "x"), "--scale: 'x' is not a number")
      equal(fault("a", "--dry-run=yes"), "--dry-run takes no value")
      equal(fault("a", "--style=anme"),
        "--style: 'anme' is not allowed, did you mean 'anime'? (expected one of: anime, realistic)")
      """)
  }

  @Test("operands may be required, optional or take the rest")
  func operands() throws {
    try run(
      """
      local spec = { { "first" }, { "second", default = "b" }, { "rest", many = true, required = false } }
      local values = args.read(spec, { "a" })
      equal(values.second, "b") equal(#values.rest, 0)
      values = args.read(spec, { "1", "2", "3", "4" })
      equal(values.first .. values.second .. table.concat(values.rest), "1234")
      equal(select(2, args.read({ { "--token", required = true } }, {})), "--token is missing")
      """)
  }

  @Test("the help lists all operands and options, aligned")
  func help() throws {
    let help = try runLua("return require('args').help(\(Self.specification))").first?.text
    #expect(
      help == """
        usage: draw.lua [options] TABLE

        Draws.

        operands:
          TABLE  a CSV file

        options:
          -o, --out FOLDER   where the images go (default: out)
              --limit LIMIT  at a time (default: 8)
              --scale SCALE
              --style STYLE  (anime, realistic)
          -t, --tag TAG      (may be repeated)
          -n, --dry-run      draw nothing
          -q, --quiet
          -h, --help         show this help

        """)
  }

  @Test("parse exits with 0 after the help and with 64 after an invalid argument")
  func ends() throws {
    for (word, code, text) in [
      ("--help", "0", "usage: draw.lua [options] TABLE\n\nDraws."),
      (
        "--nothing", "64",
        "draw.lua: unknown option '--nothing'\nusage: draw.lua [options] TABLE\n"
          + "try draw.lua --help\n"
      ),
    ] {
      let results = try runLua(
        """
        local text, code = {}, nil
        local stream = { write = function(_, ...) text[#text + 1] = table.concat{ ... } end }
        io.stdout, io.stderr = stream, stream
        os.exit = function(status) code = status; error("exit", 0) end
        pcall(require "args".parse, \(Self.specification))
        return tostring(code), table.concat(text)
        """, arguments: [word])
      #expect(results.first?.text == code)
      #expect(results.last?.text?.hasPrefix(text) == true, "\(results)")
    }
  }

  @Test("an invalid specification is an error of the script")
  func specifications() throws {
    #expect(try faultOfLua("require('args').read{ { '--x', defualt = 1 } }").contains("'default'?"))
    #expect(
      try faultOfLua("require('args').read{ { '--x' }, { '--x' } }").contains("declared twice"))
    #expect(try faultOfLua("require('args').read{ { 'a', many = true }, { 'b' } }").contains("'a'"))
    #expect(try faultOfLua("require('args').read{ { '--x', type = 'int' } }").contains("integer"))
    #expect(try faultOfLua("require('args').read()").contains("a nil"))
  }
}
