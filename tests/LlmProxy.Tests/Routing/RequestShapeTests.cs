using System.Text;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

/// <summary>What a request implies is read off its bytes, in each dialect, without being fooled by what people write.</summary>
public sealed class RequestShapeTests
{
    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}""", true)]
    [InlineData("""{"input":[{"role":"user","content":[{"type":"input_image","image_url":"x"}]}]}""", true)]
    [InlineData("""{"messages":[{"content":[{"type" : "image","source":{"type":"base64","data":"x"}}]}]}""", true)]
    [InlineData("""{"messages":[{"role":"user","content":"hi","images":["aGk="]}]}""", true)]
    [InlineData("""{"prompt":"hi","images": [ "aGk=" ]}""", true)]
    [InlineData("""{"messages":[{"role":"user","content":"hi","images":[]}]}""", false)]
    [InlineData("""{"messages":[{"role":"user","content":"write {\"type\":\"image\"} and \"image_url\" and \"images\":[\"a\"]"}]}""", false)]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"tools":[{"function":{"parameters":{"properties":{"image":{"type":"string"}}}}}]}""", false)]
    public void Images_InEachDialect_AreSeen(string body, bool has) => Assert.Equal(has, RequestShape.HasImages(Encoding.UTF8.GetBytes(body)));

    [Theory]
    [InlineData("""{"messages":[{}],"tools":[{}]}""", true)]
    [InlineData("""{"messages":[{}],"functions":[ {} ]}""", true)]
    [InlineData("""{"messages":[{}],"tools":[ ]}""", false)]
    [InlineData("""{"messages":[{}],"tools":null}""", false)]
    [InlineData("""{"messages":[{"tools":[{}]}]}""", false)]
    public void Tools_GivenAtAll_AreSeen(string body, bool has) => Assert.Equal(has, Read(body, RequestShape.HasTools));

    [Theory]
    [InlineData("""{"messages":[{}],"response_format":{"type":"json_schema","json_schema":{}}}""", true)]
    [InlineData("""{"messages":[{}],"response_format":{"type":"json_object"}}""", true)]
    [InlineData("""{"messages":[{}],"response_format":{"type":"text"}}""", false)]
    [InlineData("""{"messages":[{}],"text":{"format":{"type":"json_schema"}}}""", true)]
    [InlineData("""{"messages":[{}],"format":"json"}""", true)]
    [InlineData("""{"messages":[{}],"format":{"type":"object"}}""", true)]
    [InlineData("""{"messages":[{}],"format":""}""", false)]
    [InlineData("""{"messages":[{}],"output_config":{"format":{"type":"json_schema"}}}""", true)]
    public void Json_AskedForInEachDialect_IsSeen(string body, bool wants) => Assert.Equal(wants, Read(body, RequestShape.WantsJson));

    [Theory]
    [InlineData("""{"messages":[{}],"max_tokens":50}""", 50)]
    [InlineData("""{"messages":[{}],"max_tokens":50,"max_completion_tokens":70}""", 70)]
    [InlineData("""{"messages":[{}],"max_output_tokens":9}""", 9)]
    [InlineData("""{"messages":[{}],"options":{"num_predict": 33}}""", 33)]
    [InlineData("""{"messages":[{}],"options":{"num_predict": -1}}""", 0)]
    [InlineData("""{"messages":[{}],"max_tokens":"many"}""", 0)]
    [InlineData("""{"messages":[{}]}""", 0)]
    public void Output_BoundInEachDialect_IsRead(string body, int most) =>
        Assert.Equal(most, Read(body, RequestShape.MostOutput));

    [Fact]
    public void Tokens_OfText_AreAQuarterOfItsBytes() => Assert.Equal(5000, RequestShape.PromptTokens(Encoding.UTF8.GetBytes(new string('a', 20_000))));

    [Fact]
    public void Tokens_OfEscapedLetters_AreThoseOfTheLettersThemselves()
    {
        string escaped = $$"""{"messages":[{"content":"{{string.Concat(Enumerable.Repeat(@"\u4f60", 5000))}}"}]}""";
        string plain = $$"""{"messages":[{"content":"{{new string('你', 5000)}}"}]}""";

        Assert.Equal(RequestShape.PromptTokens(Encoding.UTF8.GetBytes(plain)), RequestShape.PromptTokens(Encoding.UTF8.GetBytes(escaped)));
    }

    [Fact]
    public void Tokens_OfAPicture_AreNotThoseOfItsBytes()
    {
        string body = $$$"""{"messages":[{"content":[{"type":"text","text":"what \"is\" this"},{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{new string('A', 400_000)}}}"}}]}]}""";

        Assert.InRange(RequestShape.PromptTokens(Encoding.UTF8.GetBytes(body)), 1000, 1100);
    }

    private static T Read<T>(string body, SpanRead<T> read)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        var peek = new RequestPeek();
        Assert.Null(peek.Read(EndpointKind.Chat, bytes));
        return read(peek, bytes);
    }

    private delegate T SpanRead<out T>(RequestPeek peek, ReadOnlySpan<byte> body);
}
