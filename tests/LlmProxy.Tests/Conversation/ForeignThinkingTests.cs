using System.Text.Json.Nodes;
using LlmProxy.Providers;

namespace LlmProxy.Tests.Conversation;

/// <summary>A conversation that goes on at another vendor: what only the first can read stays out, by name.</summary>
public sealed class ForeignThinkingTests
{
    private const string Request = """
        {"model":"m","messages":[{"role":"user","content":"x"},
         {"role":"assistant","content":"Yes.","thinking_blocks":[{"type":"thinking","thinking":"","signature":"gemini:abc"},{"type":"thinking","thinking":"Hm.","signature":"claudes"}]},
         {"role":"user","content":"y"}]}
        """;

    [Theory]
    [InlineData("anthropic", "claude-sonnet-4-5")]
    [InlineData("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0")]
    public void GooglesSignature_AtAnthropicsModels_StaysOutByName(string provider, string model)
    {
        using VendorCall call = Turns.Open(provider, Request, model, change: llm => llm.Auth.Values["region"] = new("eu-central-1"));
        string body = Turns.Body(call);

        Assert.DoesNotContain("gemini:", body, StringComparison.Ordinal);
        Assert.Contains("claudes", body, StringComparison.Ordinal);
        Assert.Contains("thinking_blocks", call.Dropped, StringComparison.Ordinal);
    }

    [Fact]
    public void ClaudesSignature_AtGemini_StaysOut()
    {
        JsonNode body = JsonNode.Parse(Turns.Body("gemini", Request, "gemini-3-pro-preview"))!;

        Assert.DoesNotContain("claudes", body.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("\"abc\"", body.ToJsonString(), StringComparison.Ordinal);
    }
}
