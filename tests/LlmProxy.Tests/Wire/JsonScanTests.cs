using System.Text;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

public sealed class JsonScanTests
{
    [Theory]
    [InlineData("{\"usage\":null}", true)]
    [InlineData("{\"usage\":null", false)]
    [InlineData("{\"a\":1 , \"usage\" : null , \"b\":\"}\"}", true)]
    [InlineData("{\"a\":{\"usage\":null},\"b\":1}", false)]
    [InlineData("{\"a\":[{\"usage\":null}],\"b\":\"{[\\\"\"}", false)]
    [InlineData("{\"usage\":null,\"b\":{\"c\":[1,{\"d\":\"]\\\\\"}]}}  ", true)]
    public void IsTopLevel_MemberAtSomeDepth_IsTold(string json, bool expected)
    {
        byte[] bytes = Cuts.Utf8(json);
        int from = 0;
        int value = JsonScan.NextValue(bytes, "\"usage\""u8, ref from);
        Assert.True(bytes.AsSpan(value).StartsWith("null"u8));
        Assert.Equal(expected, JsonScan.IsTopLevel(bytes, value));
    }

    [Theory]
    [InlineData("{\"text\":\"\\\"usage\\\":null\"}")]
    [InlineData("{\"text\":\"usage\",\"x\":[\"usage\"]}")]
    [InlineData("{\"my_usage\":null,\"usage2\":1}")]
    [InlineData("{\"usage\"")]
    [InlineData("{\"usage\":")]
    public void NextValue_NameOnlyInText_IsNotFound(string json)
    {
        int from = 0;
        Assert.Equal(-1, JsonScan.NextValue(Cuts.Utf8(json), "\"usage\""u8, ref from));
    }

    [Theory]
    [InlineData("{\"a\":1,\"usage\":null}", "{\"a\":1}")]
    [InlineData("{\"a\":1 , \"usage\" : null }", "{\"a\":1  }")]
    [InlineData("{\"usage\":null,\"a\":1}", "{\"a\":1}")]
    [InlineData("{ \"usage\":null }", "{  }")]
    [InlineData("{\"a\":1,\"usage\":null,\"b\":2}", "{\"a\":1,\"b\":2}")]
    public void WithComma_MemberAnywhere_LeavesAnObject(string json, string expected)
    {
        byte[] bytes = Cuts.Utf8(json);
        int name = bytes.AsSpan().IndexOf("\"usage\""u8);
        int value = bytes.AsSpan().IndexOf("null"u8);
        (int start, int length) = JsonScan.WithComma(bytes, name, value + 4).GetOffsetAndLength(bytes.Length);
        string left = Encoding.UTF8.GetString([.. bytes[..start], .. bytes[(start + length)..]]);
        Assert.Equal(expected, left);
        using var _ = JsonDocument.Parse(left);
    }
}
