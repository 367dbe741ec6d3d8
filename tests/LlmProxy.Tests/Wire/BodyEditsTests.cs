using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

public sealed class BodyEditsTests
{
    private static readonly string[] Names = ["model", "mod\\u0065l", "messages", "stream", "stream_options", "temperature", "größe", "世界", "a\\\"b", "usage"];
    private static readonly string[] Values =
        ["null", "true", "-0.10", "1e400", "\"text with \\\"model\\\": and \\u00e9\"", "{\"model\":\"inner\",\"x\":[1,{\"model\":2}]}", "[ 1 , \"model\" ]", "{ }", "\"\"", "\"🎉\""];
    private static readonly string[] Spaces = ["", "", "", " ", "\n  ", "\r\n\t"];

    [Fact]
    public void Build_WithoutEdits_IsTheBodyItself()
    {
        byte[] body = "{\"a\":1}"u8.ToArray();
        SplicedBody built = Edits(body).Build();
        Assert.Equal(body.AsMemory(), Assert.Single(built.Segments));
        Assert.Equal(7, built.Length);
    }

    [Fact]
    public void Build_RandomObjectsAndEdits_ChangeWhatTheyNameAndNothingElse()
    {
        for (int seed = 0; seed < 1500; seed++)
        {
            var random = new Random(seed);
            (string text, List<(string Name, string Value)> members) = RandomObject(random);
            byte[] body = Cuts.Utf8(text);
            BodyEdits edits = Edits(body);
            var expected = new List<(string Name, string Value)>();
            for (int i = 0; i < members.Count; i++)
            {
                (string name, string value) = members[i];
                int fate = random.Next(6);
                if (fate == 1 || fate == 5)
                {
                    value = Values[random.Next(Values.Length)];
                    edits.ReplaceValue(i, "0"u8.ToArray());
                    edits.ReplaceValue(i, Cuts.Utf8(value));
                }

                if (fate == 2 || fate == 5)
                {
                    name = "renamed" + i;
                    edits.ReplaceName(i, Cuts.Utf8(name));
                }

                if (fate >= 3 && random.Next(4) > 0)
                {
                    edits.Remove(i);
                    edits.Remove(i);
                    continue;
                }

                expected.Add((name, value));
            }

            for (int i = random.Next(3); i > 0; i--)
            {
                string value = Values[random.Next(Values.Length)];
                edits.Add(Cuts.Utf8("added" + i), Cuts.Utf8(value));
                expected.Insert(expected.Count(e => e.Name.StartsWith("added", StringComparison.Ordinal)), ("added" + i, value));
            }

            string result = Text(edits.Build());
            Assert.True(expected.SequenceEqual(Parse(result)), $"seed {seed}\n{text}\n{result}");
        }
    }

    [Theory]
    [InlineData(new[] { 0 }, "{ \"b\" : 2 , \"c\" : 3 }")]
    [InlineData(new[] { 1 }, "{ \"a\" : 1 , \"c\" : 3 }")]
    [InlineData(new[] { 2 }, "{ \"a\" : 1 , \"b\" : 2 }")]
    [InlineData(new[] { 0, 1 }, "{ \"c\" : 3 }")]
    [InlineData(new[] { 1, 2 }, "{ \"a\" : 1 }")]
    [InlineData(new[] { 2, 0 }, "{ \"b\" : 2 }")]
    [InlineData(new[] { 2, 1, 0 }, "{  }")]
    public void Remove_AnyMix_TakesExactlyTheRightCommas(int[] removed, string expected)
    {
        BodyEdits edits = Edits("{ \"a\" : 1 , \"b\" : 2 , \"c\" : 3 }"u8.ToArray());
        foreach (int i in removed)
        {
            edits.Remove(i);
        }

        Assert.Equal(expected, Text(edits.Build()));
    }

    [Theory]
    [InlineData("{}", "{\"x\":1}")]
    [InlineData("{ }", "{\"x\":1 }")]
    [InlineData("{\"a\":2}", "{\"x\":1,\"a\":2}")]
    public void Add_ToAnyObject_StandsFirst(string body, string expected)
    {
        BodyEdits edits = Edits(Cuts.Utf8(body));
        edits.Add("x"u8.ToArray(), "1"u8.ToArray());
        Assert.Equal(expected, Text(edits.Build()));
    }

    [Fact]
    public void Add_WhileEverythingElseGoes_LeavesNoComma()
    {
        BodyEdits edits = Edits("{\"a\":1,\"b\":2}"u8.ToArray());
        edits.Remove(0);
        edits.Remove(1);
        edits.Add("x"u8.ToArray(), "1"u8.ToArray());
        edits.Add("y"u8.ToArray(), "2"u8.ToArray());
        Assert.Equal("{\"x\":1,\"y\":2}", Text(edits.Build()));
    }

    [Fact]
    public void ReplaceAll_RepeatedEscapedAndNestedNames_ChangesTheTopLevelOnesOnly()
    {
        BodyEdits edits = Edits("{\"model\":\"a\",\"x\":{\"model\":\"in\"},\"mod\\u0065l\":\"b\",\"t\":\"\\\"model\\\":1\",\"model\":null}"u8.ToArray());
        Assert.Equal(3, edits.ReplaceAll("model"u8, "\"z\""u8.ToArray()));
        Assert.Equal("{\"model\":\"z\",\"x\":{\"model\":\"in\"},\"mod\\u0065l\":\"z\",\"t\":\"\\\"model\\\":1\",\"model\":\"z\"}", Text(edits.Build()));
    }

    [Fact]
    public void RenameAllAndRemoveAll_SeveralOfAName_LeaveTheOthersAlone()
    {
        BodyEdits edits = Edits("{\"llm\":1,\"max_tokens\":5,\"llm\":{},\"max_token\\u0073\":6}"u8.ToArray());
        Assert.Equal(2, edits.RenameAll("max_tokens"u8, "max_completion_tokens"u8.ToArray()));
        Assert.Equal(2, edits.RemoveAll("llm"u8));
        Assert.Equal("{\"max_completion_tokens\":5,\"max_completion_tokens\":6}", Text(edits.Build()));
    }

    [Fact]
    public void ReplaceRange_InsideAValue_ChangesThatSpot()
    {
        byte[] body = "{\"stream_options\":{\"x\":1},\"a\":2}"u8.ToArray();
        BodyEdits edits = Edits(body);
        edits.ReplaceRange(body.AsSpan().IndexOf("\"x\""u8), 0, "\"include_usage\":true,"u8.ToArray());
        Assert.Equal("{\"stream_options\":{\"include_usage\":true,\"x\":1},\"a\":2}", Text(edits.Build()));
        edits.Remove(0);
        Assert.Equal("{\"a\":2}", Text(edits.Build()));
    }

    [Fact]
    public void ReplaceRange_AcrossTheEdgeOfAnotherEdit_IsRefused()
    {
        BodyEdits edits = Edits("{\"a\":\"long text\",\"b\":2}"u8.ToArray());
        edits.ReplaceValue(0, "1"u8.ToArray());
        edits.ReplaceRange(8, 15, "x"u8.ToArray());
        Assert.Throws<InvalidOperationException>(() => edits.Build());
        Assert.Throws<ArgumentOutOfRangeException>(() => edits.ReplaceRange(20, 100, default));
    }

    [Fact]
    public void Build_TwentyMegabytesOfPicture_IsReferencedNotCopied()
    {
        byte[] body = Cuts.Utf8("{\"model\":\"a\",\"messages\":[{\"image\":\"" + new string('A', 20 * 1024 * 1024) + "\"}],\"stream\":true}");
        BodyEdits edits = Edits(body);
        long before = GC.GetAllocatedBytesForCurrentThread();
        edits.ReplaceAll("model"u8, "\"other\""u8.ToArray());
        SplicedBody built = edits.Build();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
        Assert.Equal(body.Length + 4, built.Length);
        Assert.Equal(3, built.Segments.Length);
        Assert.True(built.Segments[2].Span.Overlaps(body));
    }

    private static BodyEdits Edits(byte[] body)
    {
        var members = new JsonMembers();
        members.Read(body);
        return new BodyEdits(body, members);
    }

    private static string Text(SplicedBody body)
    {
        byte[] all = [.. body.Segments.SelectMany(s => s.ToArray())];
        Assert.Equal(body.Length, all.Length);
        return Encoding.UTF8.GetString(all);
    }

    private static (string Text, List<(string Name, string Value)> Members) RandomObject(Random random)
    {
        string Space() => Spaces[random.Next(Spaces.Length)];
        var members = new List<(string Name, string Value)>();
        var text = new StringBuilder(Space() + "{" + Space());
        for (int i = random.Next(8); i > 0; i--)
        {
            (string name, string value) = (Names[random.Next(Names.Length)], Values[random.Next(Values.Length)]);
            text.Append(members.Count > 0 ? "," + Space() : "").Append('"').Append(name).Append('"').Append(Space()).Append(':').Append(Space()).Append(value).Append(Space());
            members.Add((name, value));
        }

        return (text.Append('}').Append(Space()).ToString(), members);
    }

    /// <summary>Raw names and raw values in order: kept members must not have changed by a byte.</summary>
    private static List<(string Name, string Value)> Parse(string json)
    {
        JsonNode.Parse(json);
        byte[] bytes = Cuts.Utf8(json);
        var members = new JsonMembers();
        members.Read(bytes);
        return [.. Enumerable.Range(0, members.Count).Select(i =>
            (Encoding.UTF8.GetString(bytes[(members[i].NameStart + 1)..(members[i].NameEnd - 1)]), Encoding.UTF8.GetString(members[i].Value(bytes))))];
    }
}
