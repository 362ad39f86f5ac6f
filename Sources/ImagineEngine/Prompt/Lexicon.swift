/// The words that the painter knows: each row lists meanings and the words for them.
///
/// A word may occur in several rows and then has all their meanings. Words are in the singular;
/// `lookup` also tries the usual English endings.
enum Lexicon {
  /// The meanings of a word or of a phrase of two words, and whether it is a plural.
  static func lookup(_ word: String) -> (meanings: [Meaning], isPlural: Bool)? {
    if let meanings = table[word] { return (meanings, irregularPlurals.contains(word)) }
    for (ending, replacement) in endings
    where word.count > ending.count + 1 && word.hasSuffix(ending) {
      if let meanings = table[word.dropLast(ending.count) + replacement] {
        return (meanings, ending.hasSuffix("s"))
      }
    }
    return nil
  }

  /// The number of known words and phrases.
  static var count: Int { table.count }

  private static let irregularPlurals: Set<String> = [
    "people", "men", "women", "children", "friends", "cacti", "family", "crowd",
  ]

  private static let endings = [
    ("s", ""), ("es", ""), ("ies", "y"), ("ves", "f"), ("y", ""), ("ing", ""), ("ing", "e"),
    ("ed", ""), ("ed", "e"), ("er", ""), ("ish", ""), ("n", ""), ("en", ""),
  ]

  private static let table: [String: [Meaning]] = {
    var table: [String: [Meaning]] = [:]
    for (meanings, words) in rows {
      for word in words.split(separator: " ") {
        table[word.split(separator: "_").joined(separator: " "), default: []] += meanings
      }
    }
    return table
  }()

  // A phrase of two words is written with an underscore.
  private static let rows: [([Meaning], String)] =
    placeRows + timeRows + subjectRows + poseRows + qualityRows + grammarRows

  private static let placeRows: [([Meaning], String)] = [
    (
      [.place(.skyline)],
      """
      city skyline cityscape metropolis downtown skyscraper tower urban town megacity manhattan tokyo \
      building new_york hong_kong city_skyline
      """
    ),
    ([.place(.skyline), .light(.neon)], "cyberpunk"),
    (
      [.place(.street)],
      "street alley avenue road lane sidewalk boulevard market crossing shop cafe square paris"
    ),
    (
      [.place(.forest)],
      "forest wood woodland woods jungle grove rainforest bamboo redwood taiga clearing undergrowth"
    ),
    (
      [.place(.mountains)],
      "mountain mountains alp alps peak summit cliff canyon valley ridge himalaya range volcano fjord highland"
    ),
    ([.place(.sea)], "sea ocean atlantic pacific sail voyage seascape open_sea"),
    ([.place(.sea), .feature(.waves)], "wave tide"),
    ([.place(.underwater)], "underwater seabed undersea aquarium sea_floor sea_bed deep_sea"),
    ([.place(.underwater), .feature(.coral)], "reef coral_reef seaweed"),
    ([.place(.sea), .subject(.boat)], "harbour harbor port marina regatta"),
    (
      [.place(.coast)],
      "coast beach shore seaside bay island lagoon tropical seashore dune_beach coastline cove sandy_beach"
    ),
    ([.place(.lake)], "lake pond river reservoir stream loch wetland lakeside creek"),
    ([.place(.desert)], "desert dune sahara sand oasis wasteland mars badland mesa"),
    (
      [.place(.meadow)],
      "meadow field hill grass grassland countryside prairie farm pasture garden park lawn steppe savanna savannah"
    ),
    ([.place(.meadow), .feature(.petals)], "wildflower lavender"),
    (
      [.place(.snow), .season(.winter)],
      "snowfield arctic glacier tundra antarctica iceberg ski north_pole"
    ),
    ([.place(.nightSky), .time(.night)], "night_sky starry constellation stargazing"),
    ([.place(.nightSky), .time(.night), .feature(.stars)], "milky_way"),
    ([.place(.nightSky), .time(.night), .feature(.aurora)], "aurora northern_lights"),
    (
      [.place(.space), .time(.night)],
      "space galaxy nebula cosmos cosmic universe outer_space orbit asteroid interstellar"
    ),
    ([.place(.space), .time(.night), .feature(.planet)], "planet saturn jupiter"),
    (
      [.place(.interior)],
      "room interior indoors kitchen bedroom living_room library office studio_apartment hall cabin bookshelf fireplace inside"
    ),
    (
      [.place(.studio)],
      "studio still_life backdrop product_shot pedestal podium plate"
    ),
  ]

  private static let timeRows: [([Meaning], String)] = [
    ([.time(.dawn)], "dawn sunrise morning daybreak early_morning"),
    ([.time(.day)], "day noon midday afternoon daylight daytime sunlight sunlit"),
    ([.time(.day), .weather(.clear)], "sun sunny"),
    ([.time(.dusk)], "dusk sunset evening twilight sundown golden_hour nightfall blue_hour"),
    ([.time(.night)], "night midnight nighttime nocturnal"),
    ([.time(.night), .feature(.moon)], "moon moonlit moonlight full_moon crescent"),
    ([.weather(.clear)], "clear cloudless fair blue_sky"),
    ([.weather(.cloudy)], "cloud cloudy cumulus"),
    ([.weather(.overcast)], "overcast grey_sky gloomy drizzle dull"),
    ([.weather(.fog), .feature(.mist)], "fog mist misty foggy haze hazy"),
    ([.weather(.rain)], "rain rainy wet shower puddle"),
    (
      [.weather(.storm), .feature(.lightning)],
      "storm thunder lightning thunderstorm tempest stormy hurricane"
    ),
    (
      [.weather(.snow), .season(.winter)],
      "snow snowy snowfall blizzard snowstorm frost frosty snowing"
    ),
    ([.weather(.wind)], "wind windy breeze breezy"),
    ([.season(.spring), .feature(.petals)], "spring blossom bloom"),
    ([.season(.summer)], "summer july august"),
    ([.season(.autumn)], "autumn fall october autumnal foliage"),
    ([.season(.winter)], "winter christmas january wintry"),
    ([.feature(.stars), .time(.night)], "star stars starlight"),
    ([.feature(.rainbow)], "rainbow"),
    ([.feature(.waves)], "surf surfing"),
    ([.feature(.fireworks), .time(.night)], "firework fireworks"),
    ([.feature(.reflection)], "reflection reflect mirror"),
  ]

  private static let subjectRows: [([Meaning], String)] = [
    (
      [.subject(.person)],
      """
      person man woman girl boy child people human hero figure hiker traveler traveller wanderer portrait \
      knight wizard samurai warrior dancer lady king queen princess monk farmer sailor friend family \
      face model men women children runner crowd father mother bride groom gentleman skier \
      surfer fisherman cowboy pirate soldier doctor teacher chef artist
      """
    ),
    (
      [.feature(.woman)],
      "woman women girl lady queen princess she her witch ballerina mother bride grandmother"
    ),
    (
      [.feature(.man)],
      "man men boy king prince monk he his knight father groom gentleman wizard grandfather cowboy pirate fisherman sorcerer samurai"
    ),
    ([.feature(.child)], "boy girl child children kid baby toddler"),
    ([.subject(.person)], "witch ballerina prince kid toddler grandmother grandfather"),
    ([.amount(2), .subject(.person)], "couple"),
    ([.feature(.beard)], "beard bearded wizard grandfather pirate moustache santa"),
    ([.feature(.elderly)], "old elderly aged wizard grandmother grandfather senior"),
    ([.feature(.crown)], "crown king prince"),
    ([.feature(.pointedHat)], "wizard witch sorcerer"),
    ([.feature(.armour)], "knight armour armor"),
    ([.feature(.suit)], "suit tuxedo tie"),
    ([.subject(.person), .feature(.suit)], "businessman businesswoman waiter"),
    ([.feature(.dress)], "dress gown skirt"),
    ([.feature(.leap)], "leap jump breach breaching leaping jumping"),
    ([.subject(.person), .feature(.spacesuit)], "astronaut cosmonaut spaceman"),
    ([.subject(.cat)], "cat kitten kitty tabby feline"),
    ([.subject(.tiger)], "tiger tigress"),
    ([.subject(.leopard)], "leopard cheetah jaguar"),
    ([.colour(.black), .subject(.leopard)], "panther black_panther"),
    ([.subject(.bear)], "bear grizzly panda polar_bear teddy"),
    ([.subject(.candle)], "candle"),
    ([.feature(.umbrella)], "umbrella parasol"),
    ([.feature(.books)], "library bookshelf book"),
    ([.feature(.crown), .feature(.dress)], "queen princess bride"),
    ([.subject(.dog)], "dog puppy hound corgi retriever terrier poodle husky canine"),
    ([.subject(.fox)], "fox vixen"),
    ([.subject(.wolf)], "wolf coyote"),
    (
      [.subject(.bird)],
      "bird seagull gull eagle raven crow owl sparrow swan dove duck flamingo parrot heron"
    ),
    (
      [.subject(.tree)],
      "tree oak maple willow birch beech olive_tree oak_tree apple_tree maple_tree birch_tree"
    ),
    (
      [.season(.spring), .feature(.petals), .colour(.pink), .subject(.tree)],
      "cherry_blossom sakura cherry_tree blossoming_tree"
    ),
    ([.subject(.conifer)], "pine fir spruce conifer cedar pine_tree fir_tree christmas_tree"),
    ([.subject(.palm)], "palm palm_tree coconut"),
    ([.subject(.flower)], "flower tulip daisy lily orchid lotus"),
    ([.subject(.bouquet)], "bouquet posy flower_arrangement"),
    ([.feature(.tulips)], "tulip"),
    ([.feature(.roses)], "rose"),
    ([.feature(.wildflowers)], "wildflower daisy"),
    ([.colour(.yellow), .subject(.flower)], "sunflower daffodil"),
    ([.colour(.red), .subject(.flower)], "rose poppy"),
    (
      [.subject(.house)],
      "house cottage hut home barn villa chalet farmhouse cabin_house mansion roof rooftop log_cabin"
    ),
    ([.amount(5), .subject(.house)], "village hamlet town_houses"),
    ([.subject(.castle)], "castle fortress palace citadel temple cathedral"),
    (
      [.subject(.car)],
      "car automobile taxi truck vehicle sportscar jeep sports_car race_car bus van"
    ),
    (
      [.subject(.boat)],
      "boat ship sailboat yacht ferry canoe vessel sailing_boat fishing_boat rowboat pirate_ship sailing_ship cruise_ship"
    ),
    (
      [.subject(.rocket)],
      "rocket spaceship spacecraft shuttle starship launch missile space_shuttle"
    ),
    (
      [.subject(.bottle)],
      "bottle product perfume wine flask jar cosmetic shampoo potion lotion"
    ),
    ([.subject(.vase)], "vase"),
    ([.feature(.bowl)], "bowl basket"),
    ([.subject(.cup)], "cup mug coffee tea espresso teacup latte glass_cup cappuccino"),
    (
      [.subject(.fruit)], "fruit apple orange_fruit pear lemon peach cherry berry tomato grape plum"
    ),
    ([.subject(.robot)], "robot android cyborg mech droid machine"),
    ([.subject(.lighthouse)], "lighthouse beacon"),
    ([.subject(.fish)], "fish goldfish koi salmon tuna clownfish"),
    ([.subject(.whale)], "whale orca humpback blue_whale"),
    ([.subject(.dolphin)], "dolphin porpoise"),
    ([.subject(.shark)], "shark"),
    ([.subject(.turtle)], "turtle tortoise sea_turtle"),
    ([.subject(.jellyfish)], "jellyfish medusa"),
    ([.subject(.cactus)], "cactus cacti saguaro"),
    ([.subject(.camel)], "camel dromedary"),
    ([.subject(.lion)], "lion"),
    ([.subject(.elephant)], "elephant mammoth"),
    ([.subject(.rabbit)], "rabbit bunny hare"),
    ([.subject(.butterfly)], "butterfly moth"),
    ([.subject(.snowman)], "snowman"),
    ([.subject(.mushroom)], "mushroom toadstool"),
    ([.subject(.dragon)], "dragon wyvern"),
    ([.subject(.pizza)], "pizza"),
    ([.subject(.cake)], "cake birthday_cake"),
    ([.subject(.bicycle)], "bicycle bike"),
    ([.subject(.train)], "train locomotive railway steam_train"),
    ([.subject(.windmill)], "windmill"),
    ([.subject(.bridge)], "bridge viaduct"),
    ([.subject(.waterfall)], "waterfall cascade"),
    ([.subject(.sofa)], "sofa couch settee"),
    ([.subject(.armchair)], "armchair chair throne"),
    ([.subject(.table)], "table tabletop countertop desk"),
    ([.subject(.bench)], "bench park_bench"),
    ([.subject(.bed)], "bed"),
    ([.subject(.rock)], "rock boulder"),
    ([.subject(.branch)], "branch twig tree_branch"),
    ([.subject(.horse)], "horse pony stallion mare foal donkey horseback"),
    (
      [.subject(.person), .relation(.on), .subject(.horse)],
      "horseman horsewoman jockey equestrian horse_rider"
    ),
    ([.feature(.horn), .colour(.white), .subject(.horse)], "unicorn"),
    ([.subject(.zebra)], "zebra"),
    ([.subject(.cow)], "cow cattle bull ox calf"),
    ([.subject(.deer)], "deer stag doe reindeer elk moose"),
    ([.subject(.balloon)], "balloon air_balloon airship zeppelin"),
    ([.subject(.lamp)], "lamp lantern streetlight"),
    ([.feature(.spacesuit)], "spacesuit space_suit"),
    ([.feature(.hat)], "hat cap helmet cowboy"),
  ]

  private static let poseRows: [([Meaning], String)] = [
    ([.pose(.standing)], "standing stand stands"),
    ([.pose(.grazing)], "grazing graze"),
    (
      [.pose(.walking)],
      "walking walk stroll strolling hiking hiker wandering trotting prowling dancer dancing"
    ),
    (
      [.pose(.running)],
      "running run runs runner jogging galloping gallop racing sprinting sprint chasing"
    ),
    ([.pose(.leaping)], "leap jump leaping jumping pouncing hopping bounding rearing"),
    ([.pose(.sitting)], "sitting sit sits seated meditating"),
    ([.pose(.lying)], "lying lie lies laying resting reclining lounging relaxing"),
    ([.pose(.sleeping)], "sleeping sleep asleep sleepy napping nap dozing curled"),
  ]

  private static let qualityRows: [([Meaning], String)] = [
    ([.material(.wood)], "wooden timber oak_table"),
    ([.material(.stone)], "stone rocky concrete brick granite"),
    ([.material(.metal)], "metal metallic steel iron chrome copper bronze"),
    ([.material(.gold)], "gilded"),
    ([.material(.glass)], "glass transparent glassy"),
    ([.material(.marble)], "marble ceramic porcelain"),
    ([.material(.paper)], "paper origami cardboard papercut"),
    ([.material(.plastic)], "plastic toy rubber lego"),
    ([.material(.fabric)], "fabric wool silk velvet linen knitted felt fluffy furry"),
    ([.material(.crystal)], "crystal diamond gem jewel quartz"),
    ([.material(.ice)], "ice icy frozen"),
    (
      [.light(.neon)],
      "neon glow glowing led synthwave vaporwave futuristic sci-fi scifi hologram electric"
    ),
    ([.light(.soft)], "soft diffuse gentle softly pastel"),
    ([.light(.hard)], "harsh hard high_contrast spotlight"),
    ([.light(.backlit)], "backlit backlight silhouette rim_light"),
    ([.light(.golden)], "warm amber golden_light golden_glow golden_sun golden_sunlight"),
    ([.light(.candle)], "candle candlelight firelight torch"),
    ([.mood(.calm)], "calm peaceful serene quiet tranquil still minimal minimalist zen"),
    ([.mood(.dark)], "dark noir moody shadowy grim gothic"),
    ([.mood(.bright)], "bright vivid colourful colorful vibrant cheerful happy joyful lively"),
    ([.mood(.dramatic)], "dramatic intense cinematic powerful"),
    (
      [.mood(.dreamy)],
      "dreamy surreal magical ethereal fantasy whimsical enchanted mystical fairy magic dream"
    ),
    ([.mood(.epic)], "epic majestic grand heroic vast towering"),
    ([.mood(.cosy)], "cosy cozy homely rustic"),
    ([.mood(.eerie)], "eerie haunted spooky creepy scary abandoned ghost"),
    ([.camera(.close)], "close-up closeup close_up close detail headshot"),
    ([.camera(.macro)], "macro"),
    ([.camera(.portrait)], "bust portrait selfie headshot"),
    ([.camera(.wide)], "wide panorama panoramic wide_angle landscape distant far vista"),
    ([.camera(.low)], "low_angle from_below worm"),
    ([.camera(.high)], "aerial drone overhead bird's-eye from_above top_view high_angle"),
    ([.size(1.35)], "big large huge giant enormous tall massive great"),
    ([.size(0.68)], "small little tiny mini miniature baby"),
    ([.colour(.red)], "red crimson scarlet ruby vermilion"),
    ([.colour(.orange)], "orange tangerine apricot rust"),
    ([.colour(.yellow)], "yellow lemon_yellow saffron"),
    ([.colour(.green)], "green emerald olive jade mint"),
    ([.colour(.teal)], "teal turquoise cyan aqua"),
    ([.colour(.blue)], "blue azure cobalt sapphire indigo"),
    ([.colour(.purple)], "purple violet magenta lilac mauve"),
    ([.colour(.pink)], "pink rosy salmon_pink coral"),
    ([.colour(.brown)], "brown chocolate tan beige chestnut ginger"),
    ([.colour(.white)], "white snow-white ivory pale"),
    ([.colour(.black)], "black ebony jet"),
    ([.colour(.grey)], "grey gray slate charcoal"),
    ([.colour(.gold), .material(.gold)], "gold"),
    ([.colour(.gold)], "golden"),
    ([.colour(.silver), .material(.metal)], "silver"),
    ([.colour(.cream)], "cream vanilla"),
    ([.colour(.navy)], "navy"),
    ([.colour(.lime)], "lime"),
  ]

  private static let grammarRows: [([Meaning], String)] = [
    ([.amount(1)], "one single lone lonely alone"),
    ([.amount(2)], "two pair both twin"),
    ([.amount(3)], "three trio"),
    ([.amount(4)], "four several few"),
    ([.amount(5)], "five some group"),
    ([.amount(6)], "six"),
    ([.amount(7)], "seven many flock herd dozen lots fleet crowd_of row"),
    ([.negation], "no without not never except minus"),
    (
      [.relation(.on)],
      "on onto upon atop riding ride perched"
    ),
    ([.relation(.within)], "in inside_of within into through among amid at"),
    ([.relation(.above)], "above over flying hovering floating"),
    ([.relation(.beside)], "beside near next by left right"),
    ([.relation(.before)], "in_front before"),
    ([.relation(.behind)], "behind background against"),
    ([.relation(.below)], "under below beneath underneath"),
    ([.relation(.with)], "with holding wearing"),
    ([.relation(.and)], "and"),
  ]
}
