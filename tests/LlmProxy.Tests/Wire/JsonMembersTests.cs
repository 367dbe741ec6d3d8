using System.Text;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

public sealed class JsonMembersTests
{
    [Fact]
    public void Read_EveryKindOfValue_IsFoundWhereItStands()
    {
        byte[] json = Cuts.Utf8(" { \"a\" : \"x\\\"y\" ,\"b\":-1.5e3,\"c\":{\"a\":1}\n,\"d\":[1,[2]],\"e\":null,\"f\":true}\n");
        var members = new JsonMembers();
        members.Read(json);
        string[] values = [.. Enumerable.Range(0, members.Count).Select(i => Encoding.UTF8.GetString(members[i].Value(json)))];
        Assert.Equal(["\"x\\\"y\"", "-1.5e3", "{\"a\":1}", "[1,[2]]", "null", "true"], values);
        Assert.Equal(0, members.Find(json, "a"u8));
        Assert.Equal(-1, members.Find(json, "a"u8, from: 1));
    }

    [Theory]
    [InlineData("mod\\u0065l", true)]
    [InlineData("\\u006d\\u006f\\u0064\\u0065\\u006c", true)]
    [InlineData("model\\u0000", false)]
    [InlineData("mod\\ud800", false)]
    public void NameIs_EscapedName_IsReadAsJsonReadsIt(string rawName, bool expected)
    {
        byte[] json = Cuts.Utf8($"{{\"{rawName}\":1}}");
        var members = new JsonMembers();
        members.Read(json);
        Assert.Equal(expected, members.NameIs(json, 0, "model"u8));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"a\":1")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{} {}")]
    [InlineData("{\"a\":1}x")]
    [InlineData("{\"a\":tru}")]
    public void Read_NotExactlyOneObject_Throws(string json) =>
        Assert.ThrowsAny<JsonException>(() => new JsonMembers().Read(Cuts.Utf8(json)));

    [Fact]
    public void Read_TenThousandBracketsDeep_Throws() =>
        Assert.ThrowsAny<JsonException>(() => new JsonMembers().Read(Cuts.Utf8("{\"a\":" + new string('[', 10_000) + new string(']', 10_000) + "}")));
}
