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
results.check_place, results.resolve = native.check_place, native.resolve

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

-- How many images a call with these fields makes.
function results.count(fields)
  return math.tointeger(tonumber(fields.n)) or 1
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

-- The stem of an input's file name. An address ends before its query.
local function stem_of(path)
  if path == "-" then return "image" end
  if path:find "^https?://" then path = path:gsub("[?#].*$", "") end
  local stem = fs.stem(path)
  return stem:find "/" and "image" or stem
end

local extensions = { png = "png", jpeg = "jpg", webp = "webp", avif = "avif" }
local formats = { png = "png", jpg = "jpeg", jpeg = "jpeg", webp = "webp", avif = "avif" }

-- The extension of a path if results of the command can be saved under it.
function results.extension(verb, path)
  local extension = fs.extension(path)
  if verb.answer == "job" then return extension == "mp4" and extension or nil end
  return formats[extension] and extension or nil
end

-- The extensions that results get whose name has none.
function results.own_extensions(verb)
  if verb.answer == "job" then return { "mp4" } end
  local format = verb.options.format
  return format and { extensions[format] } or { "png", "jpg", "webp", "avif" }
end

-- Raises an error if the results cannot be saved at `--output` or in `--dir`, before anything is
-- sent.
function results.check_output(verb, count)
  local options = verb.options
  if options.dir then native.check_folder(options.dir) end
  local output, format = options.output, options.format
  if not output then return end
  if count > 1 then
    native.fault(("--output names one file, but there are %d images; --dir takes a folder"):format(
      count), "output")
  end
  if output == "-" then return end
  native.check_place(output)
  local extension, there = fs.extension(output), fs.info(output)
  if there and there.kind == "other" then return end
  if extension ~= "" and not results.extension(verb, output) then
    native.fault(("--output: '%s' has the extension '%s' (expected %s)"):format(output, extension,
      verb.answer == "job" and "mp4" or "png, jpg, webp or avif"), "output")
  end
  if extension ~= "" and format and formats[extension] ~= format then
    native.fault(("--output: '%s' has the extension '%s', but --format is %s"):format(output,
      extension, extensions[format]), "output")
  end
  if there and options.overwrite == "false" then
    native.fault(("--output: '%s' exists, and --overwrite is false"):format(output), "output")
  end
end

-- The text with U+FFFD for each byte that is not UTF-8, as a path may have.
function results.readable(text)
  local parts, start = {}, 1
  while true do
    local count, wrong = utf8.len(text, start)
    if count then return table.concat(parts) .. text:sub(start) end
    parts[#parts + 1] = text:sub(start, wrong - 1) .. "\u{FFFD}"
    start = wrong + 1
  end
end

-- What `--json` prints of a result.
local function facts(value, path)
  local line = { path = results.readable(path) }
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
  elseif path == "-" or fs.extension(path) == "" then
    if path == "-" then path = "/dev/stdout" end
    if verb.answer == "image" and format and format ~= value.format then
      value = value:convert{
        format = extensions[format] and format or "png", quality = save.quality,
        background = save.background,
      }
      save.quality, save.background = nil, nil
    end
  end
  path = value:save(path, save)
  if path ~= "/dev/stdout" then
    lines[#lines + 1] = options.json and json.encode(facts(value, path)) or path
  end
  return path
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

-- Makes a call, and saves what it makes.
function results.make(verb, fields, stem, lines)
  results.call(verb, results.with(verb.fields, fields), function(made)
    for number, value in ipairs(made) do
      local name = #made == 1 and stem or ("%s-%d"):format(stem, number)
      results.save(verb, value, { stem = name }, lines)
    end
  end)
end

-- Does `work(item, index, lines)` for all items at once, and prints the lines in the order of the
-- items. Names the items that failed. Returns the outcomes, which `finish` takes.
function results.each(verb, items, name, work)
  imagine.configure{ concurrency = verb.options.concurrency, rate = verb.options.rate }
  local ready, following, lost = {}, 1, nil
  local function print_ready()
    if verb.plan then return end
    while ready[following] do
      for _, line in ipairs(ready[following]) do
        local written, reason = io.stdout:write(line, "\n")
        lost = lost or not written and reason
      end
      following = following + 1
    end
    local written, reason = io.stdout:flush()
    lost = lost or not written and reason
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
  for index, outcome in ipairs(outcomes) do
    if not outcome.ok and #items > 1 then
      io.stderr:write(("imagine: %s: %s\n"):format(name(items[index], index),
        tostring(outcome.error)))
    end
  end
  outcomes.failed, outcomes.lost = counts[false], lost
  return outcomes
end

-- Does `work(image, stem, lines, path)` for all images that the operands name, and ends the command.
function results.each_image(verb, work)
  local paths, stems = verb.operands, {}
  for index, path in ipairs(paths) do stems[index] = stem_of(path) end
  stems = results.stems(stems)
  results.finish(results.each(
    verb, paths, function(path) return path end,
    function(path, index, lines) work(results.open(path), stems[index], lines, path) end))
end

-- Ends the program with 1 if something failed, so that its run can be resumed. The error of a single
-- item is the command's.
function results.finish(outcomes)
  if outcomes.lost then native.fault("cannot write to standard output: " .. outcomes.lost) end
  if outcomes.failed == 0 then return end
  if #outcomes == 1 then error(outcomes[1].error, 0) end
  os.exit(false, true)
end

return results
