--- Chooses the best of several images by a number.
---
--- ```lua
--- local choose = require "choose"
--- local best = choose.best(imagine.generate{ prompt = "a lighthouse", n = 4, seed = 1 })
--- best[1]:save("lighthouse.png")                                                  -- the sharpest
--- local two, scores = choose.best(images, { keep = 2, score = function(image)
---   return -image:difference(original).mean                           -- those nearest to another
--- end })
--- ```
---
--- Numbers are measured on this machine. Nothing is paid for: a call in a score function is an error
--- of kind `budget`.
---
---@class choose
local choose = {}

local native = select(2, ...)

---@class choose.options
---@field score? "brightness"|"contrast"|"saturation"|"sharpness"|"opacity"|fun(image: imagine.Image, index: integer): number a number of `image:measure()`, `sharpness` by default; or a function, whose highest number is the best
---@field keep? integer how many, 1 by default

local numbers = { "brightness", "contrast", "saturation", "sharpness", "opacity" }
local max_images = 10000

local function fault(message, ...)
  native.fault("choose: " .. message:format(...))
end

local function check(options)
  local given = native.fields(options, "choose.best", { "score", "keep" })
  local score, keep = given.score == nil and "sharpness" or given.score, given.keep or 1
  if math.type(keep) ~= "integer" or keep < 1 then
    fault("option 'keep': %s is not allowed (expected an integer of at least 1)",
      type(keep) == "number" and tostring(keep) or "a " .. type(keep))
  end
  if type(score) ~= "function" then
    local nearest, known = type(score) == "string" and native.nearest(score, numbers), false
    for _, name in ipairs(numbers) do known = known or name == score end
    if not known then
      fault("option 'score': %s is not allowed%s (expected one of %s, or a function)",
        type(score) == "string" and "'" .. score .. "'" or "a " .. type(score),
        nearest and "; did you mean '" .. nearest .. "'?" or "", table.concat(numbers, ", "))
    end
  end
  return score, keep
end

-- Another userdata may not even have fields.
local function is_image(value)
  if type(value) ~= "userdata" then return false end
  local ok, has_fields = pcall(function() return value.sha256 and value.measure ~= nil end)
  return ok and has_fields
end

--- The best images, the best first, and their scores. Of equal ones the earlier is better; if there
--- are fewer than `keep`, all of them.
---@param images imagine.Image[]
---@param options? choose.options
---@return imagine.Image[] images
---@return number[] scores
function choose.best(images, options)
  local score, keep = check(options)
  if type(images) ~= "table" then fault("the images are a %s (expected a list)", type(images)) end
  local list = {}
  for index = 1, max_images + 1 do
    local image = images[index]
    if image == nil then break end
    if not is_image(image) then
      fault("item %d is a %s (expected an Image)", index, type(image))
    end
    list[index] = image
  end
  if #list > max_images then fault("there are more than %d images", max_images) end

  local imagine = require "imagine"
  local scores = imagine.budget({ calls = 0 }, function()
    return task.map(list, function(image, index)
      if type(score) == "string" then return image:measure()[score] end
      return score(image, index)
    end, { limit = 4 })
  end)
  local order = {}
  for index = 1, #list do
    local number = scores[index]
    if type(number) ~= "number" or number ~= number then
      fault("the score of image %d is %s (expected a number)", index,
        type(number) == "number" and "not a number" or "a " .. type(number))
    end
    order[index] = index
  end
  table.sort(order, function(one, other)
    if scores[one] ~= scores[other] then return scores[one] > scores[other] end
    return one < other
  end)
  local best, best_scores = {}, {}
  for place = 1, math.min(keep, #order) do
    best[place], best_scores[place] = list[order[place]], scores[order[place]]
  end
  return best, best_scores
end

return choose
