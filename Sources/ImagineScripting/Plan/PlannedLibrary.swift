import ImagineAPI
import Lua

/// Replaces functions of the standard library so that a script in plan mode writes nothing and
/// waits for nothing. Writes are noted and can be read back, `print` goes to stderr, commands are
/// not run. C modules are not affected.
struct PlannedLibrary: Sendable {
  let files: PlannedAssetStore

  func install(in state: LuaState) throws {
    let prelude = try state.load(Self.prelude, name: "=plan")
    try prelude.call(
      LuaNativeFunction { [files] call in
        files.plan.add(file: FilePath(bytes: try call.bytes(1)).description)
        return .none
      },
      LuaNativeFunction { [files] call in
        let bytes = try files.content(ofFile: FilePath(bytes: call.bytes(1)))
        return try call.results(bytes.map { .string(LuaString($0)) } ?? LuaValue.nil)
      },
      LuaNativeFunction { [files] call in try call.results(files.sha256(of: call.bytes(1))) })
  }

  private static let prelude = """
    local note, saved, hash = ...
    local type, require = type, require
    -- A program may leave out libraries; what is replaced in these reaches no script then.
    local io = io or { open = type, tmpfile = type, output = type }
    local os, task, package = os or {}, task or {}, package or { searchers = {} }
    local open, tmpfile, output, sleep = io.open, io.tmpfile, io.output, task.sleep
    local time = os.time or function() return 0 end

    -- Content by path: written by the library, or saved.
    local written = {}
    local function content(path) return written[path] or saved(path) end

    -- Writes go to an unnamed temporary file.
    function io.open(path, mode)
      if type(path) ~= "string" then return open(path, mode) end
      if mode == nil or not tostring(mode):find("[wa+]") then
        local bytes = content(path)
        if not bytes then return open(path, mode) end
        local file = tmpfile()
        file:write(bytes)
        file:seek("set")
        return file
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
      if not io.stderr then return end
      local words = table.pack(...)
      for index = 1, words.n do words[index] = tostring(words[index]) end
      io.stderr:write(table.concat(words, "\\t"), "\\n")
    end

    function io.popen() return tmpfile() end
    function os.execute(command) return command == nil and false or true, "exit", 0 end
    function os.remove() return true end
    function os.rename(path, target)
      note(target)
      written[target] = content(path)
      return true
    end

    function task.sleep() sleep(0) end

    -- The modules of the library, when a script requires them.
    local planned = {}

    function planned.fs(fs)
      local read, exists, info, sha256 = fs.read, fs.exists, fs.info, fs.sha256
      local list, mkdir, watch = fs.list, fs.mkdir, fs.watch

      -- Folders that are not on the disk.
      local made = {}
      local function is_made(path)
        return type(path) == "string" and made[(path:gsub("(.)/+$", "%1"))] or false
      end
      local function make(path)
        while not info(path) do
          made[(path:gsub("(.)/+$", "%1"))] = true
          path = fs.folder(path)
        end
      end

      function fs.mkdir(path)
        local there = info(path)
        if there and there.kind ~= "folder" then return mkdir(path) end
        make(path)
        return path
      end
      function fs.list(folder, options)
        return is_made(folder) and not info(folder) and {} or list(folder, options)
      end
      function fs.watch(folder, options)
        local is_empty = is_made(folder) and not info(folder)
        -- What it is given is checked as it is.
        watch(is_empty and "." or folder, options)
        if is_empty then return function() end end
        local given = {}
        for name, value in next, options or given do given[name] = value end
        given.timeout = 0
        return watch(folder, given)
      end
      function fs.write(path, bytes)
        note(path)
        make(fs.folder(path))
        written[path] = bytes
        return path
      end
      function fs.append(path, bytes)
        return fs.write(path, (fs.exists(path) and fs.read(path) or "") .. bytes)
      end
      function fs.copy(path, target) return fs.write(target, fs.read(path)) end
      function fs.move(path, target)
        local there = fs.info(path)
        if there and there.kind == "file" then return fs.copy(path, target) end
        note(target)
        return target
      end
      function fs.remove(path) return fs.exists(path) end
      function fs.read(path) return content(path) or read(path) end
      function fs.sha256(path)
        local bytes = content(path)
        return bytes and hash(bytes) or sha256(path)
      end
      function fs.exists(path)
        return content(path) ~= nil or is_made(path) or exists(path)
      end
      function fs.info(path)
        local bytes = content(path)
        if not bytes then
          return info(path) or is_made(path) and {kind = "folder", size = 0, modified = time()} or nil
        end
        return {kind = "file", size = #bytes, modified = time()}
      end
      return fs
    end

    local searcher = package.searchers[2]
    package.searchers[2] = function(name)
      local loader, where = searcher(name)
      local change = planned[type(name) == "string" and name:match("^imagine%.(.*)") or name]
      if type(loader) ~= "function" or not change then return loader, where end
      return function(...) return change(loader(...)) end, where
    end
    """
}
