#!/usr/bin/env imagine
-- Draws an image for every row of a table, and writes a report: the rows, each with its file or
-- its error. Ends with 1 where a row failed.
--
--   imagine scripts/batch.lua prompts.csv --out images
local args, csv, slug = require "args", require "csv", require "slug"
local options = args.parse {
  { "table", help = "CSV; its columns are fields of generate: prompt, style, seed, ..." },
  { "--out", value = "FOLDER", default = "out", help = "for the images and report.csv" },
}
local rows, done = csv.read(options.table), true
local outcomes = task.settle(rows, function(row, index)
  return imagine.generate(row):save(("%s/%04d-%s.png"):format(options.out, index, slug(row.prompt)))
end)
for index, outcome in ipairs(outcomes) do
  rows[index].file, rows[index].error = outcome.value, outcome.error and tostring(outcome.error)
  done = done and outcome.ok
end
csv.write(options.out .. "/report.csv", rows)
os.exit(done, true)
