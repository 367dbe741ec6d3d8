using LlmProxy.Providers;

namespace LlmProxy.Conversation;

/// <summary>
/// One attempt's account of the client's fields: each is taken by the vendor's translator or ends up named as dropped,
/// so that nothing is lost in silence.
/// </summary>
internal sealed class FieldUse(List<RequestField> fields)
{
    private readonly bool[] _taken = new bool[fields.Count];
    private List<string>? _dropped;

    /// <summary>The field's value as JSON text, which counts as honoured from now on; empty when it is not there or null.</summary>
    public ReadOnlyMemory<byte> Take(string name)
    {
        ReadOnlyMemory<byte> value = default;
        for (int i = 0; i < fields.Count; i++)
        {
            RequestField field = fields[i];
            if (field.Name == name)
            {
                _taken[i] = true;
                value = field.Json;
            }
        }

        return value.Span.SequenceEqual("null"u8) ? default : value;
    }

    /// <summary>The same without honouring it.</summary>
    public ReadOnlyMemory<byte> Look(string name)
    {
        foreach (RequestField field in fields)
        {
            if (field.Name == name)
            {
                return field.Json.Span.SequenceEqual("null"u8) ? default : field.Json;
            }
        }

        return default;
    }

    /// <summary>Names something that the vendor will not see, or not as it was meant: "messages[2].name", "tools[0].strict".</summary>
    public void Drop(string what)
    {
        _dropped ??= [];
        if (!_dropped.Contains(what))
        {
            _dropped.Add(what);
        }
    }

    /// <summary>Everything that was not honoured, by the client's own names; null: nothing.</summary>
    public string? Dropped()
    {
        for (int i = 0; i < fields.Count; i++)
        {
            RequestField field = fields[i];
            if (!_taken[i] && !field.IsDefault && !SaysNothing(field) && !SaysTheUsual(field))
            {
                Drop(field.ClientName);
            }
        }

        return _dropped is null ? null : string.Join(", ", _dropped);
    }

    /// <summary>Nearly everywhere false or {} is as good as not there; these two mean something by it.</summary>
    private static bool SaysNothing(in RequestField field) =>
        field.Name is not ("parallel_tool_calls" or "web_search_options") ? RequestEdits.SaysNothing(field.Json.Span) : field.Json.Span.SequenceEqual("null"u8);

    /// <summary>A value that means what happens anyway.</summary>
    private static bool SaysTheUsual(in RequestField field) => field.Name switch
    {
        "parallel_tool_calls" => field.Json.Span.SequenceEqual("true"u8),
        "n" => field.Json.Span.SequenceEqual("1"u8),
        "frequency_penalty" or "presence_penalty" or "top_logprobs" => field.Json.Span.SequenceEqual("0"u8) || field.Json.Span.SequenceEqual("0.0"u8),
        "service_tier" or "truncation" => field.Json.Span.SequenceEqual("\"auto\""u8) || field.Json.Span.SequenceEqual("\"default\""u8) || field.Json.Span.SequenceEqual("\"disabled\""u8),
        "modalities" => field.Json.Span.SequenceEqual("[\"text\"]"u8),
        "stream" or "stream_options" or "model" or "llm" => true,
        _ => false,
    };
}
