-- Generates at the first provider that can: a server on the own GPU, a paid one, the built-in engine.
--
--   imagine scripts/examples/fallback-chain.lua "a red bicycle" gpu imagine local
--
-- The next one is asked only where the one before has certainly charged nothing.
local slug = require "slug"
local prompt, members = arg[1] or "a red bicycle", {}
for index = 2, #arg do members[#members + 1] = { provider = arg[index], retries = 0 } end
if #members == 0 then members = { "local" } end

local studio = imagine.chain{ members = members, drop = { "steps", "negative_prompt", "style" } }
imagine.configure{ budget = { USD = 1 }, allow_unpriced = true }
local image = studio.generate{
  prompt = prompt, negative_prompt = "text", steps = 30, aspect_ratio = "3:2", seed = 11,
}
print(image:save(slug(prompt) .. ".png"), "by " .. image.provider)
