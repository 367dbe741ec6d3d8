using System.Text.Json;
using LlmProxy.Providers.Dummy;

namespace LlmProxy.Tests.Providers.Dummy;

public sealed class DummySchemaTests
{
    [Theory]
    [InlineData("""{"type":"string"}""", "\"text\"")]
    [InlineData("""{"type":"string","minLength":6}""", "\"textxx\"")]
    [InlineData("""{"type":"string","maxLength":2}""", "\"te\"")]
    [InlineData("""{"type":"string","format":"date-time"}""", "\"2025-01-01T00:00:00Z\"")]
    [InlineData("""{"type":"string","format":"email"}""", "\"user@example.com\"")]
    [InlineData("""{"type":"string","pattern":"^A-[0-9]$","examples":["A-1"]}""", "\"A-1\"")]
    [InlineData("""{"type":"string","default":"d"}""", "\"d\"")]
    [InlineData("""{"const":{"a":1}}""", """{"a":1}""")]
    [InlineData("""{"enum":[3,4]}""", "3")]
    [InlineData("""{"type":"integer"}""", "1")]
    [InlineData("""{"type":"integer","minimum":10}""", "10")]
    [InlineData("""{"type":"integer","exclusiveMinimum":10}""", "11")]
    [InlineData("""{"type":"integer","maximum":-5}""", "-5")]
    [InlineData("""{"type":"integer","minimum":10,"multipleOf":7}""", "14")]
    [InlineData("""{"type":"number","minimum":0.5}""", "0.5")]
    [InlineData("""{"type":"number","minimum":0,"maximum":1}""", "0")]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":0.5}""", "0.03125")]
    [InlineData("""{"type":"boolean"}""", "true")]
    [InlineData("""{"type":"null"}""", "null")]
    [InlineData("""{"type":["null","integer"]}""", "1")]
    [InlineData("""{"type":"array","items":{"type":"integer"}}""", "[1]")]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":3}""", "[1,2,3]")]
    [InlineData("""{"type":"array","items":{"type":"integer"},"maxItems":0}""", "[]")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"string"},{"type":"boolean"}],"items":false}""", """["text",true]""")]
    [InlineData("""{"anyOf":[{"type":"integer"},{"type":"string"}]}""", "1")]
    [InlineData("""{"oneOf":[{"$ref":"#/definitions/a~1b"}],"definitions":{"a/b":{"type":"boolean"}}}""", "true")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}},"required":["b"]}""", """{"b":1}""")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}}}""", """{"a":"a","b":1}""")]
    [InlineData("""{"type":"object","required":["x"]}""", """{"x":"x"}""")]
    [InlineData("""{"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"boolean"}},"required":["b"]}]}""", """{"a":1,"b":true}""")]
    [InlineData("""{"type":"object","properties":{"o":{"type":"object","properties":{"p":{"type":"array","items":{"enum":["x","y"]},"minItems":2}},"required":["p"]}},"required":["o"]}""", """{"o":{"p":["x","y"]}}""")]
    [InlineData("{}", "\"text\"")]
    public void Fill_Schema_IsSatisfied(string schema, string expected) => Assert.Equal(expected, Fill(schema));

    [Fact]
    public void Fill_SchemaThatContainsItself_Ends()
    {
        const string Tree = """{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"value":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]},"children":{"type":"array","items":{"$ref":"#/$defs/node"}}},"required":["value","next","children"],"additionalProperties":false}}}""";

        using JsonDocument json = JsonDocument.Parse(Fill(Tree));
        JsonElement node = json.RootElement;
        while (node.ValueKind == JsonValueKind.Object)
        {
            Assert.Equal(1, node.GetProperty("value").GetInt32());
            node = node.GetProperty("next");
        }

        Assert.Equal(JsonValueKind.Null, node.ValueKind);
    }

    [Theory]
    [InlineData("""{"$ref":"#"}""")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""")]
    [InlineData("""{"allOf":[{"$ref":"#"},{"$ref":"#"}]}""")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"},"b":{"$ref":"#"}},"required":["a","b"]}""")]
    public void Fill_SchemaThatNothingSatisfies_EndsAllTheSame(string schema) => Assert.NotEmpty(Fill(schema));

    [Theory]
    [InlineData("""{"$ref":"#/$defs/none"}""")]
    [InlineData("""{"$ref":"https://example.com/schema"}""")]
    public void Fill_ReferenceToNothing_IsRefused(string schema) => Assert.Throws<DummyRefusal>(() => Fill(schema));

    private static string Fill(string schema)
    {
        using JsonDocument document = JsonDocument.Parse(schema);
        return DummySchema.Fill(document.RootElement);
    }
}
