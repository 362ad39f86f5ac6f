extension TaskLibrary {
  /// The part of the library that is written in Lua. Its arguments are the library and the functions
  /// that only it uses. It copies what it needs of the standard library to locals, so that scripts
  /// cannot break it.
  static let prelude = """
    local task, is_task, new_group, new_error, raise_with_results, set_timeout, has_timed_out = ...
    local spawn = task.spawn
    local error, pcall, type, next, tostring = error, pcall, type, next, tostring
    local setmetatable, getmetatable = setmetatable, getmetatable
    local format, math_type = string.format, math.type

    -- Raises an error about argument `number`, at the level of the script's call.
    local function bad_argument(number, name, level, what, ...)
      error(format("bad argument #%d to '%s' (%s)", number, name, format(what, ...)), level + 1)
    end

    -- Cancels and awaits the unfinished tasks when a function returns or raises.
    local cancel_on_close = {
      __close = function(run)
        for index = 1, run.started do
          if run.tasks[index] then run.tasks[index]:cancel() end
        end
        while run.ended < run.started do
          run.group:next()
          run.ended = run.ended + 1
        end
      end,
    }

    local function new_run()
      return setmetatable({tasks = {}, started = 0, ended = 0, group = new_group()}, cancel_on_close)
    end

    local function start(run, handle)
      run.started = run.started + 1
      run.tasks[run.started] = handle
      run.group:add(handle, run.started)
    end

    local function next_end(run)
      local index = run.group:next()
      run.ended = run.ended + 1
      return index, run.tasks[index]
    end

    local max_list <const> = 1 << 24

    -- The length of a list of tasks to make.
    local function check_list(list, name, level)
      if type(list) ~= "table" then
        bad_argument(1, name, level + 1, "table expected, got %s", type(list))
      end
      -- The length that a metatable gives may be any number, and another one each time.
      local count = #list
      if count > max_list then
        bad_argument(1, name, level + 1, "the list has %s elements, at most %d", count, max_list)
      end
      if count == 0 and next(list) ~= nil and not getmetatable(list) then
        bad_argument(
          1, name, level + 1, "list expected, got a table with the key '%s'", tostring(next(list)))
      end
      return count
    end

    -- Starts the functions of a list and adds its handles.
    local function start_all(run, name, list, ...)
      if is_task(list) or type(list) == "function" then list = {list, ...} end
      local count = check_list(list, name, 3)
      for index = 1, count do
        local item = list[index]
        if type(item) ~= "function" and not is_task(item) then
          bad_argument(
            1, name, 3, "task or function expected at index %d, got %s", index, type(item))
        end
      end
      for index = 1, count do
        local item = list[index]
        start(run, is_task(item) and item or spawn(item))
      end
      return list
    end

    function task.all(...)
      local run <close> = new_run()
      start_all(run, "all", ...)
      local results = {}
      while run.ended < run.started do
        local index, handle = next_end(run)
        results[index] = handle:await()
      end
      return results
    end

    function task.any(...)
      local run <close> = new_run()
      start_all(run, "any", ...)
      if run.started == 0 then bad_argument(1, "any", 2, "the list is empty") end
      local first
      while run.ended < run.started do
        local index, handle = next_end(run)
        if handle.status == "finished" then return handle:await(), index end
        first = first or handle
      end
      return first:await()
    end

    -- How many calls at a time, and what is called after each.
    local function options_of(options, name)
      local limit, progress = 8, nil
      if options ~= nil then
        if type(options) ~= "table" then
          bad_argument(3, name, 3, "table expected, got %s", type(options))
        end
        for key in next, options do
          if key ~= "limit" and key ~= "progress" then
            bad_argument(
              3, name, 3, "there is no option '%s' (options: limit, progress)", tostring(key))
          end
        end
        limit, progress = options.limit or limit, options.progress
      end
      if math_type(limit) ~= "integer" or limit < 1 then
        bad_argument(3, name, 3, "limit is not a positive integer")
      end
      if progress ~= nil and type(progress) ~= "function" then
        bad_argument(3, name, 3, "progress is a %s, not a function", type(progress))
      end
      return limit, progress
    end

    local function check_function(fn, name)
      if type(fn) ~= "function" then
        bad_argument(2, name, 3, "function expected, got %s", type(fn))
      end
    end

    -- Calls `progress`, and returns the first failure: what it raises is that of a task.
    local function report(progress, ended, count, failed)
      if not progress then return failed end
      local ok, fault = pcall(progress, ended, count)
      if ok or failed then return failed end
      failed = spawn(error, fault, 0)
      pcall(failed.await, failed)
      return failed
    end

    function task.map(list, fn, options)
      local count = check_list(list, "map", 2)
      check_function(fn, "map")
      local limit, progress = options_of(options, "map")
      local run <close> = new_run()
      local results, failed = {}, nil
      while run.ended < run.started or (not failed and run.started < count) do
        while not failed and run.started < count and run.started - run.ended < limit do
          local index = run.started + 1
          start(run, spawn(fn, list[index], index))
        end
        local index, handle = next_end(run)
        if handle.status == "finished" then
          results[index] = handle:await()
        else
          failed = failed or handle
        end
        run.tasks[index] = false
        failed = report(progress, run.ended, count, failed)
      end
      if failed then raise_with_results(failed, results) end
      return results
    end

    local function outcome(handle, item)
      local ok, value = handle:outcome()
      if ok then return {ok = true, value = value, item = item} end
      return {ok = false, error = value, item = item}
    end

    function task.settle(list, fn, options)
      local run <close> = new_run()
      local outcomes = {}
      if fn == nil or is_task(list) or type(list) == "function" then
        list = start_all(run, "settle", list, fn, options)
        while run.ended < run.started do
          local index, handle = next_end(run)
          outcomes[index] = outcome(handle, list[index])
        end
        return outcomes
      end
      local count = check_list(list, "settle", 2)
      check_function(fn, "settle")
      local limit, progress = options_of(options, "settle")
      local failed
      while run.ended < run.started or (not failed and run.started < count) do
        while not failed and run.started < count and run.started - run.ended < limit do
          local index = run.started + 1
          start(run, spawn(fn, list[index], index))
        end
        local index, handle = next_end(run)
        outcomes[index] = outcome(handle, list[index])
        run.tasks[index] = false
        failed = report(progress, run.ended, count, failed)
      end
      if failed then raise_with_results(failed, outcomes) end
      return outcomes
    end

    function task.timeout(seconds, fn, ...)
      if type(seconds) ~= "number" then
        bad_argument(1, "timeout", 2, "number expected, got %s", type(seconds))
      elseif seconds ~= seconds then
        bad_argument(1, "timeout", 2, "time is not a number")
      elseif seconds < 0 then
        bad_argument(1, "timeout", 2, "time is negative")
      end
      check_function(fn, "timeout")
      local run <close> = new_run()
      local handle = spawn(fn, ...)
      set_timeout(handle, seconds)
      start(run, handle)
      next_end(run)
      if has_timed_out(handle) then
        error(new_error("timeout", format("timeout: not done in %g s", seconds)), 0)
      end
      return handle:await()
    end
    """
}
