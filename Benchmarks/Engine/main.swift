// Without arguments everything is measured, else the parts that are named.
let parts: [(name: String, rows: () throws -> [Row])] = [
  ("encoding", { try Encoding.rows() }),
  ("edits", { try Edits.rows() }),
  ("paint", { try Paintings.rows() }),
  ("two", { try TwoAtOnce.rows() }),
  ("video", { try Videos.rows() }),
]
let wanted = CommandLine.arguments.dropFirst()
Report.print(
  try parts.filter { wanted.isEmpty || wanted.contains($0.name) }.flatMap { try $0.rows() })
