using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Tells a sink what chat chunks, or one whole completion, say. One instance per answer.</summary>
internal sealed class OpenAiChatAnswer(VendorLabel vendor)
{
    private readonly List<OpenAiChatChoice> _choices = [];
    private bool _hasModel;
    private bool _hasTier;
    private bool _hasFingerprint;

    /// <summary>Every choice that has begun has said why it ended.</summary>
    public bool IsFinished => _choices.Count > 0 && _choices.TrueForAll(choice => choice.IsFinished);

    /// <summary>Reads one object; false when it has no choices. Throws where it is no JSON object.</summary>
    public bool Read(ReadOnlySpan<byte> data, ChatSink sink)
    {
        var reader = new Utf8JsonReader(data, JsonMembers.ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("Not an object.");
        }

        bool hasChoices = false;
        ReadOnlySpan<byte> choices = default;
        string? id = null;
        string? model = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("choices"u8))
            {
                // Told last, behind what some servers write after it: id and model.
                choices = OpenAiChatChoice.Slice(ref reader, data);
                hasChoices = !choices.IsEmpty && choices[0] == '[';
            }
            else if (reader.ValueTextEquals("usage"u8))
            {
                ReadUsage(OpenAiChatChoice.Slice(ref reader, data), sink);
            }
            else if (!_hasModel && reader.ValueTextEquals("id"u8))
            {
                id = Text(ref reader);
            }
            else if (!_hasModel && reader.ValueTextEquals("model"u8))
            {
                model = Text(ref reader);
            }
            else if (reader.ValueTextEquals("error"u8) || reader.ValueTextEquals("object"u8))
            {
                if (IsError(ref reader, data))
                {
                    sink.Fail(StreamFrames.Failure(data, vendor));
                    return hasChoices;
                }
            }
            else if (reader.ValueTextEquals("x_groq"u8))
            {
                ReadGroq(OpenAiChatChoice.Slice(ref reader, data), sink);
            }
            else if (!_hasTier && reader.ValueTextEquals("service_tier"u8))
            {
                _hasTier = Member("service_tier", OpenAiChatChoice.Slice(ref reader, data), sink);
            }
            else if (!_hasFingerprint && reader.ValueTextEquals("system_fingerprint"u8))
            {
                _hasFingerprint = Member("system_fingerprint", OpenAiChatChoice.Slice(ref reader, data), sink);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (!_hasModel && (id is not null || model is not null))
        {
            _hasModel = id is not null && model is not null;
            sink.Begin(id, model);
        }

        if (hasChoices)
        {
            ReadChoices(choices, sink);
        }

        return hasChoices;
    }

    /// <summary>The answer is over: a choice that never said why it ended simply stopped.</summary>
    public void FinishAll(ChatSink sink)
    {
        if (_choices.Count == 0)
        {
            _choices.Add(new OpenAiChatChoice());
        }

        for (int i = 0; i < _choices.Count; i++)
        {
            sink.Choice = i;
            _choices[i].Finish(sink);
        }
    }

    private void ReadChoices(ReadOnlySpan<byte> array, ChatSink sink)
    {
        var reader = new Utf8JsonReader(array, JsonMembers.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int start = (int)reader.TokenStartIndex;
            bool isObject = reader.TokenType == JsonTokenType.StartObject;
            reader.Skip();
            if (!isObject)
            {
                continue;
            }

            ReadOnlySpan<byte> choice = array[start..(int)reader.BytesConsumed];
            OpenAiChatChoice.Parts parts = OpenAiChatChoice.Split(choice);
            if (parts.IsError)
            {
                sink.Fail(StreamFrames.Failure(choice, vendor)); // OpenRouter tells a failing upstream here.
                return;
            }

            if (parts.Index is < 0 or > 127)
            {
                throw new JsonException("A choice's index is out of range.");
            }

            while (_choices.Count <= parts.Index)
            {
                _choices.Add(new OpenAiChatChoice());
            }

            sink.Choice = parts.Index;
            _choices[parts.Index].Read(parts, sink);
        }
    }

    /// <summary>The last count wins, but a vendor that closes with zeros does not erase what it had said.</summary>
    private static void ReadUsage(ReadOnlySpan<byte> value, ChatSink sink)
    {
        if (value[0] == (byte)'{' && UsageReader.Read(value) is { } counted && (sink.Usage is null || counted.Total > 0))
        {
            sink.SetUsage(counted);
        }
    }

    /// <summary>Groq tells usage in a member of its own when it was not asked for.</summary>
    private static void ReadGroq(ReadOnlySpan<byte> value, ChatSink sink)
    {
        int from = 0;
        int usage = JsonScan.NextValue(value, "\"usage\""u8, ref from);
        if (usage >= 0 && value[usage] == '{' && sink.Usage is null && UsageReader.Read(value[usage..]) is TokenUsage counted)
        {
            sink.SetUsage(counted);
        }
    }

    /// <summary>"error" that is more than null, or "object": "error".</summary>
    private static bool IsError(ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        bool isName = reader.ValueTextEquals("error"u8);
        ReadOnlySpan<byte> value = OpenAiChatChoice.Slice(ref reader, data);
        return isName ? value[0] is (byte)'{' or (byte)'[' || (value[0] == '"' && value.Length > 2) : value.SequenceEqual("\"error\""u8);
    }

    private static bool Member(string name, ReadOnlySpan<byte> value, ChatSink sink)
    {
        if (value[0] != '"')
        {
            return false;
        }

        sink.Member(name, value);
        return true;
    }

    /// <summary>Azure's first chunk has empty ones.</summary>
    private static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        string? text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        reader.Skip();
        return string.IsNullOrEmpty(text) ? null : text;
    }
}
