using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Caching;

/// <summary>Tells a sink what a text completion, or one chunk of it, says.</summary>
internal static class TextAnswer
{
    /// <summary>Throws JsonException where it says more than text.</summary>
    public static void Tell(ReadOnlyMemory<byte> json, ChatSink sink)
    {
        string? id = null;
        string? model = null;
        ReadOnlyMemory<byte> choices = default;
        var members = new JsonWalk(json);
        while (members.Next())
        {
            if (members.Is("id"u8))
            {
                id = members.Text();
            }
            else if (members.Is("model"u8))
            {
                model = members.Text();
            }
            else if (members.Is("choices"u8))
            {
                choices = members.Value;
            }
            else if (members.IsObject && members.Is("usage"u8) && UsageReader.Read(members.Value.Span) is { } usage)
            {
                sink.SetUsage(usage);
            }
            else if (members.IsString && members.Is("system_fingerprint"u8))
            {
                sink.Member("system_fingerprint", members.Value.Span);
            }
        }

        sink.Begin(id, model);
        var each = new JsonWalk(choices);
        while (each.Next())
        {
            TellChoice(each.Value, sink);
        }
    }

    private static void TellChoice(ReadOnlyMemory<byte> json, ChatSink sink)
    {
        ReadOnlyMemory<byte> text = default;
        string? finish = null;
        sink.Choice = 0;
        var members = new JsonWalk(json);
        while (members.Next())
        {
            if (members.IsString && members.Is("text"u8))
            {
                text = members.Value;
            }
            else if (members.Is("index"u8))
            {
                sink.Choice = (int)Math.Clamp(members.Number() ?? 0, 0, 127);
            }
            else if (members.Is("finish_reason"u8))
            {
                finish = members.Text();
            }
            else if (!members.IsNull && members.Is("logprobs"u8))
            {
                throw new JsonException("Log probabilities have another shape on the way.");
            }
        }

        if (text.Length > 2)
        {
            sink.Text(text.Span[1..^1]);
        }

        if (finish is { Length: > 0 })
        {
            sink.Finish(finish switch { "length" => FinishReason.Length, "content_filter" => FinishReason.ContentFilter, _ => FinishReason.Stop });
        }
    }
}
