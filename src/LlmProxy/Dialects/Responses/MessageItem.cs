using System.Buffers;
using System.Text.Json;

namespace LlmProxy.Dialects.Responses;

/// <summary>What the model said.</summary>
internal sealed class MessageItem(string answer, int index) : OutputItem("msg", answer, index)
{
    private readonly List<KeyValuePair<string, List<byte[]>>> _extras = [];

    public List<MessagePart> Parts { get; } = [];

    /// <summary>The part that is growing; null: none.</summary>
    public MessagePart? Open { get; set; }

    /// <summary>A vendor's own addition to a message (citations in its own words), collected under its name.</summary>
    public void AddExtra(string name, byte[] json)
    {
        foreach ((string known, List<byte[]> values) in _extras)
        {
            if (known == name)
            {
                values.Add(json);
                return;
            }
        }

        _extras.Add(new(name, [json]));
    }

    protected override void WriteMembers(Utf8JsonWriter json, bool isNew, string status)
    {
        json.WriteString("type"u8, "message"u8);
        json.WriteString("status"u8, status);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteStartArray("content"u8);
        if (!isNew)
        {
            foreach (MessagePart part in Parts)
            {
                part.WriteTo(json, isNew: false);
            }
        }

        json.WriteEndArray();
        foreach ((string name, List<byte[]> values) in _extras)
        {
            json.WriteStartArray(name);
            foreach (byte[] value in values)
            {
                json.WriteRawValue(value, skipInputValidation: true);
            }

            json.WriteEndArray();
        }
    }
}

/// <summary>A text of a message, or its refusal.</summary>
internal sealed class MessagePart(int index, bool isRefusal)
{
    private readonly List<byte[]> _annotations = [];

    public int Index { get; } = index;

    public bool IsRefusal { get; } = isRefusal;

    public OutputText Text { get; } = new();

    public ArrayBufferWriter<byte> Logprobs { get; } = new();

    public byte[] DeltaHead { get; set; } = [];

    /// <summary>The annotation's place among the part's.</summary>
    public int Annotate(byte[] annotation)
    {
        _annotations.Add(annotation);
        return _annotations.Count - 1;
    }

    public void AddLogprobs(ReadOnlySpan<byte> elements)
    {
        if (Logprobs.WrittenCount > 0)
        {
            Logprobs.Write(","u8);
        }

        Logprobs.Write(elements);
    }

    public void WriteTo(Utf8JsonWriter json, bool isNew)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, IsRefusal ? "refusal"u8 : "output_text"u8);
        ReadOnlySpan<byte> name = IsRefusal ? "refusal"u8 : "text"u8;
        if (isNew)
        {
            json.WriteString(name, ""u8);
        }
        else
        {
            Text.WriteTo(json, name);
        }

        if (!IsRefusal)
        {
            json.WriteStartArray("annotations"u8);
            if (!isNew)
            {
                foreach (byte[] annotation in _annotations)
                {
                    json.WriteRawValue(annotation, skipInputValidation: true);
                }
            }

            json.WriteEndArray();
            WriteLogprobs(json, isNew ? default : Logprobs.WrittenSpan);
        }

        json.WriteEndObject();
    }

    public static void WriteLogprobs(Utf8JsonWriter json, ReadOnlySpan<byte> elements)
    {
        json.WritePropertyName("logprobs"u8);
        json.WriteRawValue((byte[])[(byte)'[', .. elements, (byte)']'], skipInputValidation: true);
    }
}
