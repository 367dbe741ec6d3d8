using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>What the gateway reads out of a whole answer that goes to its client as it came.</summary>
internal static class AnthropicFacts
{
    public static PlainAnswer Read(ReadOnlySpan<byte> body, bool isCount, RouteTarget target)
    {
        VendorLabel vendor = target.Deployment.Label;
        body = AnthropicResponse.Trimmed(body);
        try
        {
            var members = new JsonMembers();
            members.Read(body);
            if (AnthropicResponse.IsError(members, body))
            {
                return new PlainAnswer(null, null, AnthropicErrors.Inside(body, vendor));
            }

            if (members.Find(body, isCount ? "input_tokens"u8 : "content"u8) < 0)
            {
                return Invalid("an answer that is neither a message nor an error", vendor);
            }

            int model = members.Find(body, "model"u8);
            int usage = members.Find(body, "usage"u8);
            TokenUsage? used = usage >= 0 && members[usage].Kind == JsonTokenType.StartObject ? new AnthropicUsage().Read(members[usage].Value(body)) : null;
            return new PlainAnswer(used, model >= 0 ? StreamFrames.Text(members[model].Value(body)) : null, null);
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e))
        {
            return Invalid(body switch { [] => "an empty answer", [(byte)'<', ..] => "a web page instead of JSON", _ => "an answer that is not whole JSON" }, vendor);
        }
    }

    private static PlainAnswer Invalid(string what, VendorLabel vendor) => new(null, null, new VendorFailure(
        ErrorCode.InvalidProviderResponse,
        $"{vendor.Provider} sent {what} for LLM \"{vendor.Llm}\". Check its base URL, and whether that server speaks Anthropic's dialect."));
}
