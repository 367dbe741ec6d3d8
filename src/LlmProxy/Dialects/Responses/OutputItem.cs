using System.Text.Json;

namespace LlmProxy.Dialects.Responses;

/// <summary>One item of a Response's output.</summary>
internal abstract class OutputItem(string prefix, string answer, int index)
{
    public string Id { get; init; } = $"{prefix}_{answer}{index:00}";

    public int Index { get; } = index;

    public bool IsDone { get; set; }

    /// <summary>The answer ended before this item did.</summary>
    public bool IsCut { get; set; }

    /// <summary>The item as it is; <paramref name="isNew"/>: as it is announced, before anything is in it.</summary>
    public void WriteTo(Utf8JsonWriter json, bool isNew)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, Id);
        WriteMembers(json, isNew, isNew ? "in_progress" : IsCut ? "incomplete" : "completed");
        json.WriteEndObject();
    }

    protected abstract void WriteMembers(Utf8JsonWriter json, bool isNew, string status);
}

/// <summary>What the model thought: its text as a summary, and what its vendor wants back of it.</summary>
internal sealed class ReasoningItem(string answer, int index) : OutputItem("rs", answer, index)
{
    private readonly List<OutputText> _closed = [];

    /// <summary>The part of the summary that grows.</summary>
    public OutputText Text { get; private set; } = new();

    /// <summary>The thoughts themselves, of vendors that show them.</summary>
    public OutputText Content { get; } = new();

    /// <summary>The summary's part has been announced.</summary>
    public bool HasPart { get; set; }

    /// <summary>Its place among the summary's.</summary>
    public int PartIndex => _closed.Count;

    /// <summary>A JSON string; empty: nothing.</summary>
    public byte[] Seal { get; set; } = [];

    /// <summary>How each piece of the text begins in a stream.</summary>
    public byte[] DeltaHead { get; set; } = [];

    protected override void WriteMembers(Utf8JsonWriter json, bool isNew, string status)
    {
        json.WriteString("type"u8, "reasoning"u8);
        json.WriteStartArray("summary"u8);
        foreach (OutputText closed in _closed)
        {
            WritePart(json, closed);
        }

        if (!isNew && !Text.IsEmpty)
        {
            WritePart(json, Text);
        }

        json.WriteEndArray();
        if (!Content.IsEmpty)
        {
            json.WriteStartArray("content"u8);
            WriteText(json, "reasoning_text"u8, Content);
            json.WriteEndArray();
        }

        json.WritePropertyName("encrypted_content"u8);
        json.WriteRawValue(Seal.Length == 0 ? "null"u8 : Seal, skipInputValidation: true);
    }

    /// <summary>Another part of the summary may follow.</summary>
    public void ClosePart()
    {
        _closed.Add(Text);
        Text = new OutputText();
        HasPart = false;
    }

    /// <summary>Without a text: as it is announced.</summary>
    public static void WritePart(Utf8JsonWriter json, OutputText? text) => WriteText(json, "summary_text"u8, text);

    private static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> type, OutputText? text)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        if (text is null)
        {
            json.WriteString("text"u8, ""u8);
        }
        else
        {
            text.WriteTo(json, "text"u8);
        }

        json.WriteEndObject();
    }
}
