---@meta imagine
--- What a script of Imagine finds as globals, for editors: point the Lua language server's
--- `workspace.library` at the folder `stdlib`, which describes the modules too.

---@alias imagine.style "anime"|"flux-dev"|"flux-dev-fast"|"flux-schnell"|"imagine-turbo"|"realistic"|"sdxl-1.0"
---@alias imagine.video_style "fast-svd"|"kling-1.0-pro"|"kling-1.0-standard"|"kling-1.5"|"hailuo-ai"|"hailuo-live-ai"|"imagine-v1"|"imagine-v2"|"luma-dream-machine-ray-2"|string
---@alias imagine.aspect_ratio "1:1"|"3:2"|"4:3"|"3:4"|"16:9"|"9:16"
---@alias imagine.video_aspect_ratio "1:1"|"16:9"|"9:16"
---@alias imagine.job_status "queued"|"processing"|"finished"|"failed"|"cancelled"
---@alias imagine.format "png"|"jpeg"|"webp"|"gif"|"tiff"|"avif"
---@alias imagine.call_state "intent"|"sent"|"accepted"|"stored"|"done"|"failed"
---@alias imagine.error_kind "authorization"|"validation"|"payment"|"rate_limit"|"unavailable"|"timeout"|"connection"|"server"|"bad_response"|"not_found"|"job_failed"|"uncertain"|"budget"|"io"|"cancelled"

--- A picture argument: an Image, or the path of a file.
---@alias imagine.picture imagine.Image|string

--- What every call takes.
---@class imagine.call
---@field provider? string who draws, by name
---@field timeout? number seconds for each attempt, with the downloads of its pictures
---@field retries? integer how often to try again what provably did not start, 0 … 20; 2 unless given
---@field retry_uncertain? boolean try again too where the call may have been billed
---@field cache? boolean take the answer of an equal call with a seed in an earlier run, where there is one
---@field extra? table<string, string|number|boolean> fields of a provider that Imagine does not know, passed on unchecked

---@class imagine.picture_call: imagine.call
---@field n? integer how many pictures, 1 … 100; then the call gives a list, of one picture too

---@class imagine.generate_call: imagine.picture_call
---@field prompt string what to draw, in words
---@field style? imagine.style how it is drawn; `imagine-turbo` unless given
---@field aspect_ratio? imagine.aspect_ratio the shape, width to height; `1:1` unless given
---@field seed? integer at least 1; the same request with the same seed draws the same picture
---@field model? string OpenAI-style providers: the model that draws
---@field size? string OpenAI-style providers: width x height in pixels, such as `1024x1024`
---@field approximate? boolean OpenAI-style providers: take the size nearest to the aspect ratio
---@field guidance_scale? number OpenAI-style providers: how closely to follow the prompt, 0 … 100
---@field num_inference_steps? integer OpenAI-style providers: steps of the model, 1 … 1000

---@class imagine.png_call: imagine.picture_call
---@field prompt string what to draw, in words
---@field aspect_ratio? imagine.aspect_ratio the shape, width to height; `1:1` unless given
---@field seed? integer at least 1; the same request with the same seed draws the same picture

---@class imagine.remove_background_options: imagine.picture_call
---@class imagine.remove_background_call: imagine.remove_background_options
---@field image imagine.picture the picture to work on

---@class imagine.upscale_options: imagine.picture_call
---@class imagine.upscale_call: imagine.upscale_options
---@field image imagine.picture the picture to work on

---@class imagine.fill_options: imagine.picture_call
---@field prompt string what to draw, in words
---@field mask imagine.picture a picture of the same size in pixels: white is worked on, black is kept
---@class imagine.fill_call: imagine.fill_options
---@field image imagine.picture the picture to work on

---@class imagine.resize_options: imagine.picture_call
---@field aspect_ratio? imagine.aspect_ratio the shape to bring it to
---@field prompt? string what to draw, in words
---@field mask? imagine.picture a picture of the same size in pixels: white is worked on, black is kept
---@class imagine.resize_call: imagine.resize_options
---@field image imagine.picture the picture to work on

---@class imagine.retouch_options: imagine.picture_call
---@field mask imagine.picture a picture of the same size in pixels: white is worked on, black is kept
---@class imagine.retouch_call: imagine.retouch_options
---@field image imagine.picture the picture to work on

---@class imagine.add_background_options: imagine.picture_call
---@field prompt string what to draw, in words
---@field style? "product-shoot" the only style of this operation
---@field seed? integer at least 1; the same request with the same seed draws the same picture
---@class imagine.add_background_call: imagine.add_background_options
---@field image imagine.picture the picture to work on

---@class imagine.video_call: imagine.call
---@field prompt string what to film, in words
---@field style? imagine.video_style the model that films it; `fast-svd` unless given
---@field aspect_ratio? imagine.video_aspect_ratio the shape, width to height; `16:9` unless given

---@class imagine.animate_options: imagine.call
---@field prompt string what to film, in words
---@field style? imagine.video_style the model that films it; `fast-svd` unless given
---@field aspect_ratio? imagine.video_aspect_ratio the shape, width to height; `16:9` unless given
---@class imagine.animate_call: imagine.animate_options
---@field image imagine.picture the picture to set in motion

--- The functions at one provider: those of `imagine`, or of what `imagine.provider` gives.
---@class imagine.client
local client = {}

--- Draws a picture from a prompt. With `n` it gives a list of pictures.
---@param call string|imagine.generate_call a prompt, or the fields
---@return imagine.Image
---@overload fun(call: imagine.generate_call): imagine.Image[]
function client.generate(call) end

--- Draws a subject on a transparent ground, as a PNG.
---@param call string|imagine.png_call a prompt, or the fields
---@return imagine.Image
---@overload fun(call: imagine.png_call): imagine.Image[]
function client.png(call) end

--- Cuts out the subject, as a PNG with alpha.
---@param call imagine.picture|imagine.remove_background_call a picture, or the fields
---@return imagine.Image
function client.remove_background(call) end

--- Doubles width and height.
---@param call imagine.picture|imagine.upscale_call a picture, or the fields
---@return imagine.Image
function client.upscale(call) end

--- Paints what the prompt says where the mask is white.
---@param call imagine.fill_call
---@return imagine.Image
function client.fill(call) end

--- Brings a picture to another shape without stretching it.
---@param call imagine.picture|imagine.resize_call a picture, or the fields
---@return imagine.Image
function client.resize(call) end

--- Removes what the mask covers in white.
---@param call imagine.retouch_call
---@return imagine.Image
function client.retouch(call) end

--- Puts a cut-out subject before a drawn background.
---@param call imagine.add_background_call
---@return imagine.Image
function client.add_background(call) end

--- Films a prompt. It takes minutes, so it gives a job at once.
---@param call string|imagine.video_call a prompt, or the fields
---@return imagine.Job
function client.video(call) end

--- Sets a picture in motion. It takes minutes, so it gives a job at once.
---@param call imagine.animate_call
---@return imagine.Job
function client.animate(call) end

--- Asks for a job.
---@param job imagine.Job|string a Job or its id
---@param options? { provider?: string }
---@return imagine.Job
function client.status(job, options) end

---@class imagine.wait_options
---@field timeout? number seconds, 1800 unless given
---@field on_progress? fun(job: imagine.Job) called when the job's status or progress has changed

--- Waits for a job's video and downloads it.
---@param job imagine.Job|string a Job or its id
---@param options? imagine.wait_options|{ provider?: string }
---@return imagine.Video
function client.wait(job, options) end

--- Deletes a job and its video at the service.
---@param job imagine.Job|string a Job or its id
---@param options? { provider?: string }
---@return true
function client.delete(job, options) end

--- Pictures and videos: what there is at the provider in use, and at others.
---@class imagine: imagine.client
imagine = {}

--- A picture of one's own, from a file, a pipe or an https address (http only on this machine), of at
--- most 128 MiB. No key goes to the address. A picture that is not whole is an error.
---@param path string
---@return imagine.Image
function imagine.open(path) end

--- A picture of one's own, from its bytes.
---@param bytes string a PNG, JPEG, WebP, GIF, TIFF or AVIF
---@return imagine.Image
function imagine.decode(bytes) end

---@class imagine.provider_description
---@field kind "imagine"|"openai" which API it speaks
---@field base_url string
---@field token? string the key; better name the variable that holds it
---@field token_env? string the environment variable that holds the key
---@field model? string OpenAI-style: what is sent where a call names no model
---@field sizes? string[] OpenAI-style: the sizes that it takes, such as `1024x768`
---@field prices? table<string, string|number> `unit`, and what a picture or a job costs, by `operation` or `operation.style`

---@class imagine.named_client: imagine.client
---@field name string

--- The functions at another provider, by its name or a description.
---@param provider "imagine"|"local"|"openai"|"llmvin"|string|imagine.provider_description
---@return imagine.named_client
function imagine.provider(provider) end

---@class imagine.settings
---@field provider? string who draws where a call names nobody
---@field timeout? number seconds for each attempt, with the downloads of its pictures
---@field retries? integer 0 … 20
---@field retry_uncertain? boolean
---@field concurrency? integer calls in flight at a time
---@field rate? integer calls a minute
---@field budget? number|imagine.limit what the run may spend
---@field max_calls? integer how many calls the run may make
---@field allow_unpriced? boolean make calls without a known price also under a budget
---@field cache? boolean what calls take where they do not say `cache`

--- Sets what calls take where they say nothing themselves.
---@param settings imagine.settings
function imagine.configure(settings) end

---@class imagine.style_entry
---@field name imagine.style
---@field summary string what the style is good for
---@field price? integer tokens a picture; nil where none is published

--- The styles of `generate`, with what they are good for and cost.
---@return imagine.style_entry[]
function imagine.styles() end

--- What may be spent: one unit, and a number of calls, such as `{ USD = 2.5, calls = 10 }`.
---@class imagine.limit
---@field calls? integer
---@field tokens? number
---@field [string] number of another unit

--- Calls a function that may spend so much: a call that would go beyond is refused before it is sent,
--- with an error of kind `budget`. Budgets can be nested.
---@param limit number|imagine.limit a number is of tokens
---@param fn fun(...): any
---@param ... any its arguments
---@return any ...
function imagine.budget(limit, fn, ...) end

---@class imagine.estimate_call: imagine.generate_call
---@field operation? string `generate` unless given
---@field provider? string

---@class imagine.price
---@field cost? number nil where no price is known
---@field unit? string such as `tokens` or `USD`

--- What a call would cost. Fields that do not change the price may be left out.
---@param call string|imagine.estimate_call a prompt, or the table of a call
---@return imagine.price
function imagine.estimate(call) end

---@class imagine.expenses
---@field calls integer
---@field unpriced integer calls without a known price
---@field tokens? number
---@field [string] number of another unit

--- What the run has spent so far.
---@return imagine.expenses
function imagine.spent() end

---@class imagine.history_options
---@field run? string the id of a run; all runs unless given
---@field limit? integer 100 unless given
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

--- The calls that the journal knows, the newest last.
---@param options? imagine.history_options
---@return imagine.past_call[]
function imagine.history(options) end

--- The value, where it is an error of Imagine's; else nil.
---@param value any
---@return imagine.error?
function imagine.is_error(value) end

--- A picture. Its bytes are on the disk, not in the script's memory.
---@class imagine.Image: userdata
---@field width integer pixels of the upright picture
---@field height integer pixels of the upright picture
---@field format imagine.format
---@field sha256 string of `image:data()`, in hexadecimal: of the picture as the provider gave it
---@field seed? integer
---@field style? string
---@field prompt? string
---@field cost? number nil where no price is known
---@field cost_unit? string such as `tokens` or `USD`
---@field provider? string who drew it; nil for a picture of one's own
local Image = {}

--- Saves it and gives the path. The extension decides the format: another one is converted. The
--- file appears whole or not at all, and folders are made. It carries the metadata too, so its content
--- is not `image:data()`: `require "fs".sha256(path)` gives the file's own hash.
---@param path string
---@param options? { overwrite?: boolean, metadata?: boolean } both true unless given
---@return string path
function Image:save(path, options) end

--- Its bytes as the provider gave them, without the metadata that `save` adds.
---@return string
function Image:data() end

---@class imagine.conversion
---@field width? integer pixels
---@field height? integer pixels
---@field fit? "contain"|"cover"|"fill"
---@field format? "png"|"jpeg"|"webp"|"avif"
---@field quality? integer 1 … 100

--- The picture in another format or size.
---@param conversion? imagine.conversion
---@return imagine.Image
function Image:convert(conversion) end

--- Cuts out the subject, as a PNG with alpha.
---@param options? imagine.remove_background_options
---@return imagine.Image
function Image:remove_background(options) end

--- Doubles width and height.
---@param options? imagine.upscale_options
---@return imagine.Image
function Image:upscale(options) end

--- Paints what the prompt says where the mask is white.
---@param options imagine.fill_options
---@return imagine.Image
function Image:fill(options) end

--- Brings it to another shape without stretching it.
---@param options? imagine.resize_options
---@return imagine.Image
function Image:resize(options) end

--- Removes what the mask covers in white.
---@param options imagine.retouch_options
---@return imagine.Image
function Image:retouch(options) end

--- Puts it, a cut-out subject, before a drawn background.
---@param options string|imagine.add_background_options a prompt, or the fields
---@return imagine.Image
function Image:add_background(options) end

--- Sets it in motion.
---@param options string|imagine.animate_options a prompt, or the fields
---@return imagine.Job
function Image:animate(options) end

--- A video in the making, at the service.
---@class imagine.Job: userdata
---@field id string
---@field status imagine.job_status as the service last said
---@field created_at? string
---@field url? string where the finished video is, for a while
---@field progress? number 0 … 1, where the service tells
---@field provider string
local Job = {}

--- Asks the service, and gives the job itself.
---@return imagine.Job
function Job:refresh() end

--- Waits for the video and downloads it.
---@param options? imagine.wait_options
---@return imagine.Video
function Job:wait(options) end

--- Deletes the job and its video at the service.
---@return true
function Job:delete() end

--- A finished video, downloaded.
---@class imagine.Video: userdata
---@field width integer pixels
---@field height integer pixels
---@field duration number seconds
---@field format "mp4"
---@field sha256 string of the bytes, in hexadecimal
---@field job string the id of the job that made it
---@field provider string
---@field thumbnail? imagine.Image
local Video = {}

--- Saves it and gives the path, which ends in `.mp4`.
---@param path string
---@param options? { overwrite?: boolean } true unless given
---@return string path
function Video:save(path, options) end

--- Its bytes.
---@return string
function Video:data() end

--- An error of `imagine.*` and of the library's modules. `tostring` gives one clear line.
---@class imagine.error: userdata
---@field kind imagine.error_kind
---@field code? integer the service's code, 1000 … 1300; nil where the host refused
---@field status? integer of HTTP; nil where there was no answer
---@field name? string the service's name for the error
---@field message string
---@field field? string the field of the request that is at fault
---@field allowed? string[] what the field allows
---@field retryable boolean whether the same call may succeed later, unchanged
---@field charged "no"|"yes"|"unknown" whether the call was billed
---@field endpoint? string method and path, such as `POST /image/generations`
---@field job? string the id of the job that the error is about
---@field results? any what was finished before the fault
---@field traceback string
local fault = {}

--- Work that goes on at the same time. A task belongs to the one that made it: when the maker ends
--- normally its tasks are awaited; when it fails or is cancelled they are cancelled.
---@class tasklib
task = {}

---@alias task.status "queued"|"running"|"finished"|"failed"|"cancelled"

---@class task.handle: userdata
---@field status task.status
---@field title string
local handle = {}

--- Waits for the end and gives what the function gave, or raises its error.
---@return any ...
function handle:await() end

--- Cancels it. What was paid for still goes on in the background until its answer is stored.
function handle:cancel() end

--- Of a task that has ended: true and what it gave, or false and its error.
---@return boolean ok
---@return any ...
function handle:outcome() end

--- Starts a function as a task.
---@param fn fun(...): any
---@param ... any its arguments
---@return task.handle
function task.spawn(fn, ...) end

--- Lets other tasks run for some time.
---@param seconds number
function task.sleep(seconds) end

--- Waits for all tasks and gives their first results in order. The first error cancels the rest.
---@param list (task.handle|fun(): any)[]
---@return any[]
---@overload fun(...: task.handle|fun(): any): any[]
function task.all(list) end

--- Waits for the first that succeeds and cancels the rest.
---@param list (task.handle|fun(): any)[]
---@return any value
---@return integer index
---@overload fun(...: task.handle|fun(): any): any, integer
function task.any(list) end

--- Calls a function for each item, several at a time, and gives the results in order. At the first
--- error nothing more is started; what runs ends, and the error is raised with `results`.
---@generic T, R
---@param list T[]
---@param fn fun(item: T, index: integer): R
---@param options? { limit?: integer } calls at a time, 8 unless given
---@return R[]
function task.map(list, fn, options) end

---@class task.outcome
---@field ok boolean
---@field value? any
---@field error? any
---@field item any

--- The same, but an error is an outcome like any other.
---@generic T
---@param list T[]
---@param fn fun(item: T, index: integer): any
---@param options? { limit?: integer } calls at a time, 8 unless given
---@return task.outcome[]
---@overload fun(list: (task.handle|fun(): any)[]): task.outcome[]
function task.settle(list, fn, options) end

--- Calls a function that has some time; after that it is cancelled, also where it never waits or
--- waits for a program of `os.execute` or `io.popen`, which is killed, and an error of kind
--- `timeout` is raised.
---@param seconds number
---@param fn fun(...): any
---@param ... any its arguments
---@return any ...
function task.timeout(seconds, fn, ...) end

--- Lets at most `limit` tasks at a time between `acquire` and `release`.
---@param limit integer
---@return task.semaphore
function task.semaphore(limit) end

---@class task.semaphore: userdata
local semaphore = {}

--- Waits for a place: `local permit <close> = semaphore:acquire()`.
---@return task.permit
function semaphore:acquire() end

--- Gives a place back.
function semaphore:release() end

---@class task.permit: userdata
local permit = {}

--- Gives the place back; done too where a `<close>` variable ends.
function permit:release() end

--- Values from task to task, at most `capacity` of them on the way. `for value in channel do` reads
--- them until it is closed.
---@param capacity? integer 0 unless given: a sender waits for its receiver
---@return task.channel
function task.channel(capacity) end

---@class task.channel: userdata
---@overload fun(): any
local channel = {}

--- Sends a value, and waits while too many are on the way.
---@param value any not nil
function channel:send(value) end

--- Waits for a value; nil where the channel is closed and empty.
---@return any
function channel:receive() end

--- Ends the channel: what was sent can still be received.
function channel:close() end

return imagine
