--- Files and folders.
---
--- ```lua
--- local fs = require "fs"
--- for _, name in ipairs(fs.list("photos")) do
---   if fs.extension(name) == "png" then print(name, fs.info("photos/" .. name).size) end
--- end
--- fs.write("out/report.txt", "done\n")                      -- makes the folder too
--- ```
---
--- A path is relative to the folder that the program was started in, and stands for itself: `~` and
--- `*` mean nothing. It is bytes, as the system has it, and need not be UTF-8. What the system refuses
--- is an error of kind `io` that names the path.
---
--- A file that is replaced keeps its mode and its owner, and a link goes on leading to it. Pipes and
--- devices, such as `/dev/stdin`, are read to their end and written to.
---
---@class fs
local fs = {}

local native = select(2, ...)

---@class fs.info
---@field kind "file"|"folder"|"other"
---@field size integer bytes
---@field modified number seconds since 1970, as `os.time` counts them

--- What there is under a path; nil where nothing is. Links are followed.
---@type fun(path: string): fs.info?
fs.info = native.info

--- Whether there is a file, a folder or anything else under a path.
---@param path string
---@return boolean
function fs.exists(path)
  return native.info(path) ~= nil
end

--- The names in a folder, sorted, without `.` and `..`; with `recursive` also what is in its
--- folders, as paths from the folder.
---@type fun(folder: string, options?: { recursive?: boolean }): string[]
fs.list = native.list

--- Makes a folder and those above it, and gives its path; one that is there already is no error.
---@type fun(folder: string): string
fs.mkdir = native.mkdir

--- The bytes of a file, or of what comes out of a pipe: at most 256 MiB, and no more than `--memory`
--- leaves.
---@type fun(path: string): string
fs.read = native.read

--- The SHA-256 of a file's content, in 64 hexadecimal digits. That of a saved picture differs from
--- its `image.sha256`, which is of the picture as the provider gave it, without metadata.
---@type fun(path: string): string
fs.sha256 = native.sha256

--- Writes a whole file and gives its path. It appears whole or not at all; folders are made. With
--- `overwrite = false` a file that is there is an error and stays as it was.
---@type fun(path: string, bytes: string, options?: { overwrite?: boolean }): string
fs.write = native.write

--- Adds to the end of a file, which is made where there is none, and gives its path.
---@type fun(path: string, bytes: string): string
fs.append = native.append

--- Removes a file or an empty folder, with `recursive` a folder and all that is in it. Gives false
--- where there was nothing.
---@type fun(path: string, options?: { recursive?: boolean }): boolean
fs.remove = native.remove

--- Moves a file or a folder and gives its new path. With `overwrite = false` a file of that name is
--- an error; a folder of that name always is.
---@type fun(from: string, to: string, options?: { overwrite?: boolean }): string
fs.move = native.move

--- Copies a file and gives the path of the copy, which appears whole or not at all.
---@type fun(from: string, to: string, options?: { overwrite?: boolean }): string
fs.copy = native.copy

local function check(path, name)
  if type(path) ~= "string" then
    native.fault(("fs.%s: a %s is not allowed (expected a path)"):format(name, type(path)), "path")
  end
  return path
end

--- Joins parts of a path with single slashes; an absolute part leaves out those before it.
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

--- The folder that a path is in: `out` of `out/cat.png`, and `.` of `cat.png`.
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

--- The extension in small letters, without its dot: `png` of `out/Cat.PNG`; empty where there is
--- none.
---@param path string
---@return string
function fs.extension(path)
  return (fs.name(path):match("^.+%.([^.]*)$") or ""):lower()
end

return fs
