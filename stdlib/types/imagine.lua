---@meta imagine
--- The globals of an Imagine script, for editors. Point `workspace.library` of the Lua language
--- server at the folder `stdlib`, which describes the modules too.

--- An image argument: an Image, or the path of a file.
---@alias imagine.image imagine.Image|string

-- begin generated: calls (scripts/describe writes this part; do not edit)

---@alias imagine.style
---| "anime" # flat, outlined characters and scenes in the manner of anime; 5 tokens
---| "flux-dev" # futuristic and experimental: technology, light, bold environments; 15 tokens
---| "flux-dev-fast" # as flux-dev, with fewer steps; 5 tokens
---| "flux-schnell" # abstract, dynamic and unusual; 5 tokens
---| "imagine-turbo" # fast prototypes: speed before detail; 1 tokens
---| "realistic" # lifelike landscapes and portraits with much detail; 5 tokens
---| "sdxl-1.0" # high resolution, sharp lines, vivid colours

---@alias imagine.video_style
---| "fast-svd"
---| "kling-1.0-pro"
---| "kling-1.0-standard"
---| "kling-1.5"
---| "hailuo-ai"
---| "hailuo-live-ai"
---| "imagine-v1"
---| "imagine-v2"
---| "luma-dream-machine-ray-2"
---| string

---@alias imagine.aspect_ratio
---| "1:1" # 1024x1024 at `local`
---| "3:2" # 1248x832 at `local`
---| "4:3" # 1152x864 at `local`
---| "3:4" # 864x1152 at `local`
---| "16:9" # 1280x720 at `local`
---| "9:16" # 720x1280 at `local`

---@alias imagine.video_aspect_ratio
---| "1:1" # 576x576 at `local`
---| "16:9" # 768x432 at `local`
---| "9:16" # 432x768 at `local`

---@alias imagine.provider_name
---| "local" # the built-in engine on this machine; costs nothing
---| "imagine" # the Imagine API of its vendor
---| "openai" # OpenAI, or a compatible service
---| "llmvin" # llm.vin
---| string

---@alias imagine.provider_kind
---| "imagine" # the Imagine API v2
---| "openai" # the images API of OpenAI and compatible services
---| "command" # programs of your own, one for each operation
---| "sdapi" # the API of A1111, Forge, SD.Next, stable-diffusion.cpp and Draw Things
---| "comfy" # ComfyUI, with a workflow for each operation

---@alias imagine.format
---| "png"
---| "jpeg"
---| "webp"
---| "avif"
---| "tiff"
---| "gif"

---@alias imagine.job_status
---| "queued"
---| "processing"
---| "finished"
---| "failed"
---| "cancelled"

---@alias imagine.call_state
---| "intent"
---| "sent"
---| "accepted"
---| "stored"
---| "done"
---| "failed"

---@alias imagine.error_kind
---| "authorization" # the token is missing, unknown, expired, or not allowed to do this
---| "validation" # a field is missing, misspelt, of the wrong type, or outside what is allowed
---| "refused" # the service refuses the content of the request; it is never retried
---| "payment" # the account has no credit left
---| "rate_limit" # too many requests; the same call may work after a wait
---| "unavailable" # the service is unavailable for now, or does not support the call at all
---| "timeout" # the deadline passed
---| "connection" # the service could not be reached, or the connection broke
---| "server" # the service had an internal error
---| "bad_response" # the answer was not in a form that the service documents
---| "not_found" # the service does not know the id
---| "job_failed" # the job ended without a video
---| "uncertain" # the request was sent in an earlier run and no answer was recorded
---| "budget" # the call would exceed a budget
---| "io" # a file could not be read or written
---| "cancelled" # the call was cancelled

--- Options of every call.
---@class imagine.call
---@field provider? imagine.provider_name the provider's name; by default the one that is configured
---@field timeout? number the timeout of each attempt, with the downloads of its images; in seconds; above 0; `120` by default
---@field retries? integer the most retries of a request that provably was not processed; 0 … 20; `2` by default
---@field retry_uncertain? boolean retry even if the call may have been billed; `false` by default
---@field cache? boolean use the answer of an equal call with a seed in an earlier run; `false` by default
---@field extra? table<string, any> fields of the provider that Imagine does not know, sent unchecked

--- Options of a call that returns images.
---@class imagine.picture_call: imagine.call
---@field n? integer how many images; the call then returns a list, even of one image; 1 … 100

--- Options of an edit inside a mask.
---@class imagine.mask_call: imagine.picture_call
---@field composite? boolean put the original back outside the mask if the provider may change it too; `true` by default

---@class imagine.generate_options: imagine.picture_call
---@field prompt string what to generate, in words
---@field style? imagine.style the style of the image; `imagine-turbo` by default
---@field aspect_ratio? imagine.aspect_ratio the aspect ratio, width to height; `1:1` by default
---@field seed? integer the same request with the same seed gives the same image; at least 1
---@field model? string providers of the kind openai: the model
---@field size? string providers of the kind openai: width x height in pixels, such as 1024x1024
---@field approximate? boolean providers of the kind openai: use the size nearest to the aspect ratio
---@field images? imagine.image[] providers of the kind openai: reference images, in the order in which the prompt names them
---@field negative_prompt? string providers of the kind openai: what to leave out; only some models
---@field guidance_scale? number providers of the kind openai: how closely to follow the prompt; only some models; 0 … 100
---@field num_inference_steps? integer providers of the kind openai: steps of the model; only some models; 1 … 1000
---@field output_format? "png"|"jpeg"|"webp" providers of the kind openai: the format of the image
---@field output_compression? integer providers of the kind openai: the quality of lossy formats; 0 … 100
---@field quality? "auto"|"low"|"medium"|"high"|"xhigh"|"max"|string providers of the kind openai: the effort of the model; xhigh and max only of some
---@field background? "transparent"|"opaque"|"auto" providers of the kind openai: whether the background is transparent; only some models
---@field input_fidelity? "low"|"high" providers of the kind openai: how closely to keep input images; only some models
---@field moderation? "low"|"auto" providers of the kind openai: how strictly to filter
---@field user? string providers of the kind openai: your name for your own user, for abuse reports
---@field mask? imagine.image providers of the kind command: an image of the same size in pixels: white is edited, black is kept
---@field width? integer providers of the kind command: the width; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field height? integer providers of the kind command: the height; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field strength? number providers of the kind sdapi: how much of the image is painted anew: 0 changes nothing; 0 … 1
---@field steps? integer providers of the kind sdapi: steps of the model; 1 … 1000
---@field cfg_scale? number providers of the kind sdapi: how closely to follow the prompt; 0 … 100
---@field sampler? string providers of the kind sdapi: the sampler, such as DPM++ 2M
---@field scheduler? string providers of the kind sdapi: the noise schedule, such as Karras
---@class imagine.generate_call: imagine.generate_options
---@field image? imagine.image providers of the kind command: the image to edit
---@class imagine.generate_calls: imagine.generate_call
---@field n integer how many images; the call then returns a list, even of one image; 1 … 100

---@class imagine.png_options: imagine.picture_call
---@field prompt string what to generate, in words
---@field aspect_ratio? imagine.aspect_ratio the aspect ratio, width to height; `1:1` by default
---@field seed? integer the same request with the same seed gives the same image; at least 1
---@field mask? imagine.image providers of the kind command: an image of the same size in pixels: white is edited, black is kept
---@field width? integer providers of the kind command: the width; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field height? integer providers of the kind command: the height; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field negative_prompt? string providers of the kind comfy: what to leave out
---@class imagine.png_call: imagine.png_options
---@field image? imagine.image providers of the kind command: the image to edit
---@class imagine.png_calls: imagine.png_call
---@field n integer how many images; the call then returns a list, even of one image; 1 … 100

---@class imagine.remove_background_options: imagine.picture_call
---@field prompt? string providers of the kind openai: what to tell the model in place of our words
---@field model? string providers of the kind openai: the model
---@field size? string providers of the kind openai: width x height in pixels, such as 1024x1024
---@field aspect_ratio? imagine.aspect_ratio providers of the kind openai: the aspect ratio, if one of the service's sizes has it
---@field approximate? boolean providers of the kind openai: use the size nearest to the aspect ratio
---@field seed? integer providers of the kind openai: the seed; only some models take one, and OpenAI's do not; at least 1
---@field negative_prompt? string providers of the kind openai: what to leave out; only some models
---@field guidance_scale? number providers of the kind openai: how closely to follow the prompt; only some models; 0 … 100
---@field num_inference_steps? integer providers of the kind openai: steps of the model; only some models; 1 … 1000
---@field output_format? "png"|"jpeg"|"webp" providers of the kind openai: the format of the image
---@field output_compression? integer providers of the kind openai: the quality of lossy formats; 0 … 100
---@field quality? "auto"|"low"|"medium"|"high"|"xhigh"|"max"|string providers of the kind openai: the effort of the model; xhigh and max only of some
---@field background? "transparent"|"opaque"|"auto" providers of the kind openai: whether the background is transparent; only some models
---@field input_fidelity? "low"|"high" providers of the kind openai: how closely to keep input images; only some models
---@field moderation? "low"|"auto" providers of the kind openai: how strictly to filter
---@field user? string providers of the kind openai: your name for your own user, for abuse reports
---@field mask? imagine.image providers of the kind command: an image of the same size in pixels: white is edited, black is kept
---@field width? integer providers of the kind command: the width; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field height? integer providers of the kind command: the height; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@class imagine.remove_background_call: imagine.remove_background_options
---@field image imagine.image the image to edit

---@class imagine.upscale_options: imagine.picture_call
---@field prompt? string providers of the kind command: what to generate, in words
---@field mask? imagine.image providers of the kind command: an image of the same size in pixels: white is edited, black is kept
---@field width? integer providers of the kind command: the width; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field height? integer providers of the kind command: the height; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field aspect_ratio? imagine.aspect_ratio providers of the kind command: the aspect ratio, width to height
---@field seed? integer providers of the kind command: the same request with the same seed gives the same image; at least 1
---@field scale? number providers of the kind sdapi: how many times as wide and high; 1 … 8
---@field upscaler? string providers of the kind sdapi: the upscaler, one that `imagine models` lists
---@field negative_prompt? string providers of the kind comfy: what to leave out
---@class imagine.upscale_call: imagine.upscale_options
---@field image imagine.image the image to edit

---@class imagine.fill_options: imagine.mask_call
---@field prompt string what to generate, in words
---@field mask imagine.image an image of the same size in pixels: white is edited, black is kept
---@field images? imagine.image[] providers of the kind openai: reference images, in the order in which the prompt names them
---@field model? string providers of the kind openai: the model
---@field size? string providers of the kind openai: width x height in pixels, such as 1024x1024
---@field aspect_ratio? imagine.aspect_ratio providers of the kind openai: the aspect ratio, if one of the service's sizes has it
---@field approximate? boolean providers of the kind openai: use the size nearest to the aspect ratio
---@field seed? integer providers of the kind openai: the seed; only some models take one, and OpenAI's do not; at least 1
---@field negative_prompt? string providers of the kind openai: what to leave out; only some models
---@field guidance_scale? number providers of the kind openai: how closely to follow the prompt; only some models; 0 … 100
---@field num_inference_steps? integer providers of the kind openai: steps of the model; only some models; 1 … 1000
---@field output_format? "png"|"jpeg"|"webp" providers of the kind openai: the format of the image
---@field output_compression? integer providers of the kind openai: the quality of lossy formats; 0 … 100
---@field quality? "auto"|"low"|"medium"|"high"|"xhigh"|"max"|string providers of the kind openai: the effort of the model; xhigh and max only of some
---@field background? "transparent"|"opaque"|"auto" providers of the kind openai: whether the background is transparent; only some models
---@field input_fidelity? "low"|"high" providers of the kind openai: how closely to keep input images; only some models
---@field moderation? "low"|"auto" providers of the kind openai: how strictly to filter
---@field user? string providers of the kind openai: your name for your own user, for abuse reports
---@field width? integer providers of the kind command: the width; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field height? integer providers of the kind command: the height; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field strength? number providers of the kind sdapi: how much of the image is painted anew: 0 changes nothing; 0 … 1
---@field steps? integer providers of the kind sdapi: steps of the model; 1 … 1000
---@field cfg_scale? number providers of the kind sdapi: how closely to follow the prompt; 0 … 100
---@field sampler? string providers of the kind sdapi: the sampler, such as DPM++ 2M
---@field scheduler? string providers of the kind sdapi: the noise schedule, such as Karras
---@class imagine.fill_call: imagine.fill_options
---@field image imagine.image the image to edit

---@class imagine.resize_options: imagine.picture_call
---@field prompt? string what to generate, in words
---@field mask? imagine.image an image of the same size in pixels: white is edited, black is kept
---@field aspect_ratio? imagine.aspect_ratio the new aspect ratio, width to height
---@field width? integer providers of the kind command: the width; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field height? integer providers of the kind command: the height; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field seed? integer providers of the kind command: the same request with the same seed gives the same image; at least 1
---@field negative_prompt? string providers of the kind sdapi: what to leave out
---@field strength? number providers of the kind sdapi: how much of the image is painted anew: 0 changes nothing; 0 … 1
---@field steps? integer providers of the kind sdapi: steps of the model; 1 … 1000
---@field cfg_scale? number providers of the kind sdapi: how closely to follow the prompt; 0 … 100
---@field sampler? string providers of the kind sdapi: the sampler, such as DPM++ 2M
---@field scheduler? string providers of the kind sdapi: the noise schedule, such as Karras
---@field model? string providers of the kind sdapi: the model, one that `imagine models` lists; by default the one that is loaded
---@class imagine.resize_call: imagine.resize_options
---@field image imagine.image the image to edit

---@class imagine.retouch_options: imagine.mask_call
---@field mask imagine.image an image of the same size in pixels: white is edited, black is kept
---@field prompt? string providers of the kind openai: what to tell the model in place of our words
---@field images? imagine.image[] providers of the kind openai: reference images, in the order in which the prompt names them
---@field model? string providers of the kind openai: the model
---@field size? string providers of the kind openai: width x height in pixels, such as 1024x1024
---@field aspect_ratio? imagine.aspect_ratio providers of the kind openai: the aspect ratio, if one of the service's sizes has it
---@field approximate? boolean providers of the kind openai: use the size nearest to the aspect ratio
---@field seed? integer providers of the kind openai: the seed; only some models take one, and OpenAI's do not; at least 1
---@field negative_prompt? string providers of the kind openai: what to leave out; only some models
---@field guidance_scale? number providers of the kind openai: how closely to follow the prompt; only some models; 0 … 100
---@field num_inference_steps? integer providers of the kind openai: steps of the model; only some models; 1 … 1000
---@field output_format? "png"|"jpeg"|"webp" providers of the kind openai: the format of the image
---@field output_compression? integer providers of the kind openai: the quality of lossy formats; 0 … 100
---@field quality? "auto"|"low"|"medium"|"high"|"xhigh"|"max"|string providers of the kind openai: the effort of the model; xhigh and max only of some
---@field background? "transparent"|"opaque"|"auto" providers of the kind openai: whether the background is transparent; only some models
---@field input_fidelity? "low"|"high" providers of the kind openai: how closely to keep input images; only some models
---@field moderation? "low"|"auto" providers of the kind openai: how strictly to filter
---@field user? string providers of the kind openai: your name for your own user, for abuse reports
---@field width? integer providers of the kind command: the width; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field height? integer providers of the kind command: the height; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field strength? number providers of the kind sdapi: how much of the image is painted anew: 0 changes nothing; 0 … 1
---@field steps? integer providers of the kind sdapi: steps of the model; 1 … 1000
---@field cfg_scale? number providers of the kind sdapi: how closely to follow the prompt; 0 … 100
---@field sampler? string providers of the kind sdapi: the sampler, such as DPM++ 2M
---@field scheduler? string providers of the kind sdapi: the noise schedule, such as Karras
---@class imagine.retouch_call: imagine.retouch_options
---@field image imagine.image the image to edit

---@class imagine.add_background_options: imagine.picture_call
---@field prompt string what to generate, in words
---@field style? "product-shoot" the only style of this operation; `product-shoot` by default
---@field seed? integer the same request with the same seed gives the same image; at least 1
---@field images? imagine.image[] providers of the kind openai: reference images, in the order in which the prompt names them
---@field model? string providers of the kind openai: the model
---@field size? string providers of the kind openai: width x height in pixels, such as 1024x1024
---@field aspect_ratio? imagine.aspect_ratio providers of the kind openai: the aspect ratio, if one of the service's sizes has it
---@field approximate? boolean providers of the kind openai: use the size nearest to the aspect ratio
---@field negative_prompt? string providers of the kind openai: what to leave out; only some models
---@field guidance_scale? number providers of the kind openai: how closely to follow the prompt; only some models; 0 … 100
---@field num_inference_steps? integer providers of the kind openai: steps of the model; only some models; 1 … 1000
---@field output_format? "png"|"jpeg"|"webp" providers of the kind openai: the format of the image
---@field output_compression? integer providers of the kind openai: the quality of lossy formats; 0 … 100
---@field quality? "auto"|"low"|"medium"|"high"|"xhigh"|"max"|string providers of the kind openai: the effort of the model; xhigh and max only of some
---@field background? "transparent"|"opaque"|"auto" providers of the kind openai: whether the background is transparent; only some models
---@field input_fidelity? "low"|"high" providers of the kind openai: how closely to keep input images; only some models
---@field moderation? "low"|"auto" providers of the kind openai: how strictly to filter
---@field user? string providers of the kind openai: your name for your own user, for abuse reports
---@field mask? imagine.image providers of the kind command: an image of the same size in pixels: white is edited, black is kept
---@field width? integer providers of the kind command: the width; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field height? integer providers of the kind command: the height; by default that of the image or of the aspect ratio; in pixels; 1 … 16384
---@field strength? number providers of the kind sdapi: how much of the image is painted anew: 0 changes nothing; 0 … 1
---@field steps? integer providers of the kind sdapi: steps of the model; 1 … 1000
---@field cfg_scale? number providers of the kind sdapi: how closely to follow the prompt; 0 … 100
---@field sampler? string providers of the kind sdapi: the sampler, such as DPM++ 2M
---@field scheduler? string providers of the kind sdapi: the noise schedule, such as Karras
---@class imagine.add_background_call: imagine.add_background_options
---@field image imagine.image the image to edit

---@class imagine.video_call: imagine.call
---@field prompt string what to generate, in words
---@field style? imagine.video_style the model that generates the video; `fast-svd` by default
---@field aspect_ratio? imagine.video_aspect_ratio the aspect ratio, width to height; `16:9` by default
---@field model? string providers of the kind openai: the model of videos
---@field seconds? integer providers of the kind openai: the duration; in seconds; 1 … 600
---@field size? string providers of the kind openai: width x height in pixels, such as 1280x720
---@field seed? integer providers of the kind openai: the seed; only some models take one, and OpenAI's do not; at least 1
---@field negative_prompt? string providers of the kind openai: what to leave out; only some models
---@field guidance_scale? number providers of the kind openai: how closely to follow the prompt; only some models; 0 … 100
---@field num_inference_steps? integer providers of the kind openai: steps of the model; only some models; 1 … 1000
---@field fps? integer providers of the kind openai: frames a second; only some models; 1 … 240
---@field num_frames? integer providers of the kind openai: how many frames; only some models; 1 … 100000
---@field width? integer providers of the kind comfy: the width; by default that of the workflow; in pixels; 1 … 16384
---@field height? integer providers of the kind comfy: the height; by default that of the workflow; in pixels; 1 … 16384

---@class imagine.animate_options: imagine.call
---@field prompt string what to generate, in words
---@field style? imagine.video_style the model that generates the video; `fast-svd` by default
---@field aspect_ratio? imagine.video_aspect_ratio the aspect ratio; by default that of the image
---@field model? string providers of the kind openai: the model of videos
---@field seconds? integer providers of the kind openai: the duration; in seconds; 1 … 600
---@field size? string providers of the kind openai: width x height in pixels, such as 1280x720
---@field seed? integer providers of the kind openai: the seed; only some models take one, and OpenAI's do not; at least 1
---@field negative_prompt? string providers of the kind openai: what to leave out; only some models
---@field guidance_scale? number providers of the kind openai: how closely to follow the prompt; only some models; 0 … 100
---@field num_inference_steps? integer providers of the kind openai: steps of the model; only some models; 1 … 1000
---@field fps? integer providers of the kind openai: frames a second; only some models; 1 … 240
---@field num_frames? integer providers of the kind openai: how many frames; only some models; 1 … 100000
---@field width? integer providers of the kind comfy: the width; by default that of the workflow; in pixels; 1 … 16384
---@field height? integer providers of the kind comfy: the height; by default that of the workflow; in pixels; 1 … 16384
---@class imagine.animate_call: imagine.animate_options
---@field image imagine.image the first frame of the video

---@class imagine.conversion
---@field width? integer the width to write; by default it follows from the other side, or stays; in pixels; 1 … 16384
---@field height? integer the height to write; by default it follows from the other side, or stays; in pixels; 1 … 16384
---@field fit? "contain"|"cover"|"fill"|"pad" how the image fits a box of another shape: whole, cropped, stretched, or whole with edges; `contain` by default
---@field background? string the color below what is transparent and of edges; else they are transparent, and white in JPEG; a name, #rrggbb, #rrggbbaa or transparent
---@field kernel? "lanczos"|"cubic"|"linear"|"nearest" how pixels are computed; nearest keeps the colors of pixel art; `lanczos` by default
---@field format? "png"|"jpeg"|"webp"|"avif" the format to write; by default the image's own, or png if that cannot be written
---@field quality? integer the quality of lossy formats; 1 … 100; `90` by default

---@class imagine.save_options
---@field quality? integer the quality of JPEG, WebP and AVIF; by default 90, and as it is for a file that stays; 1 … 100
---@field max_bytes? integer the most bytes of the file; its quality is lowered to fit; in bytes; 1 … 2147483648
---@field min_quality? integer the least quality that max_bytes may cause; 1 … 100; `40` by default
---@field background? string the color below what is transparent and of edges; else they are transparent, and white in JPEG; a name, #rrggbb, #rrggbbaa or transparent
---@field overwrite? boolean|"number" whether a file may be replaced; "number" saves it as NAME-2, NAME-3, … instead; `true` by default
---@field metadata? boolean whether the file contains how it was made; `true` by default

--- A length for each edge: pixels, or a share such as `10%`.
---@class imagine.margins
---@field top? number|string
---@field right? number|string
---@field bottom? number|string
---@field left? number|string

---@class imagine.crop_step
---@field x? number|string the left edge; negative counts from the right edge; 0 by default; -16384 … 16384, or such as 50%
---@field y? number|string the upper edge; negative counts from the lower edge; 0 by default; -16384 … 16384, or such as 50%
---@field width? number|string the width; by default to the right edge; 1 … 16384, or such as 50%
---@field height? number|string the height; by default to the lower edge; 1 … 16384, or such as 50%
---@field aspect_ratio? "1:1"|"3:2"|"4:3"|"3:4"|"16:9"|"9:16"|string in place of them: the largest part of this shape, width to height
---@field gravity? "center"|"attention" which part of that shape: the middle, or the most interesting one

---@class imagine.pad_step
---@field margin number|string|imagine.margins the width of the edges; a share is one of the side, a single one of the shorter; top, right, bottom, left
---@field background? string the color of the edges; a name, #rrggbb, #rrggbbaa or transparent; `transparent` by default

---@class imagine.trim_step
---@field margin? integer how much of the edges to keep; in pixels; 0 … 16384; `0` by default
---@field threshold? integer how far a channel may differ from that color, of 255; 0 … 255; `10` by default

---@class imagine.rotate_step
---@field degrees number how far; negative to the left; -360 … 360
---@field background? string the color of the corners; a name, #rrggbb, #rrggbbaa or transparent; `transparent` by default

---@class imagine.flip_step
---@field direction "horizontal"|"vertical" whether left and right change places, or top and bottom

---@class imagine.adjust_step
---@field brightness? number darker or lighter; -100 … 100; `0` by default
---@field contrast? number flatter or stronger; -100 … 100; `0` by default
---@field saturation? number paler or more colorful; -100 is gray; -100 … 100; `0` by default
---@field hue? number turns all colors; 100 and -100 are half the circle; -100 … 100; `0` by default
---@field sharpen? number how much to sharpen edges; 0 … 100; `0` by default
---@field blur? number the radius of a blur, in pixels; 0 … 100; `0` by default
---@field gray? boolean whether to remove all color; `false` by default

---@class imagine.paste_step
---@field image imagine.image the image to put onto it
---@field x? number|string its left edge; negative counts from the right edge; 0 by default; -16384 … 16384, or such as 50%
---@field y? number|string its upper edge; negative counts from the lower edge; 0 by default; -16384 … 16384, or such as 50%
---@field width? number|string its width, a share of the other image's; by default its own; 1 … 16384, or such as 50%
---@field opacity? number 0 is invisible; 0 … 1; `1` by default
---@field blend? "over"|"multiply"|"screen"|"overlay"|"darken"|"lighten"|"add"|"difference" how its colors meet those below; `over` by default

---@class imagine.label_step
---@field text string the text, as it is: it has no markup
---@field x? number|string its left edge; negative counts from the right edge; by default by align; -16384 … 16384, or such as 50%
---@field y? number|string its upper edge; negative counts from the lower edge; by default at the bottom; -16384 … 16384, or such as 50%
---@field size? number|string the size of the letters; a share is one of the image's height; 4 … 1000, or such as 50%; `5%` by default
---@field width? number|string where lines break; by default at the image's edge; 1 … 16384, or such as 50%
---@field font? string family and style of an installed font; the nearest one if there is none; `Sans Bold` by default
---@field color? string the color of the letters; a name, #rrggbb, #rrggbbaa or transparent; `white` by default
---@field background? string the color behind the text; a name, #rrggbb, #rrggbbaa or transparent; `#00000099` by default
---@field align? "left"|"center"|"right" where lines are placed; `center` by default
---@field padding? number|string the edge of the background around the text; by default half the size; 0 … 1000, or such as 50%

---@class imagine.canvas_step
---@field width integer the width; in pixels; 1 … 16384
---@field height integer the height; in pixels; 1 … 16384
---@field background? string its color; a name, #rrggbb, #rrggbbaa or transparent; `transparent` by default

---@class imagine.sheet_step
---@field images imagine.image[] the images, row by row
---@field columns? integer images in a row; by default about as many as rows; 1 … 500
---@field cell? integer the side of the square that each image is fitted into; in pixels; 16 … 2048; `320` by default
---@field labels? string[] a text below each image, of at most two lines
---@field title? string a line above all
---@field background? string the color between the images; a name, #rrggbb, #rrggbbaa or transparent; `white` by default

---@class imagine.mask_step
---@field image? imagine.image whose size it has; without shapes, what is opaque or bright in it is edited
---@field width? integer the width, without an image; in pixels; 1 … 16384
---@field height? integer the height, without an image; in pixels; 1 … 16384
---@field shapes? { shape: "rectangle"|"ellipse", x?: number|string, y?: number|string, width?: number|string, height?: number|string }[] what is edited; x and y are 0 by default, the sides go to the edge; shape, x, y, width, height
---@field feather? number|string the width of a soft edge; a share is one of the shorter side; 0 … 1000, or such as 50%; `0` by default
---@field invert? boolean edit the rest instead; `false` by default

---@class imagine.grow_step
---@field pixels integer how far; negative narrows it; in pixels; -500 … 500

---@class imagine.combine_step
---@field mask imagine.image the other mask, of the same size
---@field mode? "union"|"intersect"|"subtract" what is edited: the white of either, of both, or of the first alone; `union` by default

---@class imagine.difference_step
---@field image imagine.image the other image

---@class imagine.film_step
---@field clips { image?: imagine.image, video?: imagine.Video|string, seconds?: number, from?: number, to?: number, caption?: string }[] an image or a video each, with a caption; what has another shape gets edges; image, video, seconds, from, to, caption
---@field transition? { kind?: "fade"|"black", seconds?: number } between clips; a cut by default; kind, seconds
---@field audio? string the sound, cut or filled with silence to the film's length
---@field size? string width and height such as 1280x720, even; by default about the first clip's
---@field fps? integer what clips of another rate are brought to; in pictures a second; 1 … 60; `24` by default

---@class imagine.frame_step
---@field seconds number the time in the video; its length gives the last picture; in seconds; 0 … 1000000000

---@class imagine.wait_options
---@field provider? imagine.provider_name the job's provider; by default the one that issued its id
---@field timeout? number the timeout of the wait, with the download of the video; in seconds; above 0; `1800` by default
---@field on_progress? fun(job: imagine.Job) called with the job when its status or progress has changed

---@class imagine.settings
---@field provider? imagine.provider_name the provider of calls that name none
---@field timeout? number the timeout of each attempt, with the downloads of its images; in seconds; above 0; `120` by default
---@field retries? integer the most retries of a request that provably was not processed; 0 … 20; `2` by default
---@field retry_uncertain? boolean retry even if the call may have been billed; `false` by default
---@field cache? boolean whether calls use the cache unless they set it
---@field defaults? table<string, string|number|boolean> fields of calls that do not set them and can have them
---@field concurrency? integer the most calls in flight at each service; 1 … 1000; `8` by default
---@field rate? integer the most calls that begin in a minute at each service; in calls a minute; 1 … 100000
---@field budget? number|imagine.limit the most that the run may spend
---@field max_calls? integer the most calls that the run may make; 0 … 1000000000
---@field allow_unpriced? boolean whether a budget allows calls without a known price

--- The functions of one provider: those of `imagine`, or of what `imagine.provider` returns.
---@class imagine.client
local client = {}

--- Generates an image from a prompt.
---
--- Returns an Image of about one megapixel in the aspect ratio; with `n`, a list of them.
---@param call string|imagine.generate_call a prompt, or the fields
---@return imagine.Image
---@overload fun(call: imagine.generate_calls): imagine.Image[]
function client.generate(call) end

--- Generates a subject on a transparent background, as a PNG.
---
--- Returns an Image of about one megapixel in the aspect ratio, with alpha; with `n`, a list of them.
---@param call string|imagine.png_call a prompt, or the fields
---@return imagine.Image
---@overload fun(call: imagine.png_calls): imagine.Image[]
function client.png(call) end

--- Cuts out the subject, as a PNG with alpha.
---
--- Returns an Image of the given image's size; with `n`, a list of them.
---@param call imagine.image|imagine.remove_background_call an image, or the fields
---@return imagine.Image
function client.remove_background(call) end

--- Doubles width and height.
---
--- Returns an Image of twice the width and height; with `n`, a list of them.
---@param call imagine.image|imagine.upscale_call an image, or the fields
---@return imagine.Image
function client.upscale(call) end

--- Generates what the prompt says where the mask is white.
---
--- Returns an Image of the given image's size; with `n`, a list of them.
---@param call imagine.fill_call
---@return imagine.Image
function client.fill(call) end

--- Changes the aspect ratio of an image without stretching it.
---
--- Returns an Image of the new aspect ratio; without one, of the given image's size; with `n`, a list of them.
---@param call imagine.image|imagine.resize_call an image, or the fields
---@return imagine.Image
function client.resize(call) end

--- Removes what the mask covers in white.
---
--- Returns an Image of the given image's size; with `n`, a list of them.
---@param call imagine.retouch_call
---@return imagine.Image
function client.retouch(call) end

--- Generates a background for a cut-out subject.
---
--- Returns an Image of the given image's size; with `n`, a list of them.
---@param call imagine.add_background_call
---@return imagine.Image
function client.add_background(call) end

--- Generates a video from a prompt; returns a job, since it takes minutes.
---
--- Returns a Job whose video is an MP4 with H.264.
---@param call string|imagine.video_call a prompt, or the fields
---@return imagine.Job
function client.video(call) end

--- Generates a video from an image; returns a job, since it takes minutes.
---
--- Returns a Job whose video is an MP4 with H.264.
---@param call imagine.animate_call
---@return imagine.Job
function client.animate(call) end

-- end generated: calls

--- Requests a job's status.
---@param job imagine.Job|string a Job or its id
---@param options? { provider?: string }
---@return imagine.Job
function client.status(job, options) end

--- Waits for a job's video and downloads it.
---@param job imagine.Job|string a Job or its id
---@param options? imagine.wait_options
---@return imagine.Video
function client.wait(job, options) end

--- Deletes a job and its video at the service.
---@param job imagine.Job|string a Job or its id
---@param options? { provider?: string }
---@return true
function client.delete(job, options) end

--- Images and videos: functions of the default provider, and clients for others.
---@class imagine: imagine.client
imagine = {}

--- Imports an image from a file, a pipe or an https address (http only on this machine), of at most
--- 128 MiB. No key is sent to the address. A truncated image is an error.
---@param path string
---@return imagine.Image
function imagine.open(path) end

--- Imports an image from its bytes.
---@param bytes string a PNG, JPEG, WebP, GIF, TIFF or AVIF
---@return imagine.Image
function imagine.decode(bytes) end

---@class imagine.inspection
---@field format imagine.format|"mp4"
---@field width integer pixels of the upright image
---@field height integer pixels of the upright image
---@field alpha boolean whether it has an alpha channel
---@field duration? number seconds of a video
---@field bytes integer
---@field sha256 string of the file, in hexadecimal
---@field claims? imagine.claims what the file says about its making; anybody can write that

---@class imagine.claims
---@field operation string
---@field prompt? string
---@field style? string
---@field seed? integer
---@field provider string
---@field engine? string
---@field run? string
---@field sha256? string of the image before it was saved

--- What an image file is, and what it says about its making; no pixel is decoded.
---@param image imagine.image an Image or a path
---@return imagine.inspection
function imagine.inspect(image) end

---@class imagine.provider_description
---@field kind imagine.provider_kind the API that it speaks
---@field base_url? string not of `command`
---@field token? string the key; prefer `token_env`
---@field token_env? string the environment variable that holds the key
---@field model? string OpenAI-style and `sdapi`: the model unless a call names one
---@field sizes? string[] OpenAI-style: the sizes that it accepts, such as `1024x768`
---@field dialect? "openai"|"sdcpp"|"vllm"|"localai"|"openrouter"|"a1111"|"drawthings" what the server does otherwise: `a1111`, `sdcpp` or `drawthings` of `sdapi`, the others OpenAI-style
---@field videos? boolean OpenAI-style: whether it makes videos under `/videos`
---@field video_model? string OpenAI-style: the model of videos unless a call names one
---@field response_format? "b64_json"|"url" OpenAI-style: sent only if it is set here
---@field resolution? integer of `sdapi`: the side of the squares that the model was trained with, in pixels
---@field upscaler? string of `sdapi`: the upscaler unless a call names one
---@field batch? integer of `sdapi`: the most images that are made at a time
---@field concurrency? integer of `sdapi`: the most calls in flight; 1 by default
---@field workflows? table<string, { file: string, inputs?: table<string, string|string[]>, output?: string|integer }> of `comfy`: a workflow file for each operation, and which inputs of its nodes are fields of calls
---@field comfy_org_key? string of `comfy`: the key of comfy.org, for nodes that call paid services
---@field comfy_org_key_env? string of `comfy`: the variable that has it
---@field memory? string of `command`: the limit of a program's address space, such as `4G`
---@field [string] string[] of `command`: the words of a command line, by operation
---@field prices? imagine.prices

--- The price of an image or a job, by `operation` or `operation.style`.
---@class imagine.prices
---@field unit string such as `USD`
---@field per_million? { text_in?: number, image_in?: number, image_out?: number } the prices of a million tokens
---@field reserve? number|table<string, number> the most that an image may cost by usage, by words: the model, the size, the quality; `any` for all
---@field [string] number

---@class imagine.named_client: imagine.client
---@field name string

--- The functions of another provider, by its name or a description.
---@param provider imagine.provider_name|imagine.provider_description
---@return imagine.named_client
function imagine.provider(provider) end

---@class imagine.chain_member
---@field provider imagine.provider_name|imagine.provider_description
---@field [string] any fields of its calls, such as `model`, which replace those of the call; and options such as `timeout`

---@class imagine.chain_options
---@field members (string|imagine.chain_member)[] names of providers, or tables with fields; in the order in which they are asked
---@field drop? string[] fields that are left out where a provider does not take them

--- A client that asks several providers in turn: the next one only after an error with
--- `charged = "no"`. An error that leaves the charge `unknown` is raised, unless the call sets
--- `retry_uncertain`; so is one of a call with `n` of which some images were made. In a run that is
--- resumed, what a provider has answered or may have been paid for comes first, whichever it is, and no
--- other is asked. A provider that lacks the operation is left out. A job belongs to the provider that
--- accepted it.
---
--- ```lua
--- local studio = imagine.chain{
---   members = { { provider = "studio", model = "sd" }, "local" }, drop = { "model", "steps" } }
--- studio.generate{ prompt = "a cat", steps = 30, seed = 7 }:save("cat.png")
--- ```
---@param options imagine.chain_options
---@return imagine.named_client
function imagine.chain(options) end

--- Sets the defaults of calls.
---@param settings imagine.settings
function imagine.configure(settings) end

---@class imagine.style_entry
---@field name imagine.style
---@field summary string the use of the style
---@field price? integer tokens per image; nil if none is published

--- The styles of `generate`, with their use and their price.
---@return imagine.style_entry[]
function imagine.styles() end

--- A limit: one unit, and a number of calls, such as `{ USD = 2.5, calls = 10 }`.
---@class imagine.limit
---@field calls? integer
---@field tokens? number
---@field [string] number in another unit

--- Calls a function under a budget: a call beyond it is refused before it is sent, with an error of
--- kind `budget`. Budgets can be nested.
---@param limit number|imagine.limit a number counts tokens
---@param fn fun(...): any
---@param ... any its arguments
---@return any ...
function imagine.budget(limit, fn, ...) end

---@class imagine.estimate_call: imagine.generate_call
---@field operation? string `generate` by default
---@field provider? string

---@class imagine.price
---@field cost? number nil if no price is known
---@field unit? string such as `tokens` or `USD`

--- The price of a call, without making it. Fields that do not change the price may be left out.
---@param call string|imagine.estimate_call a prompt, or the table of a call
---@return imagine.price
function imagine.estimate(call) end

---@class imagine.expenses
---@field calls integer
---@field unpriced integer calls without a known price
---@field tokens? number
---@field [string] number in another unit

--- The amounts that the run has spent so far.
---@return imagine.expenses
function imagine.spent() end

---@class imagine.history_options
---@field run? string the id of a run; all runs by default
---@field limit? integer 100 by default
---@field operation? string
---@field provider? string
---@field state? imagine.call_state

---@class imagine.past_call
---@field run string
---@field operation string
---@field provider string
---@field state imagine.call_state
---@field charged "no"|"yes"|"unknown"
---@field prompt? string
---@field style? string or the model
---@field seed? integer
---@field cost? number
---@field unit? string
---@field job? string
---@field error? string
---@field began_at number seconds since 1970
---@field duration? number seconds
---@field files string[] paths in the asset store
---@field originals? string[] paths of the answers that were paid for, where `files` are composites

--- The calls in the journal, newest last.
---@param options? imagine.history_options
---@return imagine.past_call[]
function imagine.history(options) end

--- Stops the script or task where it is called, on a terminal, with its locals in sight: statements
--- read and change them. `:quit` or Ctrl-D goes on. Without a terminal it only says so on stderr.
function imagine.repl() end

--- Returns the value if it is an error of Imagine; else nil.
---@param value any
---@return imagine.error?
function imagine.is_error(value) end

--- An image. Its bytes are on disk, not in the script's memory.
---@class imagine.Image: userdata
---@field width integer pixels of the upright image
---@field height integer pixels of the upright image
---@field format imagine.format
---@field sha256 string of `image:data()`, in hexadecimal
---@field seed? integer
---@field style? string
---@field prompt? string
---@field cost? number nil if no price is known
---@field cost_unit? string such as `tokens` or `USD`
---@field provider? string the provider that made it; nil for an imported image
---@field confidence? number how likely it is what was asked for, 0 to 1, if the provider tells
---@field drift? number how far the provider changed the image outside the mask, 0 to 1
---@field original? imagine.Image the provider's answer, if the original was put back outside the mask
local Image = {}

--- Saves the image and returns the path. The extension decides the format; the image is converted
--- if needed. The file is written atomically, and missing folders are created. It contains metadata
--- too, so its content is not `image:data()`: `require "fs".sha256(path)` returns the file's own
--- hash.
---@param path string
---@param options? imagine.save_options
---@return string path the path of the file, which has a number with `overwrite = "number"`
function Image:save(path, options) end

--- Prints a line of facts and, on a terminal that can show it, a preview.
function Image:show() end

--- The bytes of the image, without the metadata that `save` adds.
---@return string
function Image:data() end

--- A finished video, downloaded, or a film that was made here.
---@class imagine.Video: userdata
---@field width integer pixels
---@field height integer pixels
---@field duration number seconds
---@field format "mp4"
---@field sha256 string of the bytes, in hexadecimal
---@field job? string the id of the job that made it; nil for a film
---@field provider? string nil for a film
---@field cost? number what its job cost; nil if no price is known
---@field cost_unit? string
---@field thumbnail? imagine.Image
local Video = {}

-- begin generated: methods (scripts/describe writes this part; do not edit)

--- Cuts out a part of an image.
---
--- Returns an Image of the part's size, as a PNG.
---@param fields imagine.crop_step
---@return imagine.Image
function Image:crop(fields) end

--- Adds edges around an image.
---
--- Returns an Image larger by the margins, as a PNG.
---@param fields number|string|imagine.margins|imagine.pad_step margin, or the fields
---@return imagine.Image
function Image:pad(fields) end

--- Removes edges of one color, that of the upper left pixel, or of none.
---
--- Returns an Image of the size that is left, as a PNG.
---@param fields imagine.trim_step
---@return imagine.Image
function Image:trim(fields) end

--- Turns an image clockwise.
---
--- Returns an Image large enough for the turned image, as a PNG.
---@param fields number|imagine.rotate_step degrees, or the fields
---@return imagine.Image
function Image:rotate(fields) end

--- Mirrors an image.
---
--- Returns an Image of the given image's size, as a PNG.
---@param fields "horizontal"|"vertical"|imagine.flip_step direction, or the fields
---@return imagine.Image
function Image:flip(fields) end

--- Changes brightness, contrast, colors and sharpness.
---
--- Returns an Image of the given image's size, as a PNG.
---@param fields imagine.adjust_step
---@return imagine.Image
function Image:adjust(fields) end

--- Puts another image onto an image.
---
--- Returns an Image of the given image's size, as a PNG.
---@param fields imagine.image|imagine.paste_step image, or the fields
---@return imagine.Image
function Image:paste(fields) end

--- Draws a text onto an image.
---
--- Returns an Image of the given image's size, as a PNG.
---@param fields string|imagine.label_step text, or the fields
---@return imagine.Image
function Image:label(fields) end

--- Makes an image of one color.
---
--- Returns an Image of this size, as a PNG.
---@param fields imagine.canvas_step
---@return imagine.Image
function imagine.canvas(fields) end

--- Arranges images in a table, as a contact sheet.
---
--- Returns an Image of all cells, as a PNG.
---@param fields imagine.image[]|imagine.sheet_step images, or the fields
---@return imagine.Image
function imagine.sheet(fields) end

--- Makes a mask from shapes, or from a cut-out.
---
--- Returns an Image that is a mask: white for what is edited, as a PNG.
---@param fields imagine.mask_step
---@return imagine.Image
function imagine.mask(fields) end

--- The opacity of an image as a mask: white where it is opaque.
---
--- Returns an Image that is a mask: white for what is edited, as a PNG.
---@return imagine.Image
function Image:alpha() end

--- Exchanges white and black of a mask.
---
--- Returns an Image that is a mask: white for what is edited, as a PNG.
---@return imagine.Image
function Image:invert() end

--- Widens the white of a mask, or narrows it.
---
--- Returns an Image that is a mask: white for what is edited, as a PNG.
---@param fields integer|imagine.grow_step pixels, or the fields
---@return imagine.Image
function Image:grow(fields) end

--- Makes one mask of two.
---
--- Returns an Image that is a mask: white for what is edited, as a PNG.
---@param fields imagine.image|imagine.combine_step mask, or the fields
---@return imagine.Image
function Image:combine(fields) end

--- Measures an image: brightness, contrast, saturation, sharpness and opacity.
---
--- Returns a table of brightness, contrast, saturation, sharpness and opacity, each 0 … 1.
---@return { brightness: number, contrast: number, saturation: number, sharpness: number, opacity: number }
function Image:measure() end

--- Compares an image with another of its size.
---
--- Returns a table of mean and max, how far channels differ, and changed, the share of pixels that do, each 0 … 1.
---@param fields imagine.image|imagine.difference_step image, or the fields
---@return { mean: number, max: number, changed: number }
function Image:difference(fields) end

--- Makes a film of stills and parts of videos, in order.
---
--- Returns a Video of H.264, with the sound of `audio` alone.
---@param fields { image?: imagine.image, video?: imagine.Video|string, seconds?: number, from?: number, to?: number, caption?: string }[]|imagine.film_step clips, or the fields
---@return imagine.Video
function imagine.film(fields) end

--- Takes a picture out of a video.
---
--- Returns an Image of the video's size, as a PNG.
---@param fields number|imagine.frame_step seconds, or the fields
---@return imagine.Image
function Video:frame(fields) end

--- The image in another format or size, made on this machine.
---@param conversion? imagine.conversion
---@return imagine.Image
function Image:convert(conversion) end

--- Cuts out the subject, as a PNG with alpha.
---
--- Returns an Image of the given image's size; with `n`, a list of them.
---@param options? imagine.remove_background_options
---@return imagine.Image
function Image:remove_background(options) end

--- Doubles width and height.
---
--- Returns an Image of twice the width and height; with `n`, a list of them.
---@param options? imagine.upscale_options
---@return imagine.Image
function Image:upscale(options) end

--- Generates what the prompt says where the mask is white.
---
--- Returns an Image of the given image's size; with `n`, a list of them.
---@param options imagine.fill_options
---@return imagine.Image
function Image:fill(options) end

--- Changes the aspect ratio of an image without stretching it.
---
--- Returns an Image of the new aspect ratio; without one, of the given image's size; with `n`, a list of them.
---@param options? imagine.resize_options
---@return imagine.Image
function Image:resize(options) end

--- Removes what the mask covers in white.
---
--- Returns an Image of the given image's size; with `n`, a list of them.
---@param options imagine.retouch_options
---@return imagine.Image
function Image:retouch(options) end

--- Generates a background for a cut-out subject.
---
--- Returns an Image of the given image's size; with `n`, a list of them.
---@param options string|imagine.add_background_options a prompt, or the fields
---@return imagine.Image
function Image:add_background(options) end

--- Generates a video from an image; returns a job, since it takes minutes.
---
--- Returns a Job whose video is an MP4 with H.264.
---@param options string|imagine.animate_options a prompt, or the fields
---@return imagine.Job
function Image:animate(options) end

-- end generated: methods

--- A video that a service is generating.
---@class imagine.Job: userdata
---@field id string
---@field status imagine.job_status the last status from the service
---@field created_at? string
---@field url? string the address of the finished video, which expires
---@field progress? number 0 … 1; nil if the service does not report it
---@field provider string
local Job = {}

--- Requests the status from the service, and returns the job itself.
---@return imagine.Job
function Job:refresh() end

--- Waits for the video and downloads it.
---@param options? imagine.wait_options
---@return imagine.Video
function Job:wait(options) end

--- Deletes the job and its video at the service.
---@return true
function Job:delete() end

--- Saves the video with its metadata and returns the path, which ends in `.mp4`. `overwrite` is that
--- of `Image:save`.
---@param path string
---@param options? { overwrite?: boolean|"number" } true by default
---@return string path
function Video:save(path, options) end

--- Prints a line of facts and, on a terminal that can show it, a preview of the thumbnail.
function Video:show() end

--- The bytes of the video.
---@return string
function Video:data() end

--- An error of `imagine.*` and of the library's modules. `tostring` returns one line.
---@class imagine.error: userdata
---@field kind imagine.error_kind
---@field code? integer the service's code, 1000 … 1300; nil for an error of the host
---@field status? integer the HTTP status; nil without an answer
---@field name? string the service's name for the error
---@field message string
---@field field? string the field of the request that is wrong
---@field allowed? string[] what the field allows
---@field retryable boolean whether the same call may succeed later, unchanged
---@field charged "no"|"yes"|"unknown" whether the call was billed
---@field endpoint? string method and path, such as `POST /image/generations`
---@field job? string the id of the job that the error is about
---@field results? any the results finished before the error
---@field traceback string
local fault = {}

--- Concurrent work. A task belongs to the task that created it: if the creator ends normally, it
--- waits for its tasks; if it fails or is cancelled, they are cancelled.
---@class tasklib
task = {}

---@alias task.status "queued"|"running"|"finished"|"failed"|"cancelled"

---@class task.handle: userdata
---@field status task.status
---@field title string
local handle = {}

--- Waits for the end and returns the function's results, or raises its error.
---@return any ...
function handle:await() end

--- Cancels the task. A call that is paid for continues in the background until its answer is
--- stored.
function handle:cancel() end

--- The outcome of a task that has ended: true and its results, or false and its error.
---@return boolean ok
---@return any ...
function handle:outcome() end

--- Starts a function as a task.
---@param fn fun(...): any
---@param ... any its arguments
---@return task.handle
function task.spawn(fn, ...) end

--- Pauses this task; others run meanwhile.
---@param seconds number
function task.sleep(seconds) end

--- Waits for all tasks and returns their first results in order. The first error cancels the
--- others.
---@param list (task.handle|fun(): any)[]
---@return any[]
---@overload fun(...: task.handle|fun(): any): any[]
function task.all(list) end

--- Waits for the first task that succeeds and cancels the others.
---@param list (task.handle|fun(): any)[]
---@return any value
---@return integer index
---@overload fun(...: task.handle|fun(): any): any, integer
function task.any(list) end

--- Calls a function for each item, several at a time, and returns the results in order. After the
--- first error, also one of `progress`, no further call is started; when the running ones have ended,
--- the error is raised with `results`.
---@generic T, R
---@param list T[]
---@param fn fun(item: T, index: integer): R
---@param options? { limit?: integer, progress?: fun(done: integer, count: integer) } calls at a time, 8 by default; called after each
---@return R[]
function task.map(list, fn, options) end

---@class task.outcome
---@field ok boolean
---@field value? any
---@field error? any
---@field item any

--- The same as `map`, but an error of a call is an outcome like any other.
---@generic T
---@param list T[]
---@param fn fun(item: T, index: integer): any
---@param options? { limit?: integer, progress?: fun(done: integer, count: integer) } calls at a time, 8 by default; called after each
---@return task.outcome[]
---@overload fun(list: (task.handle|fun(): any)[]): task.outcome[]
function task.settle(list, fn, options) end

--- Calls a function with a timeout, after which it is cancelled and an error of kind `timeout` is
--- raised. That holds even if the function never waits, or waits for a program of `os.execute` or
--- `io.popen`, which is killed.
---@param seconds number
---@param fn fun(...): any
---@param ... any its arguments
---@return any ...
function task.timeout(seconds, fn, ...) end

--- At most `limit` tasks at a time are between `acquire` and `release`.
---@param limit integer
---@return task.semaphore
function task.semaphore(limit) end

---@class task.semaphore: userdata
local semaphore = {}

--- Waits for a permit: `local permit <close> = semaphore:acquire()`.
---@return task.permit
function semaphore:acquire() end

--- Releases a permit.
function semaphore:release() end

---@class task.permit: userdata
local permit = {}

--- Releases the permit; a `<close>` variable does that at its end.
function permit:release() end

--- Passes values between tasks and buffers at most `capacity` of them. `for value in channel do`
--- reads until the channel is closed.
---@param capacity? integer 0 by default: a sender waits for its receiver
---@return task.channel
function task.channel(capacity) end

---@class task.channel: userdata
---@overload fun(): any
local channel = {}

--- Sends a value; waits while the buffer is full.
---@param value any not nil
function channel:send(value) end

--- Waits for a value; nil if the channel is closed and empty.
---@return any
function channel:receive() end

--- Closes the channel; buffered values can still be received.
function channel:close() end

return imagine
