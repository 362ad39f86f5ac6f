/// The client under measurement: the program `imagine` with a script, as it ships.
enum ScriptClient {
  /// What both scripts begin with. They are told the address, how many calls, and how many of them in
  /// flight.
  private static let preamble = """
    local address, count, flight = arg[1], tonumber(arg[2]), tonumber(arg[3])
    imagine.configure{ concurrency = flight }

    local function numbers(last)
      local list = {}
      for number = 1, last do list[number] = number end
      return list
    end

    """

  /// Calls a service and prints the seconds, as the peers do.
  ///
  /// - Parameter kind: of the provider, `imagine` or `openai`.
  static func measuring(_ kind: String) -> String {
    let (place, field) =
      kind == "imagine"
      ? ("base_url = address .. '/v2'", ", seed = number")
      : ("base_url = address .. '/v1', model = 'flux-1'", "")
    return preamble + """
      local service = imagine.provider{ kind = "\(kind)", token = "test", \(place) }
      local function call(number)
        return service.generate{ prompt = "number " .. number\(field) }
      end

      -- Lua's own clocks count whole seconds, or those of the processor.
      local function clock()
        local pipe <close> = io.popen("date +%s.%N")
        return pipe:read("n")
      end

      task.map(numbers(2 * flight), call, { limit = flight })
      local start = clock()
      local images = task.map(numbers(count), call, { limit = flight })
      print(clock() - start)
      assert(#images == count)
      """
  }

  /// Holds as many images as it is told, and prints the bytes by which the process grew.
  static let holding =
    preamble + """
      local service = imagine.provider{ kind = "imagine", token = "test", base_url = address .. "/v2" }
      local function call(number)
        return service.generate{ prompt = "number " .. number, seed = number }
      end

      local function resident()
        local pipe <close> = io.open("/proc/self/statm")
        local _, pages = pipe:read("n", "n")
        return pages * 4096
      end

      local warm = task.map(numbers(500), call, { limit = flight })
      collectgarbage()
      local before = resident()
      local images = task.map(numbers(count), call, { limit = flight })
      collectgarbage()
      print(resident() - before)
      assert(#images == count and #warm == 500)
      """

  /// Saves every image, and then fails, so that the run can be resumed.
  static let saving =
    preamble + """
      local service = imagine.provider{ kind = "imagine", token = "test", base_url = address .. "/v2" }
      task.map(numbers(count), function(number)
        local image = service.generate{ prompt = "number " .. number }
        image:save(arg[4] .. "/" .. number .. ".png")
      end, { limit = flight })
      error("all is done", 0)
      """
}
