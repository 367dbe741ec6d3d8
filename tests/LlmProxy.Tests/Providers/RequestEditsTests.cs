using System.Text;
using System.Text.Json;
using LlmProxy.Endpoints;
using LlmProxy.Providers;

namespace LlmProxy.Tests.Providers;

public sealed class RequestEditsTests
{
    [Fact]
    public void NothingAsked_LeavesEveryByte()
    {
        const string Json = "{ \"a\" : 1.0e2,\n \"b\\u0061\" : [ ] }";

        Adjusted result = Edit(Json, _ => { });

        Assert.Equal(Json, result.Text);
        Assert.Empty(result.Dropped);
    }

    [Fact]
    public void Rename_KeepsTheValuesBytes() =>
        Assert.Equal("{\"x\":1,\"random_seed\": 7.50 ,\"y\":2}", Edit("{\"x\":1,\"seed\": 7.50 ,\"y\":2}", e => e.Rename("seed"u8, "random_seed"u8)).Text);

    [Fact]
    public void Rename_EscapedName_IsFound() =>
        Assert.Equal("{\"b\":1}", Edit("{\"\\u0061\":1}", e => e.Rename("a"u8, "b"u8)).Text);

    [Fact]
    public void Rename_WhenTheNewNameIsThere_KeepsThatOne() =>
        Assert.Equal("{\"new\":2}", Edit("{\"old\":1,\"new\":2}", e => e.Rename("old"u8, "new"u8)).Text);

    [Fact]
    public void Rename_WhenTheNewNameIsNull_ReplacesIt() =>
        Assert.Equal("{\"new\":1}", Edit("{\"old\":1,\"new\":null}", e => e.Rename("old"u8, "new"u8)).Text);

    [Fact]
    public void Rename_RepeatedField_LeavesTheLastOfThem() =>
        Assert.Equal("{\"new\":2}", Edit("{\"old\":1,\"old\":2}", e => e.Rename("old"u8, "new"u8)).Text);

    [Fact]
    public void Rename_Absent_DoesNothing() => Assert.Equal("{\"x\":1}", Edit("{\"x\":1}", e => e.Rename("old"u8, "new"u8)).Text);

    [Fact]
    public void Drop_FieldWithAMeaning_IsNamedOnce()
    {
        Adjusted result = Edit("{\"user\":\"u\",\"x\":1,\"user\":\"v\"}", e =>
        {
            e.Drop("user"u8);
            e.Drop("user"u8);
            e.Drop("absent"u8);
        });

        Assert.Equal("{\"x\":1}", result.Text);
        Assert.Equal(["user"], result.Dropped);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("false")]
    [InlineData("{ }")]
    [InlineData("[\n]")]
    [InlineData("\"\"")]
    public void Drop_ValueThatAsksForNothing_IsNotWorthAWord(string value)
    {
        Adjusted result = Edit($"{{\"x\":{value}}}", e => e.Drop("x"u8));

        Assert.Equal("{}", result.Text);
        Assert.Empty(result.Dropped);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("0")]
    [InlineData("{\"a\":null}")]
    public void Drop_ValueThatAsksForSomething_IsNamed(string value) =>
        Assert.Equal(["x"], Edit($"{{\"x\":{value}}}", e => e.Drop("x"u8)).Dropped);

    [Fact]
    public void Set_PresentAndAbsentFields_HaveTheValueAfterwards()
    {
        Adjusted result = Edit("{\"a\":1}", e =>
        {
            e.Set("a"u8, "[1]"u8.ToArray());
            e.Set("b"u8, "\"new\""u8.ToArray());
            e.SetIfAbsent("a"u8, "0"u8.ToArray());
            e.SetIfAbsent("c"u8, "0"u8.ToArray());
        });

        Assert.Equal("[1]", result.Json["a"]!.ToJsonString());
        Assert.Equal("new", (string?)result.Json["b"]);
        Assert.Equal(0, (int?)result.Json["c"]);
    }

    [Fact]
    public void AddDefault_IsAdjustedLikeWhatTheClientWrote()
    {
        Adjusted result = Edit("{\"x\":1}", e =>
        {
            e.AddDefault("max_tokens"u8, "4000"u8.ToArray());
            e.Rename("max_tokens"u8, "max_completion_tokens"u8);
            e.AddDefault("user"u8, "\"u\""u8.ToArray());
            e.Drop("user"u8);
        });

        Assert.Equal("{\"max_completion_tokens\":4000,\"x\":1}", result.Text);
        Assert.Equal(["user"], result.Dropped);
    }

    [Theory]
    [InlineData("{\"max_tokens\":5}")]
    [InlineData("{\"max_completion_tokens\":5}")]
    [InlineData("{\"max_tokens\":null}")]
    public void AddDefault_WhereTheClientSpoke_AddsNothing(string json) =>
        Assert.Equal(json, Edit(json, e => e.AddDefault("max_tokens"u8, "4000"u8.ToArray())).Text);

    [Fact]
    public void AddDefault_NameWithQuotes_StaysValidJson() =>
        Assert.Equal(1, (int?)Edit("{}", e => e.AddDefault("a\"b"u8, "1"u8.ToArray())).Json["a\"b"]);

    [Fact]
    public void Reading_SeesWhatTheChangesLeft() => Edit("{\"n\":12,\"s\":\"a\\n\",\"t\":true,\"z\":null}", e =>
    {
        Assert.True(e.TryReadNumber("n"u8, out long number));
        Assert.Equal(12, number);
        Assert.True(e.TryReadString("s"u8, out string? text));
        Assert.Equal("a\n", text);
        Assert.False(e.TryReadString("n"u8, out _));
        Assert.Equal(JsonTokenType.True, e.KindOf("t"u8));
        Assert.Equal(JsonTokenType.Null, e.KindOf("z"u8));
        Assert.Equal(JsonTokenType.None, e.KindOf("absent"u8));
        Assert.False(e.Has("z"u8));
        e.Rename("n"u8, "m"u8);
        Assert.False(e.Has("n"u8));
        Assert.Equal("12", Encoding.UTF8.GetString(e.Raw("m"u8)));
        e.Remove("m"u8);
        Assert.False(e.Has("m"u8));
    });

    private static Adjusted Edit(string json, Action<RequestEdits> adjust) => Adjusted.By(json, EndpointKind.Chat, "m", adjust);
}
