import Lua
import Testing

@Suite("slug")
struct SlugTests {
  @Test(
    "a text becomes a file name",
    arguments: [
      ("A Café in Paris, 1920!", "a-cafe-in-paris-1920"),
      ("  --Hello,   World--  ", "hello-world"),
      ("It's the cat’s", "its-the-cats"),
      ("Straße, Ærø, Łódź, Þór", "strasse-aero-lodz-thor"),
      ("e\u{301}te\u{301}", "ete"),
      ("猫 in a spacesuit", "猫-in-a-spacesuit"),
      ("Москва ночью", "Москва-ночью"),
      ("cat 🐱 and «dog»…", "cat-and-dog"),
      ("../../etc/passwd\0.png", "etc-passwd-png"),
      ("!!!", "untitled"), ("", "untitled"),
    ])
  func texts(text: String, slug: String) throws {
    let bytes = text.utf8.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(try runLua("return require 'slug' '\(bytes)'").first?.text == slug)
  }

  @Test("a slug is cut between words if possible and never inside a character")
  func cut() throws {
    try runLua(
      """
      local slug = require "slug"
      assert(slug("one two three", { max = 8 }) == "one-two")
      assert(slug("one two three", { max = 7 }) == "one-two")
      assert(slug("unbelievable", { max = 5 }) == "unbel")
      assert(slug("猫猫猫", { max = 7 }) == "猫猫")
      assert(#slug(("word "):rep(100)) <= 80)
      assert(slug("a b", { separator = "_" }) == "a_b" and slug("!", { default = "x" }) == "x")
      assert(slug.of("A B") == "a-b")
      """)
  }

  @Test("an argument that is not UTF-8 text is an error")
  func faults() throws {
    #expect(try faultOfLua("require('slug')(nil)").hasPrefix("test.lua:1: slug: a nil"))
    #expect(try faultOfLua("require('slug')('\\xff')").contains("not UTF-8"))
    #expect(
      try faultOfLua("require('slug')('a', { mx = 1 })").contains(
        "slug: unknown field 'mx'; did you mean 'max'?"))
  }
}
