import ImagineAPI

/// A command of the shell that makes, edits or converts images: the meaning of its words.
///
/// Its options are the fields of the operations, from their descriptions. Its work is a module of the
/// library, `imagine.verbs.NAME`, which runs as a script does: with its journal, budget, recording
/// and plan.
struct Verb: Sendable {
  struct Operand: Sendable {
    let name: String
    var isMany = false
    let summary: String
  }

  /// How the operation is chosen, whose fields are options.
  enum Choice: Sendable {
    /// By `--operation`; the first is the default.
    case option([String])
    /// By the first word.
    case word([String])
    /// There is one, and these are its fields.
    case fields([Field])
  }

  /// Where results go.
  enum Place: Sendable {
    case output, outputOrFolder
    /// `--out`.
    case folder
  }

  let name: String
  let summary: String
  var discussion = ""
  let operands: [Operand]
  let choice: Choice
  let place: Place
  /// Fields that operands give.
  var given: [String] = []
  /// Further options.
  var options: [VerbOption] = []
  /// Whether it resumes its last run, finished or not.
  var resumesLastRun = false
  let example: String

  /// A script's name, which is asked for first, costs no description.
  static func named(_ name: String) -> Verb? {
    switch name {
    case "generate": generate
    case "edit": edit
    case "batch": batch
    case "convert": convert
    case "sheet": sheet
    default: nil
    }
  }

  /// The names of the operations that it may be asked for; empty if there is one.
  var operations: [String] {
    switch choice {
    case .option(let names), .word(let names): names
    case .fields: []
    }
  }
}

extension Verb {
  static let all = [generate, edit, batch, convert, sheet]

  static let generate = Verb(
    name: "generate", summary: "generate images from prompts",
    discussion: "`-o -` writes the image to standard output.",
    operands: [
      Operand(name: "PROMPT", summary: "what to generate; - reads a prompt from each line of input")
    ],
    choice: .option(
      MediaOperation.all.filter { $0.field("image") == nil }.map(\.name)),
    place: .outputOrFolder, given: ["prompt"],
    example: """
      imagine generate "a cat on a sofa" -o cat.png --style realistic --seed 7
      sort prompts.txt | imagine generate - --dir out --format webp
      """)

  static let edit = Verb(
    name: "edit", summary: "edit images: remove-background, upscale, crop, label, …",
    discussion: """
      Edits by a service are calls, as in a script. Steps over pixels, such as crop, are done on this \
      machine, cost nothing and give PNG; --format writes another. `imagine edit OPERATION --help` \
      lists the fields.
      """,
    operands: [
      Operand(name: "OPERATION", summary: "what to do"),
      Operand(name: "IN", isMany: true, summary: "images; - is standard input"),
    ],
    choice: .word(
      MediaOperation.all.filter { $0.field("image") != nil }.map(\.name)
        + PictureOperation.all.filter { $0.owner == .image }.map(\.name)),
    place: .outputOrFolder,
    example: """
      imagine edit remove-background photo.jpg -o cut.png
      imagine edit crop *.jpg --dir square --aspect-ratio 1:1 --gravity attention --format jpg
      """)

  static let batch = Verb(
    name: "batch", summary: "make a call for each row of a file, and a report",
    discussion: """
      A text file has a prompt on each line; the columns of a CSV, and the members of the objects of \
      JSON Lines, are fields of the call. A column 'file' names the result in the folder. All rows \
      are checked before anything is sent. The folder gets the results and report.csv (or \
      report.jsonl): each row with its file, seed and cost, or its error.

      The same command resumes where it was killed or stopped, and after its end makes what is new \
      in the file and what failed. It pays for nothing twice until its run is pruned, 7 days after \
      its end by default. `imagine runs delete ID` allows a new run.
      """,
    operands: [
      Operand(name: "FILE", summary: "txt, csv, tsv or jsonl; - is standard input")
    ],
    choice: .option(MediaOperation.all.map(\.name)), place: .folder,
    options: [
      VerbOption(
        Field(
          "type", .choice(["txt", "csv", "tsv", "jsonl"]), .optional,
          summary: "what the file is; by default its extension says"))
    ],
    resumesLastRun: true,
    example: """
      imagine batch prompts.csv --out images --style anime --budget 200
      """)

  static let convert = Verb(
    name: "convert", summary: "change the format and size of images",
    discussion: "It is done on this machine and costs nothing.",
    operands: [
      Operand(name: "IN", isMany: true, summary: "images; - is standard input")
    ],
    choice: .fields([
      ConversionField.width, ConversionField.height, ConversionField.fit, ConversionField.kernel,
    ]),
    place: .outputOrFolder,
    example: """
      imagine convert photo.png -o photo.webp --width 1200 --max-bytes 200000
      imagine convert *.png --dir small --format jpg --width 512 --height 512 --fit cover
      """)

  static let sheet = Verb(
    name: "sheet", summary: "arrange images in a contact sheet",
    discussion: "It is done on this machine and costs nothing.",
    operands: [
      Operand(
        name: "IN", isMany: true, summary: "images; a single - reads a path from each line of input"
      )
    ],
    choice: .fields(PictureOperation.sheet.operation.fields.filter { $0.name != "images" }),
    place: .output,
    example: """
      imagine sheet out/*.png -o sheet.png --columns 4 --title Seeds
      """)
}

/// The options of a verb for one operation.
struct VerbOptions: Sendable {
  struct Group: Sendable {
    let title: String
    let options: [VerbOption]
  }

  /// The verb's own.
  let own: [VerbOption]
  /// The fields of the operation.
  let fields: [Group]

  /// - Parameters:
  ///   - operation: its name; nil for a verb that has one, and to leave out fields.
  init(of verb: Verb, operation: String?) {
    let hidden = Set(verb.given + verb.imageField(of: operation))
    let host = ScriptCommand.verbOptions.map(\.name)
    var groups: [Group] = []
    if case .fields(let fields) = verb.choice {
      groups = [Group(title: "Fields", options: fields.map { VerbOption($0) })]
    } else if let topic = operation.flatMap({ HelpTopic.named($0) }) {
      var known: Set<String> = []
      groups = topic.groups.map { group in
        let fields = group.fields.filter {
          !hidden.contains($0.name) && known.insert($0.name).inserted
        }
        return Group(
          title: group.title,
          options: fields.map { VerbOption($0, letter: $0.name == "n" ? "n" : nil) }
            .filter { !host.contains($0.name) })
      }.filter { !$0.options.isEmpty }
    }
    fields = groups
    let taken = Set(groups.flatMap(\.options).map(\.name))
    own = Self.own(of: verb, operation).filter { !taken.contains($0.name) }
  }

  var all: [VerbOption] { own + fields.flatMap(\.options) }

  private static func own(of verb: Verb, _ operation: String?) -> [VerbOption] {
    let output = VerbOption(
      Field("output", .text, .optional, summary: "where to save the image; - is standard output"),
      letter: "o")
    let folder = "where to save images; no file there is replaced unless --overwrite says so"
    var options: [VerbOption] =
      switch verb.place {
      case .output: [output]
      case .outputOrFolder:
        [output, VerbOption(Field("dir", .text, .optional, summary: folder))]
      case .folder:
        [
          VerbOption(
            Field("out", .text, .required, summary: "for the results and the report"), key: "dir",
            letter: "o")
        ]
      }
    options += verb.options
    if case .option(let names) = verb.choice {
      options.append(
        VerbOption(
          Field("operation", .choice(names), .defaulted(names[0]), summary: "what to call")))
    }
    let extensions = ImageFormat.writable.map(\.pathExtension)
    let format = Field(
      "format", .choice(extensions), .optional, summary: "the format of images without an extension"
    )
    let overwrite = SaveField.overwrite.limited(to: .choice(["true", "false", "number"]))
    let replacing = Field(overwrite, presence: .optional)
    let saving =
      switch Verb.answer(of: operation) {
      case "numbers": [Field]()
      case "job": [replacing]
      default: [format] + SaveField.all.filter { $0.name != overwrite.name } + [replacing]
      }
    options += saving.map { VerbOption($0) }
    if case .fields = verb.choice {
    } else {
      options += [SettingField.concurrency, SettingField.rate].map {
        VerbOption($0, isAboutRun: true)
      }
    }
    options.append(
      VerbOption(
        Field("json", .flag, .optional, summary: "print a JSON object for each result"),
        isAboutRun: true))
    options.append(
      VerbOption(
        Field(
          "dry_run", .flag, .optional,
          summary: "print the calls, their price and the files; send nothing"), isAboutRun: true))
    return options
  }
}

extension Field {
  /// The same field with another presence.
  fileprivate init(_ field: Field, presence: Presence) {
    self.init(field.name, field.kind, presence, summary: field.summary)
  }
}

extension Verb {
  /// The field of an operation whose image is an operand.
  fileprivate func imageField(of operation: String?) -> [String] {
    guard case .word = choice, let operation, MediaOperation.named(operation) != nil else {
      return []
    }
    return ["image"]
  }
}
