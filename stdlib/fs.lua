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
--- Paths are relative to the working directory of the process. `~` and `*` have no meaning. Paths are
--- bytes and need not be UTF-8. A failed system call raises an error of kind `io` that names the path.
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

local function check(path, name)
  if type(path) ~= "string" then
    native.fault(("fs.%s: a %s is not allowed (expected a path)"):format(name, type(path)), "path")
  end
  return path
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
