using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Conversation;

public sealed class TranslatedEmbeddingTests
{
    [Fact]
    public void Embedding_MoreTextsThanOneCallTakes_AreSentInSeveralAndComeBackAsOne()
    {
        using TranslatedEmbedding call = Open("""{"input":["a","b","c"]}""", maxInputs: 2);
        Assert.Equal(2, call.Requests);
        Assert.Equal("""["a","b"]""", Turns.Body(call, 0));
        Assert.Equal("""["c"]""", Turns.Body(call, 1));

        Told told = Turns.Whole(call, "[[0.5],[1]]"u8.ToArray(), "[[2e0]]"u8.ToArray());
        using JsonDocument json = JsonDocument.Parse(told.Text);
        JsonElement data = json.RootElement.GetProperty("data");
        Assert.Equal("list", json.RootElement.GetProperty("object").GetString());
        Assert.Equal([0.5f, 1, 2], data.EnumerateArray().Select(e => e.GetProperty("embedding")[0].GetSingle()));
        Assert.Equal([0, 1, 2], data.EnumerateArray().Select(e => e.GetProperty("index").GetInt32()));
        Assert.All(data.EnumerateArray(), e => Assert.Equal("embedding", e.GetProperty("object").GetString()));
        Assert.Equal("m", json.RootElement.GetProperty("model").GetString());
        Assert.Equal(new TokenUsage(14, 0, 0, 0, 0), told.Usage);
        Assert.Equal(14, json.RootElement.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(14, json.RootElement.GetProperty("usage").GetProperty("total_tokens").GetInt32());
    }

    [Fact]
    public void Embedding_AskedForBase64_WritesLittleEndianFloats()
    {
        using TranslatedEmbedding call = Open("""{"input":"a","encoding_format":"base64"}""");
        using JsonDocument json = JsonDocument.Parse(Turns.Whole(call, "[[1,-0.25,3e-3]]"u8.ToArray()).Text);
        byte[] floats = json.RootElement.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal([1f, -0.25f, 0.003f], Enumerable.Range(0, 3).Select(i => BitConverter.ToSingle(floats, i * 4)));
    }

    [Fact]
    public void Embedding_VendorWithoutCounts_TellsEstimatesAndReportsNone()
    {
        using TranslatedEmbedding call = Open("""{"input":["Hello world","Hello"]}""", usage: null, model: "text-embedding-3-small");
        Told told = Turns.Whole(call, "[[1],[2]]"u8.ToArray());
        using JsonDocument json = JsonDocument.Parse(told.Text);
        Assert.Null(told.Usage);
        Assert.Equal(3, json.RootElement.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.True(json.RootElement.GetProperty("usage").GetProperty("estimated").GetBoolean());
    }

    [Theory]
    [InlineData("[[1]]", "1 vectors for 2 texts")]
    [InlineData("[[1],[2],[3]]", "3 vectors for 2 texts")]
    [InlineData("<html>", "not what")]
    [InlineData("[[1],[\"x\"]]", "not what")]
    public void Embedding_AnswerThatDoesNotFit_IsTheVendorsFault(string answer, string message)
    {
        using TranslatedEmbedding call = Open("""{"input":["a","b"],"encoding_format":"base64"}""");
        Told told = Turns.Whole(call, Encoding.UTF8.GetBytes(answer));
        Assert.Equal(ErrorCode.InvalidProviderResponse, told.Failure?.Code);
        Assert.Contains(message, told.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Embedding_WhatTheVendorDoesNotTake_IsNamedAndTheFormatIsHonoured()
    {
        using TranslatedEmbedding call = Open("""{"input":"a","encoding_format":"base64","dimensions":8,"user":"u"}""");
        _ = Turns.Body(call);
        Assert.Equal("user", call.Dropped);
    }

    [Fact]
    public void Embedding_OperatorsDimensions_CountWhereTheClientSaysNone()
    {
        using TranslatedEmbedding call = Open("""{"input":"a"}""", change: llm => llm.Config["dimensions"] = 32);
        Assert.Equal("""["a"]32""", Turns.Body(call));
        Assert.Null(call.Dropped);
    }

    [Fact]
    public void Embedding_InputThatIsWrong_IsTheCallersFault()
    {
        CallRefusedException refused = Assert.Throws<CallRefusedException>(() => Open("""{"input":["a",1]}"""));
        Assert.True(refused.Failure.IsFinal);
        Assert.Equal("input[1]", refused.Failure.Param);
    }

    private static TranslatedEmbedding Open(string json, int maxInputs = 100, long? usage = 7, string model = "m", Action<LlmOptions>? change = null) => new(
        Turns.Exchange(json, EndpointKind.Embeddings), Turns.Target("custom", model, change), new ArrayVendor(maxInputs, usage));

    /// <summary>Takes an array of texts and answers with an array of vectors.</summary>
    private sealed class ArrayVendor(int maxInputs, long? usage) : IEmbeddingVendor
    {
        public int MaxInputs(EmbeddingTurn turn) => maxInputs;

        public string PathFor(EmbeddingTurn turn) => "embed";

        public void Write(EmbeddingTurn turn, int first, int count, IBufferWriter<byte> body)
        {
            body.Write(Encoding.UTF8.GetBytes("[" + string.Join(',', Enumerable.Range(first, count).Select(i => Encoding.UTF8.GetString(turn.TextOf(i).Token.Span))) + "]"));
            body.Write(turn.Fields.Take("dimensions").Span);
        }

        public void Read(EmbeddingTurn turn, ReadOnlyMemory<byte> body, EmbeddingAnswer answer)
        {
            var vectors = new JsonWalk(body);
            while (vectors.Next())
            {
                answer.Vectors.Add(vectors.Value);
            }

            answer.Usage = usage is { } input ? new TokenUsage(input, 0, 0, 0, 0) : null;
        }
    }
}
