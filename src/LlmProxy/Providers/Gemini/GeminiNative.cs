using System.Collections.Frozen;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Gemini;

/// <summary>
/// Google's own fields, which OpenAI-shaped clients send beside theirs (extra_body), in snake or camel case: at the top,
/// or in extra_body.google as Google's OpenAI address wants them. They go out as they came.
/// </summary>
internal sealed class GeminiNative
{
    private static readonly FrozenSet<string> OfRequest = FrozenSet.Create(
        StringComparer.Ordinal, "safetySettings", "cachedContent", "labels", "toolConfig", "modelArmorConfig");

    private static readonly FrozenSet<string> OfConfig = FrozenSet.Create(
        StringComparer.Ordinal, "topK", "thinkingConfig", "responseModalities", "mediaResolution", "speechConfig", "imageConfig",
        "audioTimestamp", "routingConfig", "modelSelectionConfig", "enableEnhancedCivicAnswers", "audioTranscriptionConfig", "translationConfig");

    private GeminiNative()
    {
    }

    /// <summary>By Google's names.</summary>
    public Dictionary<string, ReadOnlyMemory<byte>> Request { get; } = new(StringComparer.Ordinal);

    /// <summary>Members of generationConfig.</summary>
    public Dictionary<string, ReadOnlyMemory<byte>> Config { get; } = new(StringComparer.Ordinal);

    public static GeminiNative Of(ChatTurn turn)
    {
        var native = new GeminiNative();
        foreach (RequestField field in turn.Request.Fields)
        {
            if (field.Name is "extra_body" or "google")
            {
                native.TakeNested(turn, field);
            }
            else if (native.Keep(field.Name, field.Json))
            {
                turn.Fields.Take(field.Name);
            }
        }

        return native;
    }

    private void TakeNested(ChatTurn turn, in RequestField field)
    {
        turn.Fields.Take(field.Name);
        var members = new JsonWalk(field.Json);
        while (members.Next())
        {
            string name = members.Name();
            if (field.Name == "extra_body" && name == "google")
            {
                var inner = new JsonWalk(members.Value);
                while (inner.Next())
                {
                    KeepOrDrop(turn, "extra_body.google.", inner.Name(), inner.Value);
                }
            }
            else
            {
                KeepOrDrop(turn, field.Name + ".", name, members.Value);
            }
        }
    }

    private void KeepOrDrop(ChatTurn turn, string path, string name, ReadOnlyMemory<byte> json)
    {
        if (!Keep(name, json))
        {
            turn.Fields.Drop(path + name);
        }
    }

    private bool Keep(string name, ReadOnlyMemory<byte> json)
    {
        string camel = GeminiNames.Camel(name);
        Dictionary<string, ReadOnlyMemory<byte>>? place = OfRequest.Contains(camel) ? Request : OfConfig.Contains(camel) ? Config : null;
        if (place is null)
        {
            return false;
        }

        if (!json.Span.SequenceEqual("null"u8))
        {
            place[camel] = json;
        }

        return true;
    }
}
