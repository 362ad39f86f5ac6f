-- A handful of images at once, in different styles, and a short video.
-- Without a key the built-in engine draws them; with IMAGINE_TOKEN the Imagine API does.
local folder = arg and arg[1] or "out"

local wishes = {
  { prompt = "a lighthouse on a rocky coast at sunset", style = "realistic", aspect_ratio = "16:9" },
  { prompt = "a cat on the roof of a house under the moon", style = "anime", aspect_ratio = "3:4" },
  { prompt = "a city skyline at night, neon lights", style = "flux-dev-fast", aspect_ratio = "16:9" },
  { prompt = "a red boat on a blue lake in the mountains", style = "sdxl-1.0", aspect_ratio = "4:3" },
  { prompt = "a forest in autumn", aspect_ratio = "1:1" },
}

-- The video takes longest, so it goes first; the call returns at once.
local job = imagine.video { prompt = "waves rolling onto a beach at dusk", aspect_ratio = "16:9" }

local paths = task.map(wishes, function(wish, index)
  local image = imagine.generate(wish)
  return image:save(string.format("%s/hello-%d.png", folder, index), { overwrite = true })
end)
for index, path in ipairs(paths) do
  print(path, wishes[index].prompt)
end

print(job:wait():save(folder .. "/hello.mp4", { overwrite = true }), "a short film")
