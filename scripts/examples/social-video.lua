-- Makes a captioned film for social media from pictures of each scene, and a cover from one frame.
--
--   imagine scripts/examples/social-video.lua SCENES.txt [SOUND]
--
-- Each line of SCENES.txt is a prompt and, behind a bar, its caption.
local scenes = {} ---@type { prompt: string, caption: string }[]
for line in io.lines(arg[1]) do
  local prompt, caption = line:match("^%s*(.-)%s*|%s*(.-)%s*$")
  if prompt then scenes[#scenes + 1] = { prompt = prompt, caption = caption } end
end

local clips = task.map(scenes, function(scene, index)
  local picture = imagine.generate{ prompt = scene.prompt, aspect_ratio = "9:16", seed = index }
  return { image = picture, seconds = 1.5, caption = scene.caption }
end)
-- A moving picture of the first scene comes last.
local waves = clips[1].image:animate{ prompt = scenes[1].prompt, aspect_ratio = "9:16" }:wait()
clips[#clips + 1] = { video = waves, from = 2, to = 3.5, caption = "Follow us" }

local film = imagine.film{
  clips = clips,
  transition = { kind = "fade", seconds = 0.5 },
  audio = arg[2],
  size = "360x640",
}
film:save("social.mp4")
film:frame(0.5):convert{ width = 180 }:save("cover.jpg")
print(("social.mp4\t%dx%d\t%.1f s"):format(film.width, film.height, film.duration))
