// Types that an embedding program names: errors, prices, paths, and Lua values. Import the modules
// for all others.
@_exported public import struct ImagineAPI.FilePath
@_exported public import struct ImagineAPI.ImagineError
@_exported public import struct ImagineAPI.JobStatus
@_exported public import struct ImagineAPI.Price
@_exported public import struct ImagineRuns.RunSummary
@_exported public import struct Lua.LuaError
@_exported public import class Lua.LuaState
@_exported public import enum Lua.LuaValue
