using System.Text;
using LlmProxy.Conversation;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Dialects.OpenAi;

public sealed class EmbeddingReaderTests
{
    [Theory]
    [InlineData("\"one text\"", "one text")]
    [InlineData("[\"a\",\"b\\n\"]", "a|b\n")]
    [InlineData("[9906,1917]", "Hello world")]
    [InlineData("[[9906],[1917]]", "Hello| world")]
    public void Reader_EveryFormOfInput_BecomesTexts(string input, string texts)
    {
        (EmbeddingRequest request, GatewayError? wrong) = Read($$"""{"model":"text-embedding-3-small","input":{{input}}}""");
        Assert.Null(wrong);
        Assert.Equal(texts, string.Join('|', request.Inputs.Select(i => i.Text.ToString())));
    }

    [Theory]
    [InlineData("""{"input":""}""", "input", "must not be an empty text")]
    [InlineData("""{"input":["a",""]}""", "input[1]", "must not be an empty text")]
    [InlineData("""{"input":["a",7]}""", "input[1]", "cannot be mixed")]
    [InlineData("""{"input":["a",[7]]}""", "input[1]", "cannot be mixed")]
    [InlineData("""{"input":[[7],"a"]}""", "input[1]", "cannot be mixed")]
    [InlineData("""{"input":[7,"a"]}""", "input[1]", "must be a token number")]
    [InlineData("""{"input":[7,1.5]}""", "input[1]", "must be a token number")]
    [InlineData("""{"input":[[7,-1]]}""", "input[0][1]", "is no token of cl100k_base")]
    [InlineData("""{"input":[999999]}""", "input[0]", "is no token of cl100k_base")]
    [InlineData("""{"input":[[]]}""", "input[0]", "at least one token")]
    [InlineData("""{"input":[{"text":"a"}]}""", "input[0]", "must be a string or an array")]
    [InlineData("""{"input":[]}""", "input", "not empty")]
    [InlineData("""{"input":true}""", "input", "must be a string")]
    [InlineData("""{"input":"a","dimensions":0}""", "dimensions", "above 0")]
    [InlineData("""{"input":"a","dimensions":"many"}""", "dimensions", "above 0")]
    [InlineData("""{"input":"a","encoding_format":"hex"}""", "encoding_format", "\"float\" or \"base64\"")]
    [InlineData("""{"input":"a","encoding_format":7}""", "encoding_format", "\"float\" or \"base64\"")]
    [InlineData("""{"input":"a","user":7}""", "user", "must be a string")]
    [InlineData("""{"input":"a","input_type":[]}""", "input_type", "must be a string")]
    public void Reader_WhatIsWrong_IsNamed(string json, string param, string message)
    {
        (_, GatewayError? wrong) = Read(json);
        Assert.NotNull(wrong);
        Assert.Equal(param, wrong.Param);
        Assert.Contains(message, wrong.Message, StringComparison.Ordinal);
        Assert.Equal(400, wrong.Status);
    }

    [Fact]
    public void Reader_TooManyTexts_AreRefused()
    {
        (EmbeddingRequest enough, GatewayError? none) = Read($$"""{"input":[{{string.Join(',', Enumerable.Repeat("\"a\"", 2048))}}]}""");
        (_, GatewayError? wrong) = Read($$"""{"input":[{{string.Join(',', Enumerable.Repeat("\"a\"", 2049))}}]}""");
        Assert.Null(none);
        Assert.Equal(2048, enough.Inputs.Count);
        Assert.Contains("2048", wrong!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reader_OtherFields_AreKeptByName()
    {
        (EmbeddingRequest request, _) = Read("""{"model":"m","input":"a","dimensions":64,"encoding_format":"base64","user":"u","task_type":"RETRIEVAL_QUERY","rare":1,"llm":{}}""");
        Assert.Equal(64, request.Dimensions);
        Assert.True(request.WantsBase64);
        Assert.Equal("RETRIEVAL_QUERY", request.Purpose.ToString());
        Assert.Equal(["dimensions", "encoding_format", "user", "input_type", "rare"], request.Fields.Select(f => f.Name));
    }

    private static (EmbeddingRequest Request, GatewayError? Wrong) Read(string json)
    {
        var request = new EmbeddingRequest();
        return (request, EmbeddingReader.Read(Encoding.UTF8.GetBytes(json), null, request));
    }
}
