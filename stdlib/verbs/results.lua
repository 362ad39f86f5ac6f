-- What the commands of the shell share: reading their inputs, saving what calls return, and printing
-- it. A command is a function of a table that the program makes from the command line:
--
--   operands    the words that are no options
--   fields      the fields of calls that options gave
--   options     the command's own options
--   step        true for a step over pixels
--   progress    shows how many items are done, have failed, and are there
--   plan        whether nothing is sent, so that nothing is printed
--   operation   the name of the operation; `answer` is "image", "job" or "numbers"
local results = {}

local native = select(2, ...)
local fs, json, slug = require "imagine.fs", require "imagine.json", require "imagine.slug"

results.fault = native.fault
results.slug = slug

-- The lines of standard input for `-`, without empty ones; else the word itself.
function results.lines(word, noun)
  if word ~= "-" then return { word } end
  local lines = {}
  for line in io.lines() do
    line = line:gsub("\r$", "")
    if line:find "%S" then lines[#lines + 1] = line end
  end
  if #lines == 0 then native.fault(("standard input has no %s"):format(noun)) end
  return lines
end

-- An Image from a path, an address, or standard input.
function results.open(path)
  if path ~= "-" then return imagine.open(path) end
  return imagine.decode(io.read "a")
end

-- A copy of the fields of a call, with further ones.
function results.with(fields, more)
  local copy = {}
  for name, value in pairs(fields) do copy[name] = value end
  for name, value in pairs(more) do copy[name] = value end
  return copy
end

-- Raises the error of a call whose fields are wrong, before anything is sent.
function results.check(verb, fields)
  imagine.estimate(results.with(fields, { operation = verb.operation }))
end

-- Stems of file names, made different in their order: `a`, `b`, `a-2`.
function results.stems(texts)
  local stems, used = {}, {}
  for index, text in ipairs(texts) do
    local stem, number = text, 1
    while used[stem] do
      number = number + 1
      stem = ("%s-%d"):format(text, number)
    end
    used[stem], stems[index] = true, stem
  end
  return stems
end

-- The stem of an input's file name.
function results.stem(path)
  return path == "-" and "image" or fs.stem((path:gsub("[?#].*$", "")))
end

-- Why a path that a file of rows gives is no place in the folder of results; nil if it is one.
function results.outside(path)
  local part = path:match "^/" or ("/" .. path .. "/"):match "/(%.%.)/"
  if part then return ("'%s' leaves the folder (expected a path within it)"):format(path) end
  if path:find "\0" or fs.stem(path) == "" then return ("'%s' is no file name"):format(path) end
end

local extensions = { png = "png", jpeg = "jpg", webp = "webp", avif = "avif" }
local writable = { png = true, jpg = true, jpeg = true, webp = true, avif = true }

-- Whether results of the command can be saved under an extension.
function results.may_save(verb, extension)
  if verb.answer == "job" then return extension == "mp4" end
  return writable[extension] or false
end

-- Raises an error if the results cannot be saved at `--output`, before anything is sent.
function results.check_place(verb, count)
  local output = verb.options.output
  if not output then return end
  if count > 1 then
    native.fault(("--output names one file, but there are %d images; --dir takes a folder"):format(
      count), "output")
  end
  local extension, there = fs.extension(output), fs.info(output)
  local is_file = output ~= "-" and (not there or there.kind == "file")
  if is_file and extension ~= "" and not results.may_save(verb, extension) then
    native.fault(("--output: '%s' has the extension '%s' (expected %s)"):format(output, extension,
      verb.answer == "job" and "mp4" or "png, jpg, webp or avif"), "output")
  end
end

-- What `--json` prints of a result.
local function facts(value, path)
  local line = { path = path }
  for _, name in ipairs{
    "width", "height", "duration", "format", "sha256", "prompt", "style", "seed", "provider",
    "cost", "cost_unit",
  } do
    line[name] = value[name]
  end
  return line
end

local save_fields = { "quality", "max_bytes", "min_quality", "background", "overwrite", "metadata" }

-- Saves an Image or a Video, and appends what is printed of it.
--
-- `place.output` is a path, `-` for standard output; without one, `place.stem` is a name in `--dir`,
-- where no file is replaced unless `--overwrite` says so. `place.format` is the format where no
-- extension says it.
function results.save(verb, value, place, lines)
  local options, path, save = verb.options, place.output or verb.options.output, {}
  for _, name in ipairs(save_fields) do save[name] = options[name] end
  local format = place.format or options.format
  if not path then
    local extension = verb.answer == "job" and "mp4" or extensions[format or value.format] or "png"
    path = fs.join(options.dir, ("%s.%s"):format(place.stem, extension))
    if save.overwrite == nil then save.overwrite = place.overwrite or "number" end
  elseif path == "-" then
    path = "/dev/stdout"
    if format and format ~= value.format then
      value = value:convert{
        format = extensions[format] and format or "png", quality = save.quality,
        background = save.background,
      }
      save.quality, save.background = nil, nil
    end
  end
  if verb.answer == "job" then path = value:save(path) else path = value:save(path, save) end
  if path ~= "/dev/stdout" then
    lines[#lines + 1] = options.json and json.encode(facts(value, path)) or path
  end
  return path
end

-- Saves all that one call made, numbered if it is more than one.
function results.save_all(verb, values, stem, lines)
  for number, value in ipairs(values) do
    local name = #values == 1 and stem or ("%s-%d"):format(stem, number)
    results.save(verb, value, { stem = name }, lines)
  end
end

-- Makes a call, and gives its Images or its Video in a list. If only some of the images were made,
-- `keep` gets them before the error is raised.
function results.call(verb, fields, keep)
  local made, value = pcall(imagine[verb.operation], fields)
  if not made then
    local fault = imagine.is_error(value)
    if fault and fault.results then keep(fault.results) end
    error(value, 0)
  end
  if verb.answer == "job" then value = value:wait() end
  keep(type(value) == "table" and value or { value })
end

-- Does `work(item, index, lines)` for all items at once, and prints the lines in the order of the
-- items. Names the items that failed; a single one's error is the command's.
function results.each(verb, items, name, work)
  imagine.configure{ concurrency = verb.options.concurrency, rate = verb.options.rate }
  local ready, following = {}, 1
  local function print_ready()
    if verb.plan then return end
    while ready[following] do
      for _, line in ipairs(ready[following]) do
        local written, reason = io.stdout:write(line, "\n")
        if not written then native.fault("cannot write to standard output: " .. reason) end
      end
      following = following + 1
    end
    io.stdout:flush()
  end
  local counts = { [true] = 0, [false] = 0 }
  verb.progress(0, 0, #items)
  local outcomes = task.settle(items, function(item, index)
    local lines = {}
    local done, fault = pcall(work, item, index, lines)
    ready[index], counts[done] = lines, counts[done] + 1
    verb.progress(counts[true], counts[false], #items)
    print_ready()
    if not done then error(fault, 0) end
    return fault
  end, { limit = 1000 })
  local failed = 0
  for index, outcome in ipairs(outcomes) do
    if not outcome.ok then
      if #items == 1 then error(outcome.error, 0) end
      failed = failed + 1
      io.stderr:write(("imagine: %s: %s\n"):format(name(items[index], index),
        tostring(outcome.error)))
    end
  end
  return outcomes, failed
end

-- Ends the program with 1 if something failed, so that its run can be resumed.
function results.finish(failed)
  if failed > 0 then os.exit(false, true) end
end

return results
