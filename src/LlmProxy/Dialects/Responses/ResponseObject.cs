using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Responses;

/// <summary>
/// The Response itself: what is known of it, and an echo of what was asked. Made while the request's bytes are still there;
/// they are let go before a stream is over.
/// </summary>
internal sealed class ResponseObject
{
    private static readonly (string Name, string Unsaid)[] Echoed =
    [
        ("instructions", "null"), ("max_output_tokens", "null"), ("max_tool_calls", "null"), ("parallel_tool_calls", "true"), ("prompt_cache_key", "null"),
        ("safety_identifier", "null"), ("temperature", "1"), ("tool_choice", "\"auto\""), ("top_logprobs", "0"), ("top_p", "1"),
        ("presence_penalty", "0"), ("frequency_penalty", "0"), ("truncation", "\"disabled\""), ("user", "null"), ("metadata", "{}"),
    ];

    private ChatTurn _turn;
    private readonly long _createdAt;
    private readonly List<KeyValuePair<string, byte[]>> _settings = [];
    private readonly List<KeyValuePair<string, byte[]>> _members = [];
    private byte[]? _told;

    public ResponseObject(ChatTurn turn)
    {
        _turn = turn;
        _createdAt = turn.Exchange.Time.GetUtcNow().ToUnixTimeSeconds();
        Key = turn.Exchange.Id.Replace("-", "", StringComparison.Ordinal);
        foreach ((string name, string unsaid) in Echoed)
        {
            Echo(name, Asked(name), unsaid);
        }

        Echo("service_tier", Asked("service_tier"), "\"default\"");
        Set(_settings, "text", ResponseEcho.Text(Asked("text")));
        Set(_settings, "reasoning", ResponseEcho.Reasoning(Asked("reasoning")));
        Set(_settings, "tools", ResponseEcho.Tools(Asked("tools")));
    }

    /// <summary>What the ids of the answer and of its items have in common.</summary>
    public string Key { get; }

    /// <summary>Another LLM tells the rest.</summary>
    public void GoOn(ChatTurn next) => _turn = next;

    /// <summary>The vendor's own events have told it so far, and began with this.</summary>
    public void Follow(byte[] told) => _told = told;

    /// <summary>A member that the vendor's answer has.</summary>
    public void Add(string name, byte[] json)
    {
        if (name == "service_tier")
        {
            Set(_settings, name, json);
        }
        else
        {
            Set(_members, name, json);
        }
    }

    public void WriteTo(Utf8JsonWriter json, ChatSink sink, string status, string? whyIncomplete, IReadOnlyList<OutputItem> output, bool withMetadata)
    {
        json.WriteStartObject();
        if (_told is null)
        {
            WriteOwn(json, sink, status);
        }
        else
        {
            WriteTold(json, status);
        }

        WriteIncomplete(json, whyIncomplete);
        json.WriteStartArray("output"u8);
        foreach (OutputItem item in output)
        {
            item.WriteTo(json, isNew: false);
        }

        json.WriteEndArray();
        WriteUsage(json, status == "in_progress" ? null : sink.Usage);
        WriteAll(json, _members);
        if (withMetadata)
        {
            json.WritePropertyName("llm"u8);
            using var llm = new PooledWriter();
            AnswerMetadata.Write(llm, _turn.Exchange, _turn.Target, _turn.Facts);
            json.WriteRawValue(llm.Written, skipInputValidation: true);
        }

        json.WriteEndObject();
    }

    private void WriteTold(Utf8JsonWriter json, string status)
    {
        json.WriteString("status"u8, status);
        var members = new JsonWalk(_told);
        while (members.Next())
        {
            if (members.Name() is not ("status" or "incomplete_details" or "output" or "usage" or "llm"))
            {
                json.WritePropertyName(members.Name());
                json.WriteRawValue(members.Value.Span, skipInputValidation: true);
            }
        }
    }

    private void WriteOwn(Utf8JsonWriter json, ChatSink sink, string status)
    {
        json.WriteString("id"u8, "resp_" + Key);
        json.WriteString("object"u8, "response"u8);
        json.WriteNumber("created_at"u8, _createdAt);
        json.WriteString("status"u8, status);
        json.WriteBoolean("background"u8, false);
        json.WritePropertyName("completed_at"u8);
        if (status == "completed")
        {
            json.WriteNumberValue(_turn.Exchange.Time.GetUtcNow().ToUnixTimeSeconds());
        }
        else
        {
            json.WriteNullValue();
        }

        json.WriteNull("error"u8);
        json.WriteString("model"u8, sink.ReportedModel ?? _turn.Target.Model);
        json.WriteNull("previous_response_id"u8);
        json.WriteBoolean("store"u8, false);
        WriteAll(json, _settings);
    }

    private static void WriteIncomplete(Utf8JsonWriter json, string? why)
    {
        if (why is null)
        {
            json.WriteNull("incomplete_details"u8);
            return;
        }

        json.WriteStartObject("incomplete_details"u8);
        json.WriteString("reason"u8, why);
        json.WriteEndObject();
    }

    private static void WriteUsage(Utf8JsonWriter json, TokenUsage? usage)
    {
        if (usage is not { } used)
        {
            json.WriteNull("usage"u8);
            return;
        }

        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, used.Input);
        json.WriteStartObject("input_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, used.CachedInput);
        json.WriteNumber("cache_write_tokens"u8, used.CacheWrite);
        json.WriteEndObject();
        json.WriteNumber("output_tokens"u8, used.Output);
        json.WriteStartObject("output_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, used.Reasoning);
        json.WriteEndObject();
        json.WriteNumber("total_tokens"u8, used.Total);
        json.WriteEndObject();
    }

    private static void WriteAll(Utf8JsonWriter json, List<KeyValuePair<string, byte[]>> members)
    {
        foreach ((string name, byte[] value) in members)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value, skipInputValidation: true);
        }
    }

    private static void Set(List<KeyValuePair<string, byte[]>> members, string name, byte[] value)
    {
        int known = members.FindIndex(m => m.Key == name);
        if (known < 0)
        {
            members.Add(new(name, value));
        }
        else
        {
            members[known] = new(name, value);
        }
    }

    private void Echo(string name, ReadOnlyMemory<byte> asked, string unsaid) =>
        Set(_settings, name, asked.IsEmpty ? System.Text.Encoding.ASCII.GetBytes(unsaid) : ResponseEcho.OneLine(asked.Span));

    /// <summary>What the client wrote; empty: nothing, or null.</summary>
    private ReadOnlyMemory<byte> Asked(string name)
    {
        if (_turn.Exchange is not { Peek: { } peek, Body: { Bytes.Length: > 0 } body })
        {
            return default;
        }

        int found = peek.Members.Find(body.Span, System.Text.Encoding.UTF8.GetBytes(name));
        if (found < 0)
        {
            return default;
        }

        JsonMember member = peek.Members[found];
        return member.Kind == JsonTokenType.Null ? default : body.Bytes[member.ValueStart..member.ValueEnd];
    }
}
