using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

public sealed class BodyEditsTests
{
    [Theory]
    [InlineData("{\"a\":1}", "0", "{}")]
    [InlineData("{ \"a\" : 1 , \"b\" : 2 }", "0", "{ \"b\" : 2 }")]
    [InlineData("{ \"a\" : 1 , \"b\" : 2 }", "1", "{ \"a\" : 1 }")]
    [InlineData("{\"a\":1,\"b\":2,\"c\":3}", "1", "{\"a\":1,\"c\":3}")]
    [InlineData("{\"a\":1,\"b\":2,\"c\":3}", "01", "{\"c\":3}")]
    [InlineData("{\"a\":1,\"b\":2,\"c\":3}", "12", "{\"a\":1}")]
    [InlineData("{\"a\":1,\"b\":2,\"c\":3}", "02", "{\"b\":2}")]
    [InlineData("{\"a\":1,\"b\":2,\"c\":3}", "012", "{}")]
    public void Remove_AnyMembers_TakesTheRightCommas(string json, string removed, string expected)
    {
        BodyEdits edits = Of(json, out _);
        foreach (char member in removed)
        {
            edits.Remove(member - '0');
        }

        Assert.Equal(expected, Text(edits));
    }

    [Fact]
    public void Add_ToAnEmptyObject_NeedsNoComma()
    {
        BodyEdits edits = Of("{ }", out _);
        edits.Add("x"u8, "1"u8.ToArray());
        edits.Add("y"u8, "2"u8.ToArray());

        Assert.Equal("{\"x\":1,\"y\":2 }", Text(edits));
    }

    [Fact]
    public void Edits_OfEveryKindAtOnce_LeaveTheRestAsItCame()
    {
        BodyEdits edits = Of("{\"mod\\u0065l\" : \"old\", \"keep\":1.50e3,\"llm\":{\"x\":1},  \"k\\u00fc\":\"ü\\/\",\"o\":{\"in\":0}}", out JsonMembers members);
        edits.ReplaceValue(0, "\"new\""u8.ToArray());
        edits.Remove(2);
        edits.ReplaceRange(members[4].ValueStart + 1, 0, "\"first\":true,"u8.ToArray());
        edits.ReplaceName(1, "\"kept\""u8.ToArray());
        edits.Add("z"u8, "null"u8.ToArray());

        Assert.Equal("{\"z\":null,\"mod\\u0065l\" : \"new\", \"kept\":1.50e3,\"k\\u00fc\":\"ü\\/\",\"o\":{\"first\":true,\"in\":0}}", Text(edits));
    }

    [Fact]
    public void Edits_None_AreTheBodyItself()
    {
        byte[] body = "{\"a\":1}"u8.ToArray();
        var members = new JsonMembers();
        members.Read(body);

        ReadOnlyMemory<byte> only = Assert.Single(new BodyEdits(body, members).ToSegments());
        Assert.True(only.Span == body.AsSpan());
    }

    [Fact]
    public void Edits_Random_GiveTheExpectedObject()
    {
        var random = new Random(3);
        for (int round = 0; round < 2000; round++)
        {
            int count = random.Next(0, 7);
            var expected = new JsonObject();
            string[] parts = [.. Enumerable.Range(0, count).Select(i => Space(random) + $"\"m{i}\"" + Space(random) + ":" + Space(random) + Value(random, i) + Space(random))];
            BodyEdits edits = Of("{" + string.Join(',', parts) + "}", out JsonMembers members);
            for (int i = 0; i < count; i++)
            {
                switch (random.Next(4))
                {
                    case 0:
                        edits.Remove(i);
                        break;
                    case 1:
                        edits.ReplaceValue(i, "\"replaced\""u8.ToArray());
                        expected[$"m{i}"] = "replaced";
                        break;
                    default:
                        expected[$"m{i}"] = JsonNode.Parse(parts[i][(parts[i].IndexOf(':', StringComparison.Ordinal) + 1)..]);
                        break;
                }
            }

            if (random.Next(2) == 0)
            {
                edits.Add("added"u8, "[1]"u8.ToArray());
                expected["added"] = new JsonArray(1);
            }

            Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(Text(edits))), Text(edits));
        }
    }

    private static string Space(Random random) => random.Next(3) switch { 0 => " ", 1 => "\n", _ => "" };

    private static string Value(Random random, int i) => random.Next(4) switch { 0 => $"{i}.5", 1 => "{\"m0\":[1,{}]}", 2 => "\"a,b}\\\"\"", _ => "null" };

    private static BodyEdits Of(string json, out JsonMembers members)
    {
        byte[] body = Encoding.UTF8.GetBytes(json);
        members = new JsonMembers();
        members.Read(body);
        return new BodyEdits(body, members);
    }

    private static string Text(BodyEdits edits) => Encoding.UTF8.GetString([.. edits.ToSegments().SelectMany(s => s.ToArray())]);
}
