using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Bedrock;

/// <summary>What belongs to the call rather than to the conversation: its tier, and labels for the invocation log.</summary>
internal static class BedrockExtras
{
    private const int MostLabels = 16;
    private const int LongestLabel = 256;

    public static void Write(Utf8JsonWriter json, ChatTurn turn)
    {
        WriteTier(json, turn);
        if (!Pass(json, turn, "requestMetadata") && turn.Fields.Look("metadata") is { IsEmpty: false } metadata && AreLabels(metadata))
        {
            turn.Fields.Take("metadata");
            json.WritePropertyName("requestMetadata"u8);
            json.WriteRawValue(metadata.Span, skipInputValidation: true);
        }
    }

    /// <summary>False when the client did not write it.</summary>
    public static bool Pass(Utf8JsonWriter json, ChatTurn turn, string name)
    {
        ReadOnlyMemory<byte> value = turn.Fields.Take(name);
        if (value.IsEmpty)
        {
            return false;
        }

        json.WritePropertyName(name);
        json.WriteRawValue(value.Span, skipInputValidation: true);
        return true;
    }

    /// <summary>https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html</summary>
    private static void WriteTier(Utf8JsonWriter json, ChatTurn turn)
    {
        if (Pass(json, turn, "serviceTier"))
        {
            return;
        }

        ReadOnlyMemory<byte> tier = turn.Fields.Look("service_tier");
        if (tier.Span.SequenceEqual("\"default\""u8) || tier.Span.SequenceEqual("\"priority\""u8) || tier.Span.SequenceEqual("\"flex\""u8) || tier.Span.SequenceEqual("\"reserved\""u8))
        {
            turn.Fields.Take("service_tier");
            json.WriteStartObject("serviceTier"u8);
            json.WritePropertyName("type"u8);
            json.WriteRawValue(tier.Span, skipInputValidation: true);
            json.WriteEndObject();
        }
    }

    /// <summary>https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html says which names and values it takes.</summary>
    private static bool AreLabels(ReadOnlyMemory<byte> metadata)
    {
        var members = new JsonWalk(metadata);
        while (members.Next())
        {
            if (members.Index >= MostLabels || !members.IsString || !IsLabel(members.Name()) || !IsLabel(members.Text()!, mayBeEmpty: true))
            {
                return false;
            }
        }

        return members.Index >= 0;
    }

    private static bool IsLabel(string text, bool mayBeEmpty = false) =>
        text.Length <= LongestLabel && (text.Length > 0 || mayBeEmpty)
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '\t' or '\n' or '\r' or ':' or '_' or '@' or '$' or '#' or '=' or '/' or '+' or ',' or '-' or '.');
}
