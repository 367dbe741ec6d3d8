using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;
using LlmProxy.Tests.Wire;

namespace LlmProxy.Tests.Providers.Ollama;

public sealed class OllamaCallTests
{
    private const string Stream = """
        {"model":"llama3.2","created_at":"2026-02-03T10:00:00Z","response":"Hel","done":false,"unknown" : [1, 2]}
        {"model":"llama3.2","created_at":"2026-02-03T10:00:01Z","response":"lo","done":false}
        {"model":"llama3.2","created_at":"2026-02-03T10:00:02Z","response":"","done":true,"done_reason":"stop","context":[1,2],"prompt_eval_count":5,"eval_count":2}

        """;

    [Fact]
    public void Request_OfAClientOfOllama_PassesButForModelAndWishes()
    {
        using VendorCall call = Turns.Open(
            "ollama", """{"model" : "asked", "prompt":"Hi\u0021", "llm":{"strict":true}, "context":[1,2],"anything":{ "x" : 1 }}""", model: "llama3.2", EndpointKind.OllamaGenerate);

        Assert.Equal("""{"model" : "llama3.2", "prompt":"Hi\u0021", "context":[1,2],"anything":{ "x" : 1 }}""", Turns.Body(call));
        Assert.Equal("api/generate", call.Path);
        Assert.False(call.IsTranslated);
    }

    [Fact]
    public void Defaults_OfTheOperator_GoWhereTheClientSaidNothing()
    {
        using VendorCall call = Turns.Open(
            "ollama", """{"model":"m","messages":[{"role":"user","content":"Hi"}],"options":{"temperature":0.1}}""", endpoint: EndpointKind.OllamaChat,
            change: llm =>
            {
                llm.Config["temperature"] = 0.9;
                llm.Config["num_ctx"] = 4096;
                llm.Config["max_tokens"] = 100;
                llm.Config["keep_alive"] = "1h";
                llm.Config["options"] = new JsonObject { ["top_k"] = 3 };
            });

        JsonNode body = JsonNode.Parse(Turns.Body(call))!;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"temperature":0.1,"num_ctx":4096,"num_predict":100,"top_k":3}"""), body["options"]), body.ToJsonString());
        Assert.Equal("1h", (string?)body["keep_alive"]);
    }

    [Fact]
    public void Stream_PassesByteForByte_AndIsMetered()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Stream);
        foreach (int[] pieces in Cuts.Of(bytes.Length))
        {
            int at = 0;
            using VendorCall call = Generate();
            Told told = Turns.Stream(call, bytes, [.. pieces.Select(piece => at += piece)]);
            Assert.Equal(Stream, told.Text);
            Assert.Equal(new TokenUsage(5, 0, 0, 2, 0), told.Usage);
            Assert.Equal("llama3.2", told.Model);
            Assert.True(told.IsComplete);
        }
    }

    [Fact]
    public void Stream_WithoutItsLastLineEnd_IsWhole()
    {
        using VendorCall call = Generate();
        Told told = Turns.Stream(call, Stream.TrimEnd());

        Assert.Equal(Stream, told.Text);
        Assert.True(told.IsComplete);
    }

    [Fact]
    public void Stream_CutInALine_SendsNoHalfLine()
    {
        using VendorCall call = Generate();
        Told told = Turns.Stream(call, Stream[..150]);

        Assert.Equal(Stream[..(Stream.IndexOf('\n', StringComparison.Ordinal) + 1)], told.Text);
        Assert.False(told.IsComplete);
    }

    [Fact]
    public void ErrorLine_InTheStream_IsAFailure()
    {
        using VendorCall call = Generate();
        Told told = Turns.Stream(call, Stream.Split('\n')[0] + "\n{\"error\":\"llama runner process no longer running\"}\n");

        Assert.Equal(ErrorCode.ProviderError, told.Failure?.Code);
        Assert.False(told.IsComplete);
    }

    [Fact]
    public void WholeAnswer_IsMetered()
    {
        using VendorCall call = Generate();
        Told told = Turns.Whole(call, Encoding.UTF8.GetBytes(Stream.Split('\n')[2]));

        Assert.Equal(new TokenUsage(5, 0, 0, 2, 0), told.Usage);
        Assert.Null(told.Failure);
    }

    [Theory]
    [InlineData("""{"error":"boom"}""", ErrorCode.ProviderError)]
    [InlineData("<html>", ErrorCode.InvalidProviderResponse)]
    [InlineData("", ErrorCode.InvalidProviderResponse)]
    public void WholeAnswer_ThatIsNone_IsAFailure(string body, object code)
    {
        using VendorCall call = Generate();
        Assert.Equal(code, Turns.Whole(call, Encoding.UTF8.GetBytes(body)).Failure?.Code);
    }

    private static VendorCall Generate() => Turns.Open("ollama", """{"model":"m","prompt":"Hi"}""", endpoint: EndpointKind.OllamaGenerate);
}
