using System.Text;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Pipeline;

public sealed class RequestPeekTests
{
    [Fact]
    public void Peek_FieldsInAnyOrderAndEscaped_FindsThem()
    {
        var peek = new RequestPeek();

        GatewayError? error = peek.Read(EndpointKind.Chat, """
            {"messages":[{"role":"user","content":"{\"model\":\"no\",\"stream\":false}","model":"inner"}],"str\u0065am":true,
             "unknown":{"model":"deep"},"mod\u0065l":"gpt-4\u006f","stream_options":{"x":1,"include_usage":true},"user":"u1"}
            """u8);

        Assert.Null(error);
        Assert.Equal("gpt-4o", peek.Model);
        Assert.True(peek.IsStream);
        Assert.True(peek.WantsUsage);
        Assert.Equal("u1", peek.User);
    }

    [Theory]
    [InlineData("", "invalid_json", null)]
    [InlineData("{", "invalid_json", null)]
    [InlineData("[]", "invalid_json", null)]
    [InlineData("{} {}", "invalid_json", null)]
    [InlineData("{\"messages\":[{}],\"model\":1}", "invalid_value", "model")]
    [InlineData("{\"messages\":[{}],\"model\":\"  \"}", "invalid_value", "model")]
    [InlineData("{\"messages\":[{}],\"model\":\"a\",\"model\":\"b\"}", "invalid_value", "model")]
    [InlineData("{\"messages\":[{}],\"stream\":\"true\"}", "invalid_value", "stream")]
    [InlineData("{\"messages\":[{}],\"stream\":true,\"stream\":false}", "invalid_value", "stream")]
    [InlineData("{\"messages\":[{}],\"stream_options\":7}", "invalid_value", "stream_options")]
    [InlineData("{\"model\":\"a\"}", "missing_field", "messages")]
    [InlineData("{\"messages\":[]}", "invalid_value", "messages")]
    [InlineData("{\"messages\":[ \n ]}", "invalid_value", "messages")]
    [InlineData("{\"messages\":\"hello\"}", "invalid_value", "messages")]
    [InlineData("{\"messages\":[\"hello\"]}", "invalid_value", "messages[0]")]
    [InlineData("{\"messages\":[{}],\"messages\":[{}]}", "invalid_value", "messages")]
    [InlineData("{\"messages\":[{}],\"llm\":{},\"llm\":{}}", "invalid_value", "llm")]
    public void Peek_BadBody_SaysWhatIsWrong(string body, string code, string? param)
    {
        GatewayError? error = new RequestPeek().Read(EndpointKind.Chat, Encoding.UTF8.GetBytes(body));

        Assert.NotNull(error);
        Assert.Equal(code, error.Code.Wire());
        Assert.Equal(param, error.Param);
        Assert.Equal(400, error.Status);
    }

    [Fact]
    public void Peek_InvalidUtf8_IsInvalidJson()
    {
        byte[] body = [.. "{\"messages\":[{\"content\":\""u8, 0xC3, 0x28, .. "\"}]}"u8];

        Assert.Equal("invalid_json", new RequestPeek().Read(EndpointKind.Chat, body)!.Code.Wire());
    }

    [Fact]
    public void Peek_TenThousandLevelsDeep_IsRefusedWithoutHarm()
    {
        string body = "{\"messages\":[{}],\"x\":" + new string('[', 10_000) + new string(']', 10_000) + "}";

        Assert.Equal("invalid_json", new RequestPeek().Read(EndpointKind.Chat, Encoding.UTF8.GetBytes(body))!.Code.Wire());
    }

    [Fact]
    public void Peek_UnreadFieldsRepeated_IsFine()
    {
        Assert.Null(new RequestPeek().Read(EndpointKind.Chat, "{\"messages\":[{}],\"seed\":1,\"seed\":2}"u8));
    }

    [Theory]
    [InlineData("{\"input\":\"a\"}", true)]
    [InlineData("{\"input\":[1,2]}", true)]
    [InlineData("{\"input\":[]}", false)]
    [InlineData("{\"input\":7}", false)]
    [InlineData("{\"input\":null}", false)]
    [InlineData("{}", false)]
    public void Peek_Embeddings_WantsInput(string body, bool isSound)
    {
        Assert.Equal(isSound, new RequestPeek().Read(EndpointKind.Embeddings, Encoding.UTF8.GetBytes(body)) is null);
    }
}
