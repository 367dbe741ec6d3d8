using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers.Anthropic;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Vertex;

/// <summary>Claude in Google's cloud: Anthropic's dialect at other addresses. https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai</summary>
internal static class VertexClaude
{
    public static VendorCall Open(Exchange exchange, RouteTarget target, AttemptFacts facts)
    {
        EndpointKind endpoint = exchange.Endpoint;
        LlmOptions llm = target.Deployment.Options;
        if (endpoint == EndpointKind.Messages || endpoint == EndpointKind.CountTokens)
        {
            return new AnthropicCall(exchange, target, DialectOf(llm, endpoint == EndpointKind.CountTokens));
        }

        return endpoint.TokenFront is not null
            ? CountCall.Open(exchange, target, new AnthropicTokens(DialectOf(llm, isCount: true)))
            : new TranslatedChat(exchange, target, facts, new AnthropicChat(DialectOf(llm, isCount: false)));
    }

    public static IChatVendor? GoesOn(RouteTarget target) =>
        ClaudeModel.Of(target.Model).TakesBeginning ? new AnthropicChat(DialectOf(target.Deployment.Options, isCount: false)) : null;

    private static AnthropicDialect DialectOf(LlmOptions llm, bool isCount) => new()
    {
        VersionInBody = "vertex-2023-10-16",

        // All models are counted at one address, which is told the model in the body.
        NamesModel = isCount,
        ReadsAddresses = false,
        HasSchemas = false,
        PathFor = (model, isStream, counts) => counts
            ? VertexAddress.For(llm, "publishers/anthropic/models/count-tokens", "rawPredict")
            : VertexAddress.For(llm, model, isStream ? "streamRawPredict" : "rawPredict"),
    };
}
