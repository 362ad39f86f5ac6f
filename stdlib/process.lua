--- Programs of this machine, without a shell.
---
--- ```lua
--- local process = require "process"
--- local done = process.run({ "exiftool", "-json", "photo.jpg" }, { timeout = 10 })
--- if done.code == 0 then print(done.out) else error(done.err) end
--- process.run({ "lpr" }, { input = "a text\n" })
--- ```
---
--- Other tasks go on meanwhile. A program and all that it has started are one group, without a
--- terminal. The group is killed when the program ends, when its time is over, when its task is
--- cancelled, and when this process ends, however it ends; what leaves the group, as daemons do, goes
--- on. A program gets all variables of this process, keys of providers too. `imagine plan` runs no
--- program and answers with empty texts; a recording does not contain programs, so a replay runs them
--- again.
---
---@class process
local process = {}

local native = select(2, ...)

---@class process.options
---@field input? string its standard input; none by default
---@field timeout? number seconds, after which it is killed and an error of kind `timeout` is raised; no limit by default
---@field env? table<string, string|false> variables beside those of this process; false removes one, as in `{ OPENAI_API_KEY = false }`
---@field cwd? string its working directory

---@class process.result
---@field code integer its exit code; of a program that a signal ended, 128 and the signal's number
---@field out string its standard output: at most 256 MiB, and no more than `--memory` allows
---@field err string its standard error, with the same limits

--- Runs a program to its end. Each word of the list is one argument, byte by byte. The program is a
--- path, relative to `cwd`, or a name that is found in `PATH`. An exit code is no error; a program that
--- cannot be started is one, of kind `io`.
---@type fun(argv: string[], options?: process.options): process.result
process.run = native.run

return process
