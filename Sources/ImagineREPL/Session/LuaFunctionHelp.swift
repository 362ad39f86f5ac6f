/// A line of help for each of Lua's own functions.
enum LuaFunctionHelp {
  struct Entry {
    /// Such as `string.rep(s, n [, sep])`.
    let signature: String
    let meaning: String

    var line: String { "\(signature): \(meaning)" }
  }

  /// The entry of a name such as `string.rep`; nil for another name.
  static func named(_ name: String) -> Entry? { entries[name] }

  private static let entries: [String: Entry] = {
    var entries: [String: Entry] = [:]
    for line in table.split(separator: "\n") {
      let parts = line.split(separator: "  ", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let name = String(parts[0].prefix { $0 != "(" })
      entries[name] = Entry(
        signature: String(parts[0]), meaning: String(parts[1].drop { $0 == " " }))
    }
    return entries
  }()

  private static let table = """
    assert(v [, message])  raises an error if v is false or nil; else returns its arguments
    collectgarbage([option [, arg]])  collects garbage; "count" returns the memory in kB
    dofile([path])  runs a file and returns its results
    error(message [, level])  raises an error; level 2 blames the caller
    getmetatable(object)  the metatable of a value, or its __metatable field
    ipairs(list)  goes through a list: for i, value in ipairs(list)
    load(chunk [, name [, mode [, env]]])  compiles a text and returns it as a function, or nil and a message
    loadfile([path [, mode [, env]]])  compiles a file and returns it as a function, or nil and a message
    next(table [, key])  the next key of a table and its value; nil at the end
    pairs(table)  goes through a table: for key, value in pairs(table)
    pcall(f, ...)  calls f; returns true and its results, or false and the error
    print(...)  writes values with tabs between them, and a newline
    rawequal(a, b)  a == b without metamethods
    rawget(table, key)  a field without metamethods
    rawlen(v)  the length of a table or string without metamethods
    rawset(table, key, value)  sets a field without metamethods
    require(name)  loads a module once and returns it
    select(n, ...)  the arguments from the n-th on; "#" returns their number
    setmetatable(table, metatable)  sets the metatable of a table, and returns the table
    tonumber(v [, base])  the number in a text; nil if it is none
    tostring(v)  the text of a value
    type(v)  the type of a value, as text
    warn(message, ...)  writes a warning to standard error; "@on" and "@off" switch it
    xpcall(f, handler, ...)  calls f as pcall does; an error goes through handler first
    coroutine.close(co)  closes a coroutine and its to-be-closed variables
    coroutine.create(f)  a new coroutine with the body f
    coroutine.isyieldable([co])  true if the coroutine can yield
    coroutine.resume(co, ...)  runs a coroutine until it yields or ends; true and values, or false and the error
    coroutine.running()  the running coroutine, and whether it is the main one
    coroutine.status(co)  "running", "suspended", "normal" or "dead"
    coroutine.wrap(f)  a function that resumes a new coroutine with the body f
    coroutine.yield(...)  suspends the running coroutine; its resume returns the arguments
    debug.debug()  reads and runs lines until "cont"
    debug.gethook([thread])  the current hook, its mask and its count
    debug.getinfo([thread,] f [, what])  a table about a function or a level of the stack
    debug.getlocal([thread,] f, n)  name and value of the n-th local of a level
    debug.getmetatable(v)  the metatable of a value, without __metatable
    debug.getregistry()  the registry table
    debug.getupvalue(f, n)  name and value of the n-th upvalue of f
    debug.getuservalue(u, n)  the n-th user value of a userdata
    debug.setcstacklimit(limit)  does nothing any more
    debug.sethook([thread,] hook, mask [, count])  calls hook at calls, returns, lines or after count instructions
    debug.setlocal([thread,] level, n, value)  sets the n-th local of a level
    debug.setmetatable(v, metatable)  sets the metatable of any value
    debug.setupvalue(f, n, value)  sets the n-th upvalue of f
    debug.setuservalue(u, value, n)  sets the n-th user value of a userdata
    debug.traceback([thread,] [message [, level]])  the stack as text
    debug.upvalueid(f, n)  an identifier of the n-th upvalue of f
    debug.upvaluejoin(f1, n1, f2, n2)  makes an upvalue of f1 refer to one of f2
    io.close([file])  closes a file, or the default output
    io.flush()  writes what the default output has buffered
    io.input([file])  the default input; an argument sets it
    io.lines([path, ...])  goes through the lines of a file: for line in io.lines(path)
    io.open(path [, mode])  opens a file: "r", "w", "a", "r+", "w+", "a+", with "b"; nil and a message if it fails
    io.output([file])  the default output; an argument sets it
    io.popen(program [, mode])  starts a program and reads from it ("r") or writes to it ("w")
    io.read(...)  reads from the default input: "l" a line, "n" a number, "a" all, or a count of bytes
    io.tmpfile()  a temporary file, removed at the end
    io.type(v)  "file", "closed file" or nil
    io.write(...)  writes to the default output
    math.abs(x)  the absolute value
    math.acos(x)  the arc cosine, in radians
    math.asin(x)  the arc sine, in radians
    math.atan2(y, x)  math.atan(y, x), of older versions
    math.atan(y [, x])  the arc tangent of y / x, in radians
    math.ceil(x)  the smallest integer that is not below x
    math.cos(x)  the cosine of x radians
    math.cosh(x)  the hyperbolic cosine, of older versions
    math.deg(x)  radians as degrees
    math.exp(x)  e to the power of x
    math.floor(x)  the largest integer that is not above x
    math.fmod(x, y)  the remainder of x / y, rounded towards zero
    math.frexp(x)  mantissa and exponent of x, of older versions
    math.ldexp(m, e)  m times 2 to the power of e, of older versions
    math.log10(x)  the logarithm to base 10, of older versions
    math.log(x [, base])  the logarithm, natural by default
    math.max(x, ...)  the largest argument
    math.min(x, ...)  the smallest argument
    math.modf(x)  the integral part of x and its fractional part
    math.pow(x, y)  x ^ y, of older versions
    math.rad(x)  degrees as radians
    math.random([m [, n]])  a float in [0, 1), or an integer from m (1 by default) to n
    math.randomseed([x [, y]])  sets the seed of math.random
    math.sin(x)  the sine of x radians
    math.sinh(x)  the hyperbolic sine, of older versions
    math.sqrt(x)  the square root
    math.tan(x)  the tangent of x radians
    math.tanh(x)  the hyperbolic tangent, of older versions
    math.tointeger(x)  x as an integer; nil if it is none
    math.type(x)  "integer", "float" or nil
    math.ult(m, n)  true if m < n as unsigned integers
    os.clock()  processor time of the program, in seconds
    os.date([format [, time]])  a time as text, or with "*t" as a table
    os.difftime(t2, t1)  seconds from t1 to t2
    os.execute([command])  runs a shell command: true or nil, "exit" or "signal", and the code
    os.exit([code [, close]])  ends the program
    os.getenv(name)  an environment variable; nil if it is not set
    os.remove(path)  deletes a file or an empty folder
    os.rename(old, new)  renames a file
    os.setlocale([locale [, category]])  sets or returns the locale
    os.time([table])  seconds since 1970, now or of a table with year, month, day
    os.tmpname()  the path of a new temporary file
    package.loadlib(path, name)  links a C library and returns one of its functions
    package.searchpath(name, path [, sep [, rep]])  the file that a path template finds for a module
    string.byte(s [, i [, j]])  the bytes i to j as numbers
    string.char(...)  a string of bytes
    string.dump(f [, strip])  the compiled code of a function
    string.find(s, pattern [, init [, plain]])  where a pattern matches first: start and end; nil if nowhere
    string.format(format, ...)  formats values: %d, %s, %q, %5.2f, %x
    string.gmatch(s, pattern [, init])  goes through all matches: for word in string.gmatch(s, "%a+")
    string.gsub(s, pattern, replacement [, n])  replaces matches by a text, a table's fields or a function's results
    string.len(s)  the number of bytes
    string.lower(s)  the text in lower case
    string.match(s, pattern [, init])  the first match, or its captures; nil if there is none
    string.pack(format, ...)  packs values into binary
    string.packsize(format)  the size of a packed string, in bytes
    string.rep(s, n [, sep])  n copies of s, with sep between them
    string.reverse(s)  the bytes in reverse order
    string.sub(s, i [, j])  the bytes i to j; negative ones count from the end
    string.unpack(format, s [, pos])  the values in a packed string, and the position behind them
    string.upper(s)  the text in upper case
    table.concat(list [, sep [, i [, j]]])  the elements as one text, with sep between them
    table.insert(list, [pos,] value)  inserts a value, at the end by default
    table.move(a, f, e, t [, b])  copies the elements f to e of a to position t, of a or of b
    table.pack(...)  a list of the arguments with their number n
    table.remove(list [, pos])  removes an element, the last by default, and returns it
    table.sort(list [, less])  sorts a list in place
    table.unpack(list [, i [, j]])  the elements i to j as values
    utf8.char(...)  the text of code points
    utf8.codepoint(s [, i [, j [, lax]]])  the code points of the characters that start at bytes i to j
    utf8.codes(s [, lax])  goes through the characters: for position, code in utf8.codes(s)
    utf8.len(s [, i [, j [, lax]]])  the number of characters; nil and a position if s is not UTF-8
    utf8.offset(s, n [, i])  the byte where the n-th character starts
    """
}
