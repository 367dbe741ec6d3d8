using System.Text.Json;
using LlmProxy.Routing;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>What OpenAI's schema wants to know of an answer whose vendor does not say it.</summary>
internal sealed record AnswerIdentity(string CallId, string Model, long Created)
{
    public byte[] IdJson => JsonSerializer.SerializeToUtf8Bytes("chatcmpl-" + CallId, RouteTarget.JsonOptions);

    public byte[] ModelJson => JsonSerializer.SerializeToUtf8Bytes(Model, RouteTarget.JsonOptions);

    /// <summary>Stable: the same call of the same answer has the same id however often it is made up.</summary>
    public byte[] ToolIdJson(int choice, int tool) => JsonSerializer.SerializeToUtf8Bytes($"call_{CallId.Replace("-", "", StringComparison.Ordinal)}{choice:x2}{tool:x2}", RouteTarget.JsonOptions);
}
