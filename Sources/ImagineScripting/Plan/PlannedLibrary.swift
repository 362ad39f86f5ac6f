import ImagineCore
import Lua

/// Changes the standard library of a state so that a script writes nothing and waits for nothing:
/// what it would write is noted, what it prints goes to stderr, commands are not run.
struct PlannedLibrary: Sendable {
  let plan: ScriptPlan

  func install(in state: LuaState) throws {
    let prelude = try state.load(Self.prelude, name: "=plan")
    try prelude.call(
      LuaNativeFunction { [plan] call in
        plan.add(file: try call.string(1))
        return .none
      })
  }

  private static let prelude = """
    local note = ...
    local open, tmpfile, output, sleep = io.open, io.tmpfile, io.output, task.sleep
    local type, require = type, require

    -- What a script writes goes to a file without a name.
    function io.open(path, mode)
      if type(path) ~= "string" or mode == nil or not tostring(mode):find("[wa+]") then
        return open(path, mode)
      end
      note(path)
      return tmpfile()
    end

    function io.output(file)
      if type(file) ~= "string" then return output(file) end
      note(file)
      return output(tmpfile())
    end
    output(io.stderr)
    io.stdout = io.stderr

    function print(...)
      local words = table.pack(...)
      for index = 1, words.n do words[index] = tostring(words[index]) end
      io.stderr:write(table.concat(words, "\\t"), "\\n")
    end

    function io.popen() return tmpfile() end
    function os.execute(command) return command == nil and false or true, "exit", 0 end
    function os.remove() return true end
    function os.rename() return true end

    function task.sleep() sleep(0) end

    -- The library's own ways of writing, once a script asks for them. What was written can be read.
    local searcher = package.searchers[2]
    package.searchers[2] = function(name)
      local loader, where = searcher(name)
      if type(loader) ~= "function" or (name ~= "fs" and name ~= "imagine.fs") then
        return loader, where
      end
      return function(...)
        local fs = loader(...)
        local read, exists, written = fs.read, fs.exists, {}
        function fs.write(path, bytes)
          note(path)
          written[path] = bytes
          return path
        end
        function fs.append(path, bytes)
          return fs.write(path, (fs.exists(path) and fs.read(path) or "") .. bytes)
        end
        function fs.copy(path, target) return fs.write(target, fs.read(path)) end
        function fs.move(path, target) return target end
        function fs.mkdir(path) return path end
        function fs.remove(path) return fs.exists(path) end
        function fs.read(path) return written[path] or read(path) end
        function fs.exists(path) return written[path] ~= nil or exists(path) end
        return fs
      end, where
    end
    """
}
