import Testing

@testable import ktaskctl

@Suite("The schema of the documents")
struct SchemaTests {
  @Test("takes the document with every key, and the least one")
  func samples() throws {
    let schema = try #require(Schema.ofDocuments)
    #expect(try schema.faults(in: Document.sample.json()) == [])
    #expect(try schema.faults(in: Document(ktaskctl: "1.0.0", command: "clear").json()) == [])
  }

  @Test("finds what is wrong with a document")
  func wrong() throws {
    let schema = try #require(Schema.ofDocuments)
    var document = Document.sample
    document.results[0].times = [-1]
    #expect(try schema.faults(in: document.json()) == ["document.results[0].times[0]: less than the minimum"])
    let text = Document.sample.json()
    #expect(
      try schema.faults(in: text.replacing("\"chunks\" : 8", with: "\"chunks\" : 8.5")).first
        == "document.results[0].helpers[0].chunks: no integer")
    #expect(try !schema.faults(in: text.replacing("\"added_bytes\"", with: "\"addedBytes\"")).isEmpty)
    #expect(try !schema.faults(in: text.replacing("\"errors\"", with: "\"failures\"")).isEmpty)
  }

  @Test(
    "each keyword that is used is understood, and one that is not is told",
    arguments: [
      (#"{"type":"object"}"#, "{}", true), (#"{"type":"object"}"#, "[]", false),
      (#"{"type":["number","null"]}"#, "null", true), (#"{"type":"integer"}"#, "1.5", false),
      (#"{"type":"boolean"}"#, "1", false), (#"{"type":"number"}"#, "true", false),
      (#"{"enum":["a"]}"#, #""a""#, true), (#"{"enum":["a"]}"#, #""b""#, false),
      (#"{"minimum":0}"#, "-1", false), (#"{"maximum":1}"#, "2", false),
      (#"{"items":{"type":"string"}}"#, #"["a",1]"#, false), (#"{"required":["a"]}"#, "{}", false),
      (#"{"properties":{"a":{}}}"#, #"{"b":1}"#, false),
      (#"{"additionalProperties":{"type":"null"}}"#, #"{"b":1}"#, false),
      (#"{"anyOf":[{"type":"null"},{"type":"string"}]}"#, #""a""#, true), (##"{"$ref":"#/$defs/a"}"##, "1", false),
      (##"{"$defs":{"a":{"type":"null"}},"$ref":"#/$defs/a"}"##, "null", true), (#"{"pattern":"a"}"#, #""a""#, false),
    ])
  func keywords(schema: String, value: String, isTaken: Bool) throws {
    #expect(try Schema(schema).faults(in: value).isEmpty == isTaken)
  }
}
