--- Files and folders.
---
--- ```lua
--- local fs = require "fs"
--- for _, name in ipairs(fs.list("photos")) do
---   if fs.extension(name) == "png" then print(name, fs.info("photos/" .. name).size) end
--- end
--- fs.write("out/report.txt", "done\n")                      -- creates the folder too
--- ```
---
--- Paths are relative to the working directory of the process. `~` has no meaning, and `*` only for
--- `glob` and `watch`. Paths are bytes and need not be UTF-8. A failed system call raises an error of kind `io` that names the path.
---
--- A replaced file keeps its mode and owner, and a symbolic link keeps pointing to it. Pipes and
--- devices, such as `/dev/stdin`, are read to their end and written to.
---
---@class fs
local fs = {}

local native = select(2, ...)

---@class fs.info
---@field kind "file"|"folder"|"other"
---@field size integer bytes
---@field modified number seconds since 1970, as `os.time` counts them

--- The status of a file or folder; nil if it does not exist. Follows symbolic links.
---@type fun(path: string): fs.info?
fs.info = native.info

--- Whether a path exists.
---@param path string
---@return boolean
function fs.exists(path)
  return native.info(path) ~= nil
end

--- The sorted names in a folder, without `.` and `..`. With `recursive` also the contents of its
--- subfolders, as paths relative to the folder.
---@type fun(folder: string, options?: { recursive?: boolean }): string[]
fs.list = native.list

--- Creates a folder and its parents and returns its path; an existing folder is no error.
---@type fun(folder: string): string
fs.mkdir = native.mkdir

--- The bytes of a file or a pipe: at most 256 MiB, and no more than `--memory` allows.
---@type fun(path: string): string
fs.read = native.read

--- The SHA-256 of a file's content, in 64 hexadecimal digits. For a saved image it differs from
--- `image.sha256`, the hash of the image as the provider sent it, without metadata.
---@type fun(path: string): string
fs.sha256 = native.sha256

--- Writes a file and returns its path. The write is atomic; missing folders are created. With
--- `overwrite = false` an existing file is an error and stays unchanged.
---@type fun(path: string, bytes: string, options?: { overwrite?: boolean }): string
fs.write = native.write

--- Appends to a file, which is created if it does not exist, and returns its path.
---@type fun(path: string, bytes: string): string
fs.append = native.append

--- Removes a file or an empty folder; with `recursive` a folder with its contents. Returns false if
--- it does not exist.
---@type fun(path: string, options?: { recursive?: boolean }): boolean
fs.remove = native.remove

--- Moves a file or a folder and returns its new path. An existing folder at the new path is an error;
--- with `overwrite = false` an existing file is too.
---@type fun(from: string, to: string, options?: { overwrite?: boolean }): string
fs.move = native.move

--- Copies a file and returns the path of the copy. The write is atomic.
---@type fun(from: string, to: string, options?: { overwrite?: boolean }): string
fs.copy = native.copy

-- Other tasks run meanwhile.
local sleep = task and task.sleep

local function check(path, name, what)
  if type(path) ~= "string" then
    what = what or "path"
    native.fault(("fs.%s: a %s is not allowed (expected a %s)"):format(name, type(path), what), what)
  end
  return path
end

--- The sorted paths that match a pattern: `*` stands for any characters of a name, `?` for one,
--- `[a-z]` for one of a set, and `**` for any folders, also none. Names that begin with a dot only match
--- a pattern that does, and `**` follows no links. A pattern that ends with a slash matches folders
--- only, which come without it. A folder that cannot be read has nothing.
---
--- ```lua
--- fs.glob("photos/**/*.jpg")     --> { "photos/2024/1.jpg", "photos/cat.jpg" }
--- ```
---@param pattern string
---@return string[] paths
function fs.glob(pattern)
  check(pattern, "glob", "pattern")
  local glob = require "imagine.fs.glob"
  return glob(native.list, native.info, pattern:sub(1, 1) == "/" and "/" or "", pattern)
end

---@class fs.watch_options
---@field pattern? string only names that match, as for `glob`; `*` by default, and `**` for subfolders too
---@field existing? boolean whether files that are there already count, true by default
---@field interval? number seconds between two checks, 0.5 by default
---@field timeout? number seconds, after which it ends; never by default, and 0 for one check

local watch_types = { pattern = "string", existing = "boolean", interval = "number", timeout = "number" }

local function watch_options(options)
  local given = { pattern = "*", existing = true, interval = 0.5, timeout = math.huge }
  local allowed = { "pattern", "existing", "interval", "timeout" }
  for name, value in next, native.fields(options, "fs.watch", allowed) do
    local expected = watch_types[name]
    local least = name == "interval" and 0.01 or 0
    if type(value) ~= expected or expected == "number" and not (value >= least) then
      native.fault(("fs.watch: field '%s': %s is not allowed (expected %s)"):format(name,
        type(value) == "number" and tostring(value) or "a " .. type(value),
        expected == "number" and "a number from " .. least or "a " .. expected), name)
    end
    given[name] = value
  end
  return given
end

--- The files that come into a folder, one at a time as they come: in a loop, which ends with
--- `timeout`. A file counts when it is complete: when its size and time stay the same between two
--- checks. At the first check, and so with `timeout = 0`, those count whose last change is some seconds
--- old. One that is changed later comes again.
---
--- ```lua
--- for path in fs.watch("inbox", { pattern = "*.jpg" }) do print(path) end
--- ```
---@param folder string
---@param options? fs.watch_options
---@return fun(): string? next
function fs.watch(folder, options)
  check(folder, "watch")
  local given, glob = watch_options(options), require "imagine.fs.glob"
  -- What was last seen of each path, and what was last given out.
  local last, given_out, queue, head = {}, {}, {}, 1
  local start, is_first = native.seconds(), true
  local function look()
    local now, seen = os.time(), {}
    for _, path in ipairs(glob(native.list, native.info, folder, given.pattern)) do
      local info = native.info(path)
      if info and info.kind == "file" then
        local state = info.size .. " " .. info.modified
        seen[path] = state
        -- A copied file has an old time while it is written.
        local is_settled = last[path] == state
          or is_first and now - info.modified > given.interval + 1
        if is_settled and given_out[path] ~= state then
          given_out[path] = state
          queue[#queue + 1] = path
        end
      end
    end
    last, is_first = seen, false
    for path in pairs(given_out) do
      if not seen[path] then given_out[path] = nil end
    end
  end
  local there = native.info(folder)
  if not there or there.kind ~= "folder" then
    native.fault(("fs.watch: there is no folder '%s'"):format(folder), "path")
  end
  if not given.existing then
    look()
    for path, state in pairs(last) do given_out[path] = state end
    queue = {}
  end
  return function()
    while true do
      if queue[head] then
        head = head + 1
        return queue[head - 1]
      end
      queue, head = {}, 1
      look()
      if not queue[1] then
        local left = given.timeout - (native.seconds() - start)
        if not (left > 0) then return nil end
        sleep(math.min(given.interval, left))
      end
    end
  end
end

--- Joins parts of a path with single slashes; an absolute part discards those before it.
---
--- ```lua
--- fs.join("out", "cats/", "1.png")     --> "out/cats/1.png"
--- ```
---@param ... string
---@return string path
function fs.join(...)
  local path = ""
  for index = 1, select("#", ...) do
    local part = check((select(index, ...)), "join")
    if part:sub(1, 1) == "/" then
      path = part
    elseif part ~= "" then
      path = (path == "" or path:sub(-1) == "/") and path .. part or path .. "/" .. part
    end
  end
  return path
end

--- The last part of a path: `cat.tar.gz` of `out/cat.tar.gz`.
---@param path string
---@return string
function fs.name(path)
  return (check(path, "name"):gsub("(.)/+$", "%1"):match("[^/]+$")) or "/"
end

--- The parent folder of a path: `out` of `out/cat.png`, and `.` of `cat.png`.
---@param path string
---@return string
function fs.folder(path)
  local folder = check(path, "folder"):gsub("(.)/+$", "%1"):match("^(.*)/[^/]*$")
  if folder == "" then return "/" end
  return folder or "."
end

--- The last part without its extension: `cat.tar` of `out/cat.tar.gz`, `.profile` of `.profile`.
---@param path string
---@return string
function fs.stem(path)
  local name = fs.name(path)
  return name:match("^(.+)%.[^.]*$") or name
end

--- The extension in lower case, without its dot: `png` of `out/Cat.PNG`; empty if there is none.
---@param path string
---@return string
function fs.extension(path)
  return (fs.name(path):match("^.+%.([^.]*)$") or ""):lower()
end

return fs
