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

    private static T Read<T>(string body, SpanRead<T> read)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        var peek = new RequestPeek();
        Assert.Null(peek.Read(EndpointKind.Chat, bytes));
        return read(peek, bytes);
    }

    private delegate T SpanRead<out T>(RequestPeek peek, ReadOnlySpan<byte> body);
}
